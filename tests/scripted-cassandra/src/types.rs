use std::fmt;

use crate::wire::Put;

/// The type of a column.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the names are those of CQL")]
#[non_exhaustive]
pub enum Type {
    Ascii,
    BigInt,
    Blob,
    Boolean,
    Counter,
    Date,
    Decimal,
    Double,
    Duration,
    Float,
    Inet,
    Int,
    SmallInt,
    Text,
    Time,
    Timestamp,
    Timeuuid,
    TinyInt,
    Uuid,
    Varint,
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Set(Box<Type>),
    Tuple(Vec<Type>),
}

const NATIVE: [(Type, u16, &str); 20] = [
    (Type::Ascii, 0x01, "ascii"),
    (Type::BigInt, 0x02, "bigint"),
    (Type::Blob, 0x03, "blob"),
    (Type::Boolean, 0x04, "boolean"),
    (Type::Counter, 0x05, "counter"),
    (Type::Decimal, 0x06, "decimal"),
    (Type::Double, 0x07, "double"),
    (Type::Float, 0x08, "float"),
    (Type::Int, 0x09, "int"),
    (Type::Timestamp, 0x0B, "timestamp"),
    (Type::Uuid, 0x0C, "uuid"),
    (Type::Text, 0x0D, "text"),
    (Type::Varint, 0x0E, "varint"),
    (Type::Timeuuid, 0x0F, "timeuuid"),
    (Type::Inet, 0x10, "inet"),
    (Type::Date, 0x11, "date"),
    (Type::Time, 0x12, "time"),
    (Type::SmallInt, 0x13, "smallint"),
    (Type::TinyInt, 0x14, "tinyint"),
    (Type::Duration, 0x15, "duration"),
];

impl Type {
    /// A list of this type.
    #[must_use]
    pub fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// A set of this type.
    #[must_use]
    pub fn set(self) -> Self {
        Self::Set(Box::new(self))
    }

    /// A map from this type to another.
    #[must_use]
    pub fn map_to(self, value: Self) -> Self {
        Self::Map(Box::new(self), Box::new(value))
    }

    /// The type without parameters that has this name.
    pub(crate) fn native(name: &str) -> Option<Self> {
        let name = if name == "varchar" { "text" } else { name };
        let found = NATIVE.iter().find(|(_, _, of)| *of == name);
        found.map(|(native, _, _)| native.clone())
    }

    /// Whether its values are numbers with a sign in the first bit, so that bytes do not order them.
    pub(crate) fn is_signed(&self) -> bool {
        matches!(
            self,
            Self::BigInt | Self::Counter | Self::Int | Self::SmallInt | Self::TinyInt | Self::Timestamp
        )
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::List(of) => {
                out.put_u16(0x20);
                of.write(out);
            }
            Self::Map(key, value) => {
                out.put_u16(0x21);
                key.write(out);
                value.write(out);
            }
            Self::Set(of) => {
                out.put_u16(0x22);
                of.write(out);
            }
            Self::Tuple(parts) => {
                out.put_u16(0x31);
                out.put_u16(u16::try_from(parts.len()).unwrap_or(u16::MAX));
                for part in parts {
                    part.write(out);
                }
            }
            native => {
                let code = NATIVE.iter().find(|(of, _, _)| of == native);
                out.put_u16(code.map_or(0x03, |(_, code, _)| *code));
            }
        }
    }
}

/// The name in CQL, as in `system_schema.columns`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(of) => write!(f, "list<{of}>"),
            Self::Set(of) => write!(f, "set<{of}>"),
            Self::Map(key, value) => write!(f, "map<{key}, {value}>"),
            Self::Tuple(parts) => {
                f.write_str("frozen<tuple<")?;
                for (index, part) in parts.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{part}")?;
                }
                f.write_str(">>")
            }
            native => {
                let name = NATIVE.iter().find(|(of, _, _)| of == native);
                f.write_str(name.map_or("blob", |(_, _, name)| *name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_their_names_and_codes() {
        let nested = Type::Text.map_to(Type::Tuple(vec![Type::Int, Type::Uuid]).list());
        assert_eq!(nested.to_string(), "map<text, list<frozen<tuple<int, uuid>>>>");
        let mut out = Vec::new();
        nested.write(&mut out);
        assert_eq!(out, [0, 0x21, 0, 0x0D, 0, 0x20, 0, 0x31, 0, 2, 0, 9, 0, 0x0C]);
        assert_eq!(Type::native("varchar"), Some(Type::Text));
        assert_eq!(Type::native("list"), None);
    }
}

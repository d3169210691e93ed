//! CQL types by their names.

use scylla::cluster::metadata::{CollectionType, ColumnType, NativeType};
use scylla::frame::response::result::{ColumnSpec, TableSpec};

use crate::cql::{Kind, Tokens};
use crate::error::Error;

/// The type of a column or a marker: its name in CQL (`"int"`, `"frozen<list<text>>"`, `"map<text, uuid>"`, `"tuple<int, text>"`,
/// `"vector<float, 3>"`), or a [`ColumnType`] of the driver, as user-defined types need it.
///
/// A name that is none is an error of kind `Config` when it is used.
#[derive(Clone, Debug)]
pub struct CqlType(Result<ColumnType<'static>, String>);

impl From<&str> for CqlType {
    fn from(name: &str) -> Self {
        let mut tokens = Tokens::of(name);
        let parsed = read(&mut tokens, 0).filter(|_| tokens.next().is_none());
        Self(parsed.ok_or_else(|| name.to_owned()))
    }
}

impl From<ColumnType<'static>> for CqlType {
    fn from(typ: ColumnType<'static>) -> Self {
        Self(Ok(typ))
    }
}

impl From<NativeType> for CqlType {
    fn from(typ: NativeType) -> Self {
        Self(Ok(ColumnType::Native(typ)))
    }
}

/// Columns by name and type.
pub(super) fn specs<N: Into<String>, T: Into<CqlType>>(
    columns: impl IntoIterator<Item = (N, T)>,
) -> Result<Vec<ColumnSpec<'static>>, Error> {
    let spec = |(name, typ): (N, T)| {
        let typ = typ.into().0;
        let typ = typ.map_err(|name| Error::config("type", name, "a type of CQL, such as `list<int>`"))?;
        let table = TableSpec::owned("test".to_owned(), "test".to_owned());
        Ok(ColumnSpec::owned(name.into(), typ, table))
    };
    columns.into_iter().map(spec).collect()
}

/// Deeper than anybody nests types.
const DEPTH: u32 = 32;

fn read(tokens: &mut Tokens<'_>, depth: u32) -> Option<ColumnType<'static>> {
    if depth > DEPTH {
        return None;
    }
    let name = tokens.next()?.word()?.to_ascii_lowercase();
    if let Some(native) = native(&name) {
        return Some(ColumnType::Native(native));
    }
    let sign = |tokens: &mut Tokens<'_>, sign| (tokens.next()?.kind == Kind::Sign(sign)).then_some(());
    sign(tokens, '<')?;
    let first = read(tokens, depth + 1)?;
    let collection = |typ| ColumnType::Collection { frozen: false, typ };
    let typ = match name.as_str() {
        "list" => collection(CollectionType::List(Box::new(first))),
        "set" => collection(CollectionType::Set(Box::new(first))),
        "map" => {
            sign(tokens, ',')?;
            let value = read(tokens, depth + 1)?;
            collection(CollectionType::Map(Box::new(first), Box::new(value)))
        }
        "frozen" => freeze(first),
        "vector" => {
            sign(tokens, ',')?;
            ColumnType::Vector {
                typ: Box::new(first),
                dimensions: tokens.next()?.text.parse().ok()?,
            }
        }
        "tuple" => {
            let mut fields = vec![first];
            loop {
                match tokens.next()?.kind {
                    Kind::Sign('>') => return Some(ColumnType::Tuple(fields)),
                    Kind::Sign(',') => fields.push(read(tokens, depth + 1)?),
                    _ => return None,
                }
            }
        }
        _ => return None,
    };
    sign(tokens, '>')?;
    Some(typ)
}

fn freeze(typ: ColumnType<'static>) -> ColumnType<'static> {
    match typ {
        ColumnType::Collection { typ, .. } => ColumnType::Collection { frozen: true, typ },
        other => other,
    }
}

fn native(name: &str) -> Option<NativeType> {
    Some(match name {
        "ascii" => NativeType::Ascii,
        "bigint" => NativeType::BigInt,
        "blob" => NativeType::Blob,
        "boolean" => NativeType::Boolean,
        "counter" => NativeType::Counter,
        "date" => NativeType::Date,
        "decimal" => NativeType::Decimal,
        "double" => NativeType::Double,
        "duration" => NativeType::Duration,
        "float" => NativeType::Float,
        "inet" => NativeType::Inet,
        "int" => NativeType::Int,
        "smallint" => NativeType::SmallInt,
        "text" | "varchar" => NativeType::Text,
        "time" => NativeType::Time,
        "timestamp" => NativeType::Timestamp,
        "timeuuid" => NativeType::Timeuuid,
        "tinyint" => NativeType::TinyInt,
        "uuid" => NativeType::Uuid,
        "varint" => NativeType::Varint,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typ(name: &str) -> Option<ColumnType<'static>> {
        CqlType::from(name).0.ok()
    }

    #[test]
    fn types_are_read_from_their_names() {
        let int = || Box::new(ColumnType::Native(NativeType::Int));
        let list = |frozen| ColumnType::Collection {
            frozen,
            typ: CollectionType::List(int()),
        };
        assert_eq!(typ("INT"), Some(*int()));
        assert_eq!(typ("list<int>"), Some(list(false)));
        assert_eq!(typ(" frozen < list<int> > "), Some(list(true)));
        let tuple = ColumnType::Tuple(vec![*int(), list(false)]);
        assert_eq!(typ("tuple<int, list<int>>"), Some(tuple));
        let vector = ColumnType::Vector {
            typ: int(),
            dimensions: 3,
        };
        assert_eq!(typ("vector<int, 3>"), Some(vector));
        assert!(typ("map<text, frozen<set<uuid>>>").is_some());
        let deep = "list<".repeat(100_000);
        for wrong in [
            "",
            "integer",
            "list",
            "list<",
            "list<int",
            "list<int>>",
            "map<int>",
            "vector<int, x>",
            deep.as_str(),
        ] {
            assert_eq!(typ(wrong), None);
        }
    }
}

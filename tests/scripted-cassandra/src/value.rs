use std::net::{IpAddr, Ipv4Addr};

use uuid::Uuid;

use crate::wire::Put;

/// A value of an answer, as its bytes; of a type that the script has to know.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Value(pub Option<Vec<u8>>);

impl Value {
    /// No value.
    pub const NULL: Self = Self(None);

    /// A list or set.
    #[must_use]
    pub fn list<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        let items: Vec<Self> = items.into_iter().map(Into::into).collect();
        let mut out = Vec::new();
        out.put_count(items.len());
        for item in &items {
            out.put_bytes(item.bytes());
        }
        Self(Some(out))
    }

    /// A map.
    #[must_use]
    pub fn map<K: Into<Self>, V: Into<Self>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut out = Vec::new();
        let mut count = 0;
        for (key, value) in entries {
            out.put_bytes(key.into().bytes());
            out.put_bytes(value.into().bytes());
            count += 1;
        }
        let mut all = Vec::new();
        all.put_count(count);
        all.put(&out);
        Self(Some(all))
    }

    /// The bytes, unless it is null.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }
}

macro_rules! value_from {
    ($($from:ty => |$value:ident| $bytes:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                Self(Some($bytes.to_vec()))
            }
        })*
    };
}

value_from! {
    i8 => |value| value.to_be_bytes();
    i16 => |value| value.to_be_bytes();
    i32 => |value| value.to_be_bytes();
    i64 => |value| value.to_be_bytes();
    f32 => |value| value.to_be_bytes();
    f64 => |value| value.to_be_bytes();
    bool => |value| [u8::from(value)];
    &str => |value| value.as_bytes();
    String => |value| value.as_bytes();
    &[u8] => |value| value;
    Uuid => |value| value.as_bytes();
    Ipv4Addr => |value| value.octets();
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self(Some(value))
    }
}

impl From<IpAddr> for Value {
    fn from(value: IpAddr) -> Self {
        match value {
            IpAddr::V4(ip) => Self(Some(ip.octets().to_vec())),
            IpAddr::V6(ip) => Self(Some(ip.octets().to_vec())),
        }
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::NULL, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_carry_their_lengths() {
        assert_eq!(
            Value::list(["a", ""]).bytes().unwrap(),
            [0, 0, 0, 2, 0, 0, 0, 1, b'a', 0, 0, 0, 0]
        );
        let map = Value::map([("k", Some(7_i8)), ("n", None)]);
        let expected = [
            0, 0, 0, 2, 0, 0, 0, 1, b'k', 0, 0, 0, 1, 7, 0, 0, 0, 1, b'n', 255, 255, 255, 255,
        ];
        assert_eq!(map.bytes().unwrap(), expected);
    }
}

//! The types of values that are written with a unit or a word, and the one that is never shown.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

const UNIT: &str = "a duration with a unit, such as \"500 ms\" or \"10 s\"";

/// Text that is read by a function. What was written is told in the error.
macro_rules! by_text {
    ($name:ident($inner:ty), $expecting:expr, $read:expr) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                        let read: fn(&str) -> Option<$inner> = $read;
                        read(text)
                            .map($name)
                            .ok_or_else(|| E::custom(format_args!("{text:?} is not {}", $expecting)))
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

fn duration(text: &str) -> Option<Duration> {
    // A bare zero would have no unit either.
    let has_unit = text.chars().any(char::is_alphabetic);
    has_unit.then(|| humantime::parse_duration(text).ok()).flatten()
}

/// A name as CQL or Rust spells it: `LOCAL_QUORUM`, `local_quorum` and `LocalQuorum` are one.
fn plain(text: &str) -> String {
    let letters = text.chars().filter(|c| !matches!(c, '_' | '-'));
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

use scylla::client::Compression;
use scylla::statement::{Consistency, SerialConsistency};

use crate::classifier::ReadTimeoutRule;

by_text!(Span(Duration), UNIT, duration);
by_text!(
    Limit(Option<Duration>),
    "a duration with a unit, such as \"500 ms\" or \"10 s\", or \"off\"",
    |text| match text {
        "off" => Some(None),
        _ => duration(text).map(Some),
    }
);
by_text!(
    Level(Consistency),
    "one of ANY, ONE, TWO, THREE, QUORUM, ALL, LOCAL_QUORUM, EACH_QUORUM, LOCAL_ONE, SERIAL, LOCAL_SERIAL",
    |text| Some(match plain(text).as_str() {
        "any" => Consistency::Any,
        "one" => Consistency::One,
        "two" => Consistency::Two,
        "three" => Consistency::Three,
        "quorum" => Consistency::Quorum,
        "all" => Consistency::All,
        "localquorum" => Consistency::LocalQuorum,
        "eachquorum" => Consistency::EachQuorum,
        "localone" => Consistency::LocalOne,
        "serial" => Consistency::Serial,
        "localserial" => Consistency::LocalSerial,
        _ => return None,
    })
);
by_text!(SerialLevel(SerialConsistency), "SERIAL or LOCAL_SERIAL", |text| {
    Some(match plain(text).as_str() {
        "serial" => SerialConsistency::Serial,
        "localserial" => SerialConsistency::LocalSerial,
        _ => return None,
    })
});
by_text!(
    Codec(Option<Compression>),
    "\"lz4\", \"snappy\" or \"off\"",
    |text| match text {
        "lz4" => Some(Some(Compression::Lz4)),
        "snappy" => Some(Some(Compression::Snappy)),
        "off" => Some(None),
        _ => None,
    }
);

by_text!(
    ReadTimeouts(ReadTimeoutRule),
    "\"once\", \"original\" or \"elsewhere\"",
    |text| match text {
        "once" => Some(ReadTimeoutRule::Once),
        "original" => Some(ReadTimeoutRule::Original),
        "elsewhere" => Some(ReadTimeoutRule::Elsewhere),
        _ => None,
    }
);

/// Text that must not be seen, also when something else was written in its place.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretText)
    }
}

struct SecretText;

fn hidden<T, E: de::Error>() -> Result<T, E> {
    Err(E::custom(
        "has to be text in quotation marks (what is there is not shown)",
    ))
}

impl<'de> Visitor<'de> for SecretText {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret(text.to_owned()))
    }

    // The ways of serde to refuse would quote the value.
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Secret, E> {
        hidden()
    }
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Secret, E> {
        hidden()
    }
    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Secret, E> {
        hidden()
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Secret, E> {
        hidden()
    }
    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Secret, E> {
        hidden()
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Secret, E> {
        hidden()
    }
    fn visit_bytes<E: de::Error>(self, _: &[u8]) -> Result<Secret, E> {
        hidden()
    }
    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
        hidden()
    }
    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
        hidden()
    }
}

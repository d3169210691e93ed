//! Fields as the description of the API means them.

use serde::de::{Deserialize, Deserializer, Error, Unexpected};

/// A field that may be left out and is not null. With `serde(default)`.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A whole number, which JSON may also write as 26.0.
pub(crate) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    let number = f64::deserialize(deserializer)?;
    let range = f64::from(i32::MIN)..=f64::from(i32::MAX);
    if number.fract() == 0.0 && range.contains(&number) {
        Ok(number as i32)
    } else {
        Err(D::Error::invalid_value(
            Unexpected::Float(number),
            &"a whole number",
        ))
    }
}

/// One that may be left out and is not null. With `serde(default)`.
pub(crate) fn maybe_whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    whole(deserializer).map(Some)
}

//! Variables of the environment, read one by one.

use std::fmt;
use std::time::Duration;

/// A variable of the environment that makes no sense. It does not repeat the value, which may be a secret.
#[derive(Debug)]
pub struct BadSetting {
    pub(super) name: &'static str,
    pub(super) expected: &'static str,
}

impl fmt::Display for BadSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.name, self.expected)
    }
}

impl std::error::Error for BadSetting {}

/// Reads variables; one that is empty counts as not set.
pub(super) struct Source<F>(pub(super) F);

impl<F: Fn(&str) -> Option<String>> Source<F> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    pub(super) fn list(&self, name: &str) -> Option<Vec<String>> {
        let text = self.text(name)?;
        Some(text.split(',').map(|part| part.trim().to_owned()).collect())
    }

    /// Takes what the variable says, if it is set and within bounds.
    pub(super) fn read<T, U>(
        &self,
        to: &mut U,
        (name, expected): (&'static str, &'static str),
        make: impl FnOnce(T) -> Option<U>,
    ) -> Result<(), BadSetting>
    where
        T: std::str::FromStr,
    {
        let Some(text) = self.text(name) else {
            return Ok(());
        };
        let value = text.trim().parse().ok().and_then(make);
        *to = value.ok_or(BadSetting { name, expected })?;
        Ok(())
    }

    pub(super) fn count(&self, to: &mut usize, name: &'static str, max: usize) -> Result<(), BadSetting> {
        self.read(
            to,
            (name, "a number of at least 1, and no absurd one"),
            |number| (1..=max).contains(&number).then_some(number),
        )
    }

    pub(super) fn seconds(&self, to: &mut Duration, name: &'static str) -> Result<(), BadSetting> {
        self.read(to, (name, "seconds from 0.001 to 86,400"), |seconds: f64| {
            // A timer cannot tick more often.
            let fits = (0.001..=86_400.0).contains(&seconds);
            fits.then(|| Duration::from_secs_f64(seconds))
        })
    }
}

/// Letters, digits and `_`, with room for what is appended.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=32).contains(&text.len()) && text.bytes().all(fits) && text.as_bytes()[0].is_ascii_lowercase()
}

/// The name of a user with a keyspace: short, since the name of the keyspace is made of it.
pub(crate) fn is_tenant(text: &str) -> bool {
    text.len() <= 12 && is_name(text)
}

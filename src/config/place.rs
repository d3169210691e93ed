//! Where a mistake is.

use std::fmt;

/// What is wrong with a setting of a file or of the environment, for errors of kind `Config`. Values of secrets are not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSetting {
    pub(super) key: String,
    pub(super) place: Option<Place>,
    pub(super) problem: String,
}

/// Where a setting was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// In a file, or in text where there is no name.
    File {
        /// As it was given.
        name: Option<String>,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// In this environment variable.
    Variable(String),
}

impl BadSetting {
    /// The option, with dots between its parts: `retry.max_retries`. Empty where the text is no TOML.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where it is. None where the options are each right and do not fit together, and where a whole file cannot be read.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// What is wrong with it.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, line, column } => match name {
                Some(name) => write!(f, "{name}:{line}:{column}"),
                None => write!(f, "line {line}, column {column}"),
            },
            Self::Variable(name) => write!(f, "environment variable {name}"),
        }
    }
}

impl fmt::Display for BadSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        f.write_str(&self.problem)
    }
}

impl Place {
    pub(super) fn in_text(name: Option<&str>, text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self::File {
            name: name.map(str::to_owned),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

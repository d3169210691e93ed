//! The error of settings that make no sense.

use std::fmt;

/// A setting makes no sense. Found when a layer is built, never later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidConfig {
    option: &'static str,
    value: String,
    expected: &'static str,
}

impl InvalidConfig {
    /// Names the option, the value it was given and what would be right.
    pub fn new(option: &'static str, value: impl fmt::Debug, expected: &'static str) -> Self {
        Self {
            option,
            value: format!("{value:?}"),
            expected,
        }
    }

    /// The name of the option.
    #[must_use]
    pub const fn option(&self) -> &'static str {
        self.option
    }

    /// The value it was given, as text.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What would be right.
    #[must_use]
    pub const fn expected(&self) -> &'static str {
        self.expected
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` cannot be {}: give {}",
            self.option, self.value, self.expected
        )
    }
}

impl std::error::Error for InvalidConfig {}

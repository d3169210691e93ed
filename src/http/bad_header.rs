use std::borrow::Cow;
use std::fmt;

use ::http::HeaderName;

/// A header of the caller cannot be used. It names the header and what would be right, and never shows the value.
///
/// As a response of axum it is 400 with a JSON body, as a [`Status`](https://docs.rs/tonic/latest/tonic/struct.Status.html) of tonic
/// `INVALID_ARGUMENT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadHeader {
    header: HeaderName,
    expected: Cow<'static, str>,
}

impl BadHeader {
    pub(super) fn new(header: &HeaderName, expected: impl Into<Cow<'static, str>>) -> Self {
        Self {
            header: header.clone(),
            expected: expected.into(),
        }
    }

    /// Which header.
    #[must_use]
    pub const fn header(&self) -> &HeaderName {
        &self.header
    }

    /// What would be right.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// As JSON. Neither names of headers nor our own words hold anything that has to be escaped.
    #[cfg(feature = "axum")]
    pub(crate) fn to_json(&self) -> String {
        format!(r#"{{"error":"{self}"}}"#)
    }
}

impl fmt::Display for BadHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As people write it: X-Request-Timeout. Those of gRPC are written small.
        let name = self.header.as_str();
        let mut capital = !name.starts_with("grpc-");
        let again = capital;
        f.write_str("invalid header ")?;
        for c in name.chars() {
            write!(f, "{}", if capital { c.to_ascii_uppercase() } else { c })?;
            capital = again && c == '-';
        }
        write!(f, ": expected {}", self.expected)
    }
}

impl std::error::Error for BadHeader {}

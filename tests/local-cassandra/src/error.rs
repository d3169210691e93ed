//! The one error of this package.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;

/// What went wrong, in words that say what to do about it.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The part of the work that failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Neither a running cluster was named, nor can one be started here.
    NoWayToStart,
    /// An option that cannot be, or not together with another.
    Configuration,
    /// An address that a node needs is taken, or is not an address of this machine.
    Address,
    /// The jars could not be fetched.
    Fetch,
    /// A node ended, or was not ready in time.
    Start,
    /// The cluster is not run by this package, so its nodes cannot be controlled.
    NotControlled,
    /// A command to a node failed.
    Command,
    /// The operating system refused something.
    Io,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn with_source(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            message: message.into(),
            source: Some(source.into()),
        }
    }

    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    pub(crate) fn not_controlled(address: &str, what: &str) -> Self {
        Self::new(
            ErrorKind::NotControlled,
            format!("cannot {what} {address}: that node is not ours to control"),
        )
    }

    /// For `map_err`: an operating system error at a path.
    pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::with_source(ErrorKind::Io, path.display().to_string(), source)
    }

    /// The part of the work that failed.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

/// The error and what caused it, on one line.
#[must_use]
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

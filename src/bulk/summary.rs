use std::error::Error as StdError;
use std::fmt;

use crate::error::Error;

/// What came of many statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkSummary {
    /// How many succeeded.
    pub succeeded: u64,
    /// How many failed.
    pub failed: u64,
}

/// Statements that failed, among many.
///
/// [`summary`](Self::summary) counts all that were started. Nothing is known of what the producer had left: it was not asked for it.
#[derive(Debug)]
pub struct BulkError {
    summary: BulkSummary,
    /// At least one; by number.
    failures: Vec<(u64, Error)>,
}

impl BulkError {
    pub(super) fn new(summary: BulkSummary, mut failures: Vec<(u64, Error)>) -> Self {
        failures.sort_by_key(|(index, _)| *index);
        Self { summary, failures }
    }

    /// How many succeeded and failed.
    #[must_use]
    pub const fn summary(&self) -> BulkSummary {
        self.summary
    }

    /// The failures, each with the number of its statement, counted from 0 in the order of the producer: of them all, the first
    /// 1,000 that came. [`BulkSummary::failed`] counts the rest too.
    #[must_use]
    pub fn failures(&self) -> &[(u64, Error)] {
        &self.failures
    }
}

impl fmt::Display for BulkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BulkSummary { succeeded, failed } = self.summary;
        write!(f, "{failed} of {} statements failed", succeeded + failed)?;
        match self.failures.first() {
            Some((index, _)) => write!(f, ", the first of them number {index}"),
            None => Ok(()),
        }
    }
}

impl StdError for BulkError {
    /// That of the failure with the lowest number.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let (_, error) = self.failures.first()?;
        Some(error)
    }
}

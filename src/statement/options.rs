use std::time::Duration;

use scylla::statement::{Consistency, SerialConsistency};
use tower_cassandra_layers::request::Priority;
use uuid::Uuid;

use crate::error::Error;

/// Where the write timestamp comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Timestamp {
    /// The session stamps it when the call begins.
    #[default]
    Session,
    /// The user gave it.
    Explicit(i64),
    /// The server sets it, anew in each attempt.
    Server,
}

/// The options of one statement.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) consistency: Option<Consistency>,
    pub(crate) serial_consistency: Option<SerialConsistency>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) timestamp: Timestamp,
    pub(crate) page_size: Option<u32>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) tracing: bool,
    pub(crate) priority: Priority,
    pub(crate) label: Option<&'static str>,
    /// Until it is applied.
    pub(crate) profile: Option<&'static str>,
    pub(crate) host: Option<Uuid>,
    pub(crate) max_rows: Option<usize>,
    pub(crate) max_bytes: Option<usize>,
    /// Nobody said whether it is idempotent, and its text says it is.
    pub(crate) inferred: bool,
    /// It writes to a counter, as far as can be told.
    pub(crate) counter: bool,
    /// It continues an earlier page.
    pub(crate) continued: bool,
}

impl Options {
    /// The page size where none is given.
    pub(crate) const PAGE_SIZE: i32 = 5_000;

    /// The page size the driver takes.
    ///
    /// # Errors
    /// `Invalid` when the given one makes no sense.
    pub(crate) fn driver_page_size(&self) -> Result<i32, Error> {
        match self.page_size {
            None => Ok(Self::PAGE_SIZE),
            Some(rows) => i32::try_from(rows)
                .ok()
                .filter(|rows| *rows > 0)
                .ok_or_else(|| Error::invalid("the page size has to be from 1 to 2,147,483,647 rows")),
        }
    }

    /// Are so many rows and bytes still within what the result may have?
    ///
    /// # Errors
    /// `Invalid` when they are not.
    pub(crate) fn within_caps(&self, rows: usize, bytes: usize) -> Result<(), Error> {
        let over = |cap: Option<usize>, size: usize| cap.is_some_and(|cap| size > cap);
        if over(self.max_rows, rows) {
            return Err(Error::invalid("the result has more rows than `max_rows` allows"));
        }
        if over(self.max_bytes, bytes) {
            return Err(Error::invalid(
                "the result has more bytes than `max_bytes` allows",
            ));
        }
        Ok(())
    }
}

use std::num::NonZeroUsize;
use std::time::Duration;

use scylla::statement::{Consistency, SerialConsistency};
use tower_cassandra_layers::request::Priority;
use uuid::Uuid;

use crate::cluster::defaults;
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

/// A largest size, or none. No larger than a number: every layer is handed the options by value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cap(Option<NonZeroUsize>);

impl Cap {
    pub(crate) const fn of(largest: usize) -> Self {
        Self(NonZeroUsize::new(largest.saturating_add(1)))
    }

    fn is_below(self, size: usize) -> bool {
        self.0.is_some_and(|cap| size >= cap.get())
    }
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
    pub(crate) max_rows: Cap,
    pub(crate) max_bytes: Cap,
    /// Nobody said whether it is idempotent, and its text says it is.
    pub(crate) inferred: bool,
    /// It writes to a counter, as far as can be told.
    pub(crate) counter: bool,
    /// It continues an earlier page.
    pub(crate) continued: bool,
}

impl Options {
    /// The page size the driver takes.
    ///
    /// # Errors
    /// `Invalid` when the given one makes no sense.
    pub(crate) fn driver_page_size(&self) -> Result<i32, Error> {
        i32::try_from(self.page_size.unwrap_or(defaults::PAGE_SIZE))
            .ok()
            .filter(|rows| *rows > 0)
            .ok_or_else(|| Error::invalid("the page size has to be from 1 to 2,147,483,647 rows"))
    }

    /// Are so many rows and bytes still within what the result may have?
    ///
    /// # Errors
    /// `Invalid` when they are not.
    pub(crate) fn within_caps(&self, rows: usize, bytes: usize) -> Result<(), Error> {
        if self.max_rows.is_below(rows) {
            return Err(Error::invalid("the result has more rows than `max_rows` allows"));
        }
        if self.max_bytes.is_below(bytes) {
            return Err(Error::invalid(
                "the result has more bytes than `max_bytes` allows",
            ));
        }
        Ok(())
    }
}

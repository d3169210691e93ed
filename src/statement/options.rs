use std::num::NonZeroUsize;
use std::sync::Arc;
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

/// A largest size, or none.
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

/// What few statements have. Apart, as the options are handed through every layer by value, and kept by some.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rare {
    pub(crate) deadline: Option<Duration>,
    pub(crate) host: Option<Uuid>,
    pub(crate) max_rows: Cap,
    pub(crate) max_bytes: Cap,
    /// Who counts the calls that are made with it.
    #[cfg(any(feature = "axum", feature = "tonic"))]
    pub(crate) counter: Option<Arc<crate::counted::Counter>>,
}

/// The options of one statement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) consistency: Option<Consistency>,
    pub(crate) serial_consistency: Option<SerialConsistency>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) timestamp: Timestamp,
    pub(crate) page_size: Option<u32>,
    pub(crate) tracing: bool,
    pub(crate) priority: Priority,
    pub(crate) label: Option<&'static str>,
    /// Until it is applied.
    pub(crate) profile: Option<&'static str>,
    pub(super) rare: Option<Arc<Rare>>,
    /// Nobody said whether it is idempotent, and its text says it is.
    pub(crate) inferred: bool,
    /// It writes to a counter, as far as can be told.
    pub(crate) counter: bool,
    /// It continues an earlier page.
    pub(crate) continued: bool,
    /// How long it waited for its text to be prepared.
    pub(crate) prepare_wait: Micros,
}

/// A time of up to 71 minutes. No larger than needed: every layer is handed the options by value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Micros(u32);

impl Micros {
    pub(crate) fn of(time: Duration) -> Self {
        Self(u32::try_from(time.as_micros()).unwrap_or(u32::MAX))
    }

    pub(crate) fn get(self) -> Duration {
        Duration::from_micros(self.0.into())
    }
}

impl Options {
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.rare.as_ref()?.deadline
    }

    pub(crate) fn host(&self) -> Option<Uuid> {
        self.rare.as_ref()?.host
    }

    #[cfg(any(feature = "axum", feature = "tonic"))]
    pub(crate) fn counter(&self) -> Option<&Arc<crate::counted::Counter>> {
        self.rare.as_ref()?.counter.as_ref()
    }

    /// What a member of a batch cannot have for itself: the protocol has it once for the batch, and to leave it out would be to write something else.
    pub(crate) fn not_for_a_member(&self) -> Option<&'static str> {
        macro_rules! on_the_batch {
            ($option:literal) => {
                Some(concat!(
                    "a member of a batch has its own ",
                    $option,
                    ": set it on the batch"
                ))
            };
        }
        match self {
            Self {
                timestamp: Timestamp::Explicit(_),
                ..
            } => on_the_batch!("timestamp"),
            Self {
                consistency: Some(_), ..
            } => on_the_batch!("consistency"),
            Self {
                serial_consistency: Some(_),
                ..
            } => on_the_batch!("serial consistency"),
            Self { profile: Some(_), .. } => on_the_batch!("profile"),
            _ if self.deadline().is_some() => on_the_batch!("deadline"),
            _ if self.host().is_some() => on_the_batch!("host"),
            _ => None,
        }
    }

    /// What few have, to be changed.
    pub(crate) fn rare(&mut self) -> &mut Rare {
        Arc::make_mut(self.rare.get_or_insert_default())
    }

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
        let Some(rare) = &self.rare else {
            return Ok(());
        };
        if rare.max_rows.is_below(rows) {
            return Err(Error::invalid("the result has more rows than `max_rows` allows"));
        }
        if rare.max_bytes.is_below(bytes) {
            return Err(Error::invalid(
                "the result has more bytes than `max_bytes` allows",
            ));
        }
        Ok(())
    }
}

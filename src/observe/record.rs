use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tower_cassandra_layers::Applied;
use uuid::Uuid;

use crate::cql::Fingerprint;
use crate::error::ErrorKind;
use crate::timings::Timings;

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QueryOutcome {
    /// With a result.
    #[default]
    Success,
    /// With an error.
    Failure(ErrorKind),
    /// Its caller stopped waiting.
    Cancelled,
}

/// One request that has ended: what [`Collector`](super::Collector)s are told. A page is a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QueryRecord {
    /// The statement without its values.
    pub fingerprint: Fingerprint,
    /// Its class, as metrics call it: `simple`, `prepared`, `batch`, `page` or `prepare`.
    pub kind: &'static str,
    /// What it does, as OpenTelemetry calls it: `SELECT`, `INSERT`, …
    pub operation: &'static str,
    /// The label its user gave it.
    pub label: Option<&'static str>,
    /// From the call to its end. The time that it waited for a PREPARE before the call is only in `timings`.
    pub duration: Duration,
    /// How it ended.
    pub outcome: QueryOutcome,
    /// Was it applied, as far as the client can know? Of a request that was cancelled nobody knows.
    pub applied: Applied,
    /// How many attempts were made. Of a request that was cancelled nobody knows, and it is 0.
    pub attempts: u32,
    /// Where the time went, with the nodes of the attempts. Of a request that was cancelled only the wait for a PREPARE is known.
    pub timings: Timings,
    /// The node that answered, or the last one that did not, where one was chosen.
    pub host: Option<Uuid>,
    /// How many values were bound, of all members of a batch.
    pub parameters: usize,
    /// How many rows came back.
    pub rows: usize,
    /// Their size in bytes, as the server sent them.
    pub bytes: usize,
    /// How many pages: 1, or 0 where none came.
    pub pages: usize,
    /// When it ended, by the clock on the wall.
    pub at: SystemTime,
    pub(super) ended: Instant,
}

impl QueryRecord {
    /// A record of a request that succeeded now, for tests of collectors. All else is as of a statement that is sent as text and gives nothing.
    #[must_use]
    pub fn new(fingerprint: Fingerprint, duration: Duration) -> Self {
        Self {
            fingerprint,
            kind: "simple",
            operation: "OTHER",
            label: None,
            duration,
            outcome: QueryOutcome::Success,
            applied: Applied::Yes,
            attempts: 1,
            timings: Timings::default(),
            host: None,
            parameters: 0,
            rows: 0,
            bytes: 0,
            pages: 0,
            at: SystemTime::now(),
            ended: Instant::now(),
        }
    }

    /// Makes it one that failed, for tests.
    #[must_use]
    pub fn failed(mut self, kind: ErrorKind) -> Self {
        self.outcome = QueryOutcome::Failure(kind);
        self
    }

    /// Makes it one that ended so long ago, for tests. No further back than the machine has been running.
    #[must_use]
    pub fn aged(mut self, age: Duration) -> Self {
        self.at = self.at.checked_sub(age).unwrap_or(self.at);
        self.ended = self.ended.checked_sub(age).unwrap_or(self.ended);
        self
    }

    /// Did it succeed?
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.outcome == QueryOutcome::Success
    }

    /// How it failed, if it did.
    #[must_use]
    pub fn error_kind(&self) -> Option<ErrorKind> {
        match self.outcome {
            QueryOutcome::Failure(kind) => Some(kind),
            QueryOutcome::Success | QueryOutcome::Cancelled => None,
        }
    }

    /// How long it waited in the queues of limits.
    #[must_use]
    pub const fn queue_wait(&self) -> Duration {
        self.timings.queue_wait()
    }
}

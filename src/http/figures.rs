use std::time::Duration;

use crate::counted::Counter;

/// What one request of a caller asked of the database. [`RequestLayer`](super::RequestLayer) leaves it as an extension of the response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryFigures {
    /// How many calls were begun: every statement and every further page of one. Attempts and PREPARE are not counted apart.
    pub queries: u64,
    /// The time of the calls that have ended, added up: of calls at the same time each counts, so it may be longer than the request took.
    pub time: Duration,
}

impl QueryFigures {
    pub(super) fn of(counter: &Counter) -> Self {
        Self {
            queries: counter.calls(),
            time: counter.time(),
        }
    }

    /// As the value of a `Server-Timing` header.
    pub(super) fn server_timing(&self) -> String {
        let millis = self.time.as_secs_f64() * 1e3;
        let noun = if self.queries == 1 { "query" } else { "queries" };
        format!(r#"db;dur={millis:.1};desc="{} {noun}""#, self.queries)
    }
}

//! The options of a batch: those of a statement, for the batch as a whole.

use std::time::Duration;

use scylla::statement::{Consistency, SerialConsistency};
use tokio::time::Instant;
use tower_cassandra_layers::request::Priority;
use uuid::Uuid;

use super::Batch;
use crate::statement::Statement;

impl Batch {
    fn set(mut self, set: impl FnOnce(Statement) -> Statement) -> Self {
        self.options = set(self.options);
        self
    }

    /// Sets the consistency of the batch. Default: that of the session.
    #[must_use]
    pub fn consistency(self, consistency: Consistency) -> Self {
        self.set(|it| it.consistency(consistency))
    }

    /// Sets the consistency of the conditional part. Default: that of the session.
    #[must_use]
    pub fn serial_consistency(self, consistency: SerialConsistency) -> Self {
        self.set(|it| it.serial_consistency(consistency))
    }

    /// Says whether the whole batch may be applied twice without harm. Default: nobody knows, so it is not repeated once it may have been applied.
    #[must_use]
    pub fn idempotent(self, idempotent: bool) -> Self {
        self.set(|it| it.idempotent(idempotent))
    }

    /// Sets the write timestamp of all members in microseconds since 1970, see [`Statement::timestamp`]. Default: stamped by the session.
    #[must_use]
    pub fn timestamp(self, micros: i64) -> Self {
        self.set(|it| it.timestamp(micros))
    }

    /// Leaves the write timestamp to the server, see [`Statement::server_timestamp`].
    #[must_use]
    pub fn server_timestamp(self) -> Self {
        self.set(Statement::server_timestamp)
    }

    /// Sets the limit of the call; `None` turns it off. Default: that of the session.
    #[must_use]
    pub fn timeout(self, limit: impl Into<Option<Duration>>) -> Self {
        self.set(|it| it.timeout(limit))
    }

    /// Sets the limit of one attempt; `None` turns it off. Default: that of the session.
    #[must_use]
    pub fn attempt_timeout(self, limit: impl Into<Option<Duration>>) -> Self {
        self.set(|it| it.attempt_timeout(limit))
    }

    /// Bounds the whole operation from the moment it is executed. A batch is one call, so it is like [`timeout`](Self::timeout), but its passing
    /// is told apart ([`Limit::Deadline`](crate::Limit::Deadline)). Default: none.
    #[must_use]
    pub fn deadline(self, limit: Duration) -> Self {
        self.set(|it| it.deadline(limit))
    }

    /// As [`deadline`](Self::deadline), by a moment. The earlier of the two counts.
    #[must_use]
    pub fn deadline_at(self, at: Instant) -> Self {
        self.set(|it| it.deadline_at(at))
    }

    /// Runs it by a named profile of the session, see [`Statement::profile`]. Default: none.
    #[must_use]
    pub fn profile(self, name: &'static str) -> Self {
        self.set(|it| it.profile(name))
    }

    /// Leaves a value for layers of one's own, see [`Statement::extension`].
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.set(|it| it.extension(value))
    }

    /// Asks the server to trace it. Default: off.
    #[must_use]
    pub fn tracing(self, on: bool) -> Self {
        self.set(|it| it.tracing(on))
    }

    /// Sends it to this node and to no other, see [`Statement::on_host`]. Default: a replica of the first member.
    #[must_use]
    pub fn on_host(self, host: Uuid) -> Self {
        self.set(|it| it.on_host(host))
    }

    /// Sets where it stands in the queues of the limits. Default: `Normal`.
    #[must_use]
    pub fn priority(self, priority: Priority) -> Self {
        self.set(|it| it.priority(priority))
    }

    /// Gives it a label, see [`Statement::label`]. Default: none.
    #[must_use]
    pub fn label(self, label: &'static str) -> Self {
        self.set(|it| it.label(label))
    }
}

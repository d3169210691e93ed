//! The options of a statement. Every setter gives a new value.

use std::time::Duration;

use scylla::response::PagingState;
use scylla::statement::{Consistency, SerialConsistency};
use tokio::time::Instant;
use tower_cassandra_layers::request::{Deadline, Priority};
use uuid::Uuid;

use super::{Cap, Statement, Timestamp};

impl Statement {
    /// Sets the consistency of this statement.
    #[must_use]
    pub const fn consistency(mut self, consistency: Consistency) -> Self {
        self.options.consistency = Some(consistency);
        self
    }

    /// Sets the consistency of the conditional part.
    #[must_use]
    pub const fn serial_consistency(mut self, consistency: SerialConsistency) -> Self {
        self.options.serial_consistency = Some(consistency);
        self
    }

    /// Says whether it may be applied twice without harm. The mark wins over what is known of the statement, except that conditional
    /// writes and counters are never repeated once they may have been applied.
    ///
    /// A statement that writes a whole list (not a frozen one) is not harmless: a repeated attempt has the timestamp of the first, and a server
    /// replaces only what is older, so the list has its elements twice. Mark it only together with [`server_timestamp`](Self::server_timestamp).
    #[must_use]
    pub const fn idempotent(mut self, idempotent: bool) -> Self {
        self.options.idempotent = Some(idempotent);
        self
    }

    /// Sets the write timestamp in microseconds since 1970. A `USING TIMESTAMP` in the text wins over it.
    #[must_use]
    pub const fn timestamp(mut self, micros: i64) -> Self {
        self.options.timestamp = Timestamp::Explicit(micros);
        self
    }

    /// Leaves the write timestamp to the server. A repeated attempt may then overwrite a newer value of another client.
    #[must_use]
    pub const fn server_timestamp(mut self) -> Self {
        self.options.timestamp = Timestamp::Server;
        self
    }

    /// Sets the rows per page. 0 and numbers above `i32::MAX` are refused with kind `Invalid` when it is executed.
    #[must_use]
    pub const fn page_size(mut self, rows: u32) -> Self {
        self.options.page_size = Some(rows);
        self
    }

    /// Sets the limit of one call (one page, all its attempts, queueing and back-off); `None` turns it off.
    #[must_use]
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.context.set_call_limit(limit.into().into());
        self
    }

    /// Sets the limit of one attempt; `None` turns it off.
    #[must_use]
    pub fn attempt_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.context.set_attempt_limit(limit.into().into());
        self
    }

    /// Bounds the whole operation, all its pages, from the moment it is executed.
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.options.rare().deadline = Some(limit);
        self
    }

    /// Bounds the whole operation by a moment, for deadlines that come from outside. The earlier one wins.
    #[must_use]
    pub fn deadline_at(mut self, at: Instant) -> Self {
        self.context.shorten(Deadline::at(at));
        self
    }

    /// Asks the server to trace it; see [`Response::tracing_id`](crate::Response::tracing_id).
    #[must_use]
    pub const fn tracing(mut self, on: bool) -> Self {
        self.options.tracing = on;
        self
    }

    /// Sends it to this node and to no other. When the node cannot be reached the error is `NoHost`.
    #[must_use]
    pub fn on_host(mut self, host: Uuid) -> Self {
        self.options.rare().host = Some(host);
        self
    }

    /// More rows than this are an error of kind `Invalid` and not a larger result.
    #[must_use]
    pub fn max_rows(mut self, rows: usize) -> Self {
        self.options.rare().max_rows = Cap::of(rows);
        self
    }

    /// More bytes of rows than this are an error of kind `Invalid` and not a larger result.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.options.rare().max_bytes = Cap::of(bytes);
        self
    }

    /// Continues a result from a state that an earlier page gave.
    #[must_use]
    pub fn paging_state(mut self, state: PagingState) -> Self {
        self.paging = Some(state);
        self
    }

    /// Leaves a value on it for layers of your own, in place of one of the same type: a tenant, a trace, a tag. It comes with every attempt and
    /// every page; layers read it by [`Context::extension`](crate::layers::Context::extension).
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.context.set_extension(value);
        self
    }

    /// The value of this type that was left on it.
    #[must_use]
    pub fn get_extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.context.extension()
    }

    /// Sets where it stands in the queues of the limits. Default: `Normal`.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.options.priority = priority;
        self
    }

    /// Takes what it does not set itself from the [`Profile`](crate::Profile) of this name. A name that the session does not know is
    /// an error of kind `Config` when it is executed, and nothing is sent.
    #[must_use]
    pub const fn profile(mut self, name: &'static str) -> Self {
        self.options.profile = Some(name);
        self
    }

    /// Gives it a label, such as the name of a job. A concurrency limit can bound what one label takes
    /// ([`ConcurrencyLimit::share`](crate::ConcurrencyLimit::share)); metrics, collectors and the slow log tell labels apart. Default: none.
    #[must_use]
    pub const fn label(mut self, label: &'static str) -> Self {
        self.options.label = Some(label);
        self
    }
}

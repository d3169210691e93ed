//! The span of a request and its fields.

use std::fmt;

use scylla::statement::Consistency;
use tower_cassandra_layers::Request;
use tower_cassandra_layers::request::Idempotency;
use tower_cassandra_layers::trace::SpanSlot;
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::{Span, debug_span, info_span};

use super::TARGET;
use crate::cluster::{ClusterDirectory, defaults};
use crate::cql::Fingerprint;
use crate::error::Error;
use crate::response::Response;
use crate::statement::Statement;

/// What the session knows beside the statement.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Session {
    pub(crate) consistency: Option<Consistency>,
    pub(crate) with_text: bool,
}

/// The span of a request that begins here.
#[inline]
pub(crate) fn request(
    statement: &Statement,
    session: Session,
    keyspace: impl FnOnce() -> Option<std::sync::Arc<str>>,
) -> SpanSlot {
    SpanSlot::new(LevelFilter::INFO, || made(statement, session, keyspace()))
}

fn made(statement: &Statement, session: Session, keyspace: Option<std::sync::Arc<str>>) -> Span {
    let operation = statement.operation();
    let (namespace, collection) = statement.place(keyspace.as_deref());
    let table = statement.table().filter(|_| collection.is_some());
    let summary = Summary { operation, table };
    let level = statement.options.consistency.or(session.consistency);
    let text = session.with_text.then(|| statement.fingerprint());
    // All at once: a subscriber that panics while more is recorded would have the span closed while it unwinds.
    info_span!(
        target: TARGET,
        "request",
        otel.name = %summary,
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "cassandra",
        db.operation.name = operation,
        db.operation.batch.size = statement.batch_size(),
        db.namespace = namespace,
        db.collection.name = collection,
        db.query.summary = %summary,
        db.query.text = text.as_ref().map(Fingerprint::text),
        db.response.status_code = Empty,
        db.response.returned_rows = Empty,
        cassandra.consistency.level = level.map(level_name),
        cassandra.page.size = statement.options.page_size.unwrap_or(defaults::PAGE_SIZE),
        cassandra.query.idempotent = statement.idempotency() == Idempotency::Yes,
        cassandra.speculative_execution.count = Empty,
        cassandra.coordinator.id = Empty,
        cassandra.coordinator.dc = Empty,
        server.address = Empty,
        server.port = Empty,
        "error.type" = Empty,
        attempts = Empty,
        queue_wait_ms = Empty,
        back_off_ms = Empty,
    )
}

/// The span of one page of a request.
pub(crate) fn page(request: &SpanSlot, number: u64) -> SpanSlot {
    let make = |request: &Span| {
        SpanSlot::new(LevelFilter::DEBUG, || {
            debug_span!(
                target: TARGET,
                parent: request,
                "page",
                otel.kind = "internal",
                otel.status_code = Empty,
                db.system.name = "cassandra",
                page = number,
                db.response.returned_rows = Empty,
                "error.type" = Empty,
            )
        })
    };
    // Where nobody wants pages apart, attempts belong to the request.
    let made = request.with(make).filter(SpanSlot::is_on);
    made.unwrap_or_else(|| request.clone())
}

/// What came of a request.
#[cold]
pub(crate) fn end(span: &SpanSlot, result: Result<&Response, &Error>, directory: Option<&ClusterDirectory>) {
    span.with(|span| {
        let (timings, attempts, node) = match result {
            Ok(response) => {
                span.record("db.response.returned_rows", response.len());
                span.record("cassandra.speculative_execution.count", response.hedges());
                // Those beside slow ones are counted above.
                (response.timings(), response.attempts(), response.coordinator())
            }
            Err(error) => {
                failed(span, error);
                let timings = error.timings();
                (timings, timings.attempt_count(), error.node())
            }
        };
        span.record("attempts", attempts);
        span.record("queue_wait_ms", timings.queue_wait().as_secs_f64() * 1_000.0);
        span.record("back_off_ms", timings.back_off().as_secs_f64() * 1_000.0);
        let Some(node) = node else { return };
        span.record("cassandra.coordinator.id", tracing::field::display(node));
        if let Some(node) = directory.and_then(|directory| directory.node(node)) {
            span.record("cassandra.coordinator.dc", node.datacenter.as_deref());
            span.record("server.address", tracing::field::display(node.address.ip()));
            span.record("server.port", node.address.port());
        }
    });
}

/// The span of a request until its end is told. Dropped before, nobody waits for the request any more, and its span says so.
pub(crate) struct Open(SpanSlot);

impl Open {
    pub(crate) const fn new(span: SpanSlot) -> Self {
        Self(span)
    }

    pub(crate) const fn span(&self) -> &SpanSlot {
        &self.0
    }

    /// What came of it.
    #[inline]
    pub(crate) fn end(mut self, result: Result<&Response, &Error>, directory: Option<&ClusterDirectory>) {
        if self.0.is_on() {
            end(&std::mem::take(&mut self.0), result, directory);
        }
    }
}

impl Drop for Open {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_on() {
            cancelled(&self.0);
        }
    }
}

/// Nobody waits for it any more. Of what became of it nothing is known.
#[cold]
fn cancelled(span: &SpanSlot) {
    span.with(|span| {
        span.record("error.type", "cancelled");
    });
}

/// What went wrong.
pub(super) fn failed(span: &Span, error: &Error) {
    span.record("error.type", error.label());
    span.record("otel.status_code", "ERROR");
    if let Some(code) = error.code() {
        span.record(
            "db.response.status_code",
            tracing::field::display(format_args!("{code:#06x}")),
        );
    }
}

/// A short name of few different ones: what it does, and to what.
struct Summary<'a> {
    operation: &'a str,
    table: Option<(Option<&'a str>, &'a str)>,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        match self.table {
            Some((Some(keyspace), table)) => write!(f, " {keyspace}.{table}"),
            Some((None, table)) => write!(f, " {table}"),
            None => Ok(()),
        }
    }
}

/// The names of OpenTelemetry.
const fn level_name(level: Consistency) -> &'static str {
    match level {
        Consistency::Any => "any",
        Consistency::One => "one",
        Consistency::Two => "two",
        Consistency::Three => "three",
        Consistency::Quorum => "quorum",
        Consistency::All => "all",
        Consistency::LocalQuorum => "local_quorum",
        Consistency::EachQuorum => "each_quorum",
        Consistency::LocalOne => "local_one",
        Consistency::Serial => "serial",
        Consistency::LocalSerial => "local_serial",
    }
}

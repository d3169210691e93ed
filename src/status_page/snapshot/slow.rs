use serde::Serialize;
use tower_cassandra_layers::Applied;

use super::{millis, short, since_epoch};
use crate::error::ErrorKind;
use crate::observe::{QueryOutcome, QueryRecord, SlowRequests};

/// The longest text of a statement, in characters.
const STATEMENT: usize = 400;

/// What the slow log remembers.
#[derive(Debug, Serialize)]
pub(super) struct Slow {
    threshold_ms: f64,
    seen: u64,
    last: Vec<Request>,
}

/// One of them: its fingerprint, never a value.
#[derive(Debug, Serialize)]
struct Request {
    time_ms: u64,
    duration_ms: f64,
    outcome: &'static str,
    error: Option<&'static str>,
    applied: &'static str,
    kind: &'static str,
    label: Option<&'static str>,
    fingerprint: String,
    statement: String,
    node: Option<String>,
    attempts: u32,
    prepare_wait_ms: f64,
    queue_wait_ms: f64,
    back_off_ms: f64,
    attempts_ms: f64,
    rows: usize,
}

impl From<SlowRequests> for Slow {
    fn from(slow: SlowRequests) -> Self {
        Self {
            threshold_ms: millis(slow.threshold),
            seen: slow.seen,
            last: slow.last.iter().map(Request::of).collect(),
        }
    }
}

impl Request {
    fn of(record: &QueryRecord) -> Self {
        let timings = &record.timings;
        Self {
            time_ms: since_epoch(record.at),
            duration_ms: millis(record.duration),
            outcome: match record.outcome {
                QueryOutcome::Success => "success",
                QueryOutcome::Failure(_) => "failure",
                QueryOutcome::Cancelled => "cancelled",
            },
            error: record.error_kind().map(ErrorKind::label),
            applied: match record.applied {
                Applied::No => "no",
                Applied::Maybe => "maybe",
                Applied::Yes => "yes",
            },
            kind: record.kind,
            label: record.label,
            fingerprint: record.fingerprint.to_string(),
            statement: short(record.fingerprint.text(), STATEMENT),
            node: record.host.map(|id| id.to_string()),
            attempts: record.attempts,
            prepare_wait_ms: millis(timings.prepare_wait()),
            queue_wait_ms: millis(timings.queue_wait()),
            back_off_ms: millis(timings.back_off()),
            attempts_ms: millis(timings.in_attempts()),
            rows: record.rows,
        }
    }
}

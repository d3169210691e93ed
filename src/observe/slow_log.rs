use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tower_cassandra_layers::trace::emit;

use super::{QueryOutcome, QueryRecord};
use crate::error::Error;
use crate::timings::Timings;

/// What is logged of slow and failed requests, and how often. Off by default; [`ClusterBuilder::slow_log`](crate::ClusterBuilder::slow_log) turns it on.
///
/// Each is one event of `tracing` at `WARN`, with the target `tower_cassandra::slow_log` and these fields:
///
/// | field | |
/// |---|---|
/// | `reason` | `slow` or `failed` |
/// | `fingerprint`, `statement` | the statement without its values: hash and text |
/// | `kind`, `label` | its class, and the label its user gave it |
/// | `duration_ms` | from the call to its end |
/// | `prepare_wait_ms`, `queue_wait_ms`, `back_off_ms`, `attempts_ms` | where the time went, all attempts together; of one that was cancelled only the first is known |
/// | `attempts`, `nodes` | how many, and each of the last four with its node, time and error; not of one that was cancelled |
/// | `error`, `applied` | of one that failed |
/// | `cancelled` | did its caller stop waiting? Then it is logged as `slow` if it had taken as long |
/// | `rows`, `bytes` | of one that succeeded |
/// | `suppressed` | how many were not logged since the event before, because of `sample` and `per_second` |
///
/// There are neither values nor literals in it.
///
/// | option | default |
/// |---|---|
/// | threshold | 1 s |
/// | failures | logged |
/// | sample | 1: all that qualify |
/// | per second | at most 10 |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowLog {
    threshold: Duration,
    failures: bool,
    sample: f64,
    per_second: u32,
}

impl Default for SlowLog {
    fn default() -> Self {
        Self {
            threshold: Self::THRESHOLD,
            failures: true,
            sample: 1.0,
            per_second: Self::PER_SECOND,
        }
    }
}

impl SlowLog {
    /// The default threshold: 1 s. A tenth of the default time limit of a call, and far more than a healthy cluster takes.
    pub const THRESHOLD: Duration = Duration::from_secs(1);
    /// The default bound: 10 events a second. A log that floods is read by nobody, and costs most when there is least to spare.
    pub const PER_SECOND: u32 = 10;
    /// So many of the events are remembered for [`Session::slow_requests`](crate::Session::slow_requests): the last 50.
    pub const KEPT: usize = 50;

    /// Logs requests that take as long as this, or longer, and those that fail.
    #[must_use]
    pub fn above(threshold: Duration) -> Self {
        Self {
            threshold,
            ..Self::default()
        }
    }

    /// Logs requests that fail, however fast. Default: on.
    #[must_use]
    pub const fn failures(mut self, on: bool) -> Self {
        self.failures = on;
        self
    }

    /// The part of those that qualify that is logged, above 0 and at most 1, evenly spread. Default: 1.
    #[must_use]
    pub const fn sample(mut self, part: f64) -> Self {
        self.sample = part;
        self
    }

    /// The most events in a second. Default: 10. At least 1.
    #[must_use]
    pub const fn per_second(mut self, events: u32) -> Self {
        self.per_second = events;
        self
    }

    fn check(&self) -> Result<(), Error> {
        if !(self.sample > 0.0 && self.sample <= 1.0) {
            return Err(Error::config(
                "slow_log.sample",
                self.sample,
                "a part above 0 and at most 1",
            ));
        }
        if self.per_second == 0 {
            return Err(Error::config(
                "slow_log.per_second",
                self.per_second,
                "at least one event a second; to turn it off, leave it out",
            ));
        }
        Ok(())
    }
}

/// What a [`SlowLog`] has logged, with what it has not: see [`SlowLog::sample`] and [`SlowLog::per_second`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SlowRequests {
    /// What took as long as this is slow.
    pub threshold: Duration,
    /// How many requests were slow or failed since the log was made.
    pub seen: u64,
    /// The last ones of those that were logged, the newest first; at most [`SlowLog::KEPT`].
    pub last: Vec<QueryRecord>,
}

/// The log of one layer, with what it has written.
#[derive(Debug)]
pub(super) struct Log {
    options: SlowLog,
    began: Instant,
    qualified: AtomicU64,
    suppressed: AtomicU64,
    /// The second in the upper half, the events in it in the lower one.
    second: AtomicU64,
    /// The last ones that were logged, the oldest first.
    last: Mutex<VecDeque<QueryRecord>>,
}

impl Log {
    pub(super) fn new(options: SlowLog) -> Result<Self, Error> {
        options.check()?;
        Ok(Self {
            options,
            began: Instant::now(),
            qualified: AtomicU64::new(0),
            suppressed: AtomicU64::new(0),
            second: AtomicU64::new(0),
            last: Mutex::default(),
        })
    }

    pub(super) fn requests(&self) -> SlowRequests {
        SlowRequests {
            threshold: self.options.threshold,
            seen: self.qualified.load(Relaxed),
            last: self.last().iter().rev().cloned().collect(),
        }
    }

    fn last(&self) -> MutexGuard<'_, VecDeque<QueryRecord>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, record: &QueryRecord) {
        let mut last = self.last();
        // What it makes place for is dropped without the lock.
        let _oldest = (last.len() >= SlowLog::KEPT).then(|| last.pop_front());
        last.push_back(record.clone());
        drop(last);
    }

    pub(super) fn see(&self, record: &QueryRecord) {
        let is_slow = record.duration >= self.options.threshold;
        let has_failed = self.options.failures && record.error_kind().is_some();
        if !is_slow && !has_failed {
            return;
        }
        if !(self.is_sampled() && self.has_room(record.ended)) {
            self.suppressed.fetch_add(1, Relaxed);
            return;
        }
        self.remember(record);
        let suppressed = self.suppressed.swap(0, Relaxed);
        let reason = if record.error_kind().is_some() {
            "failed"
        } else {
            "slow"
        };
        emit(|| write(record, reason, suppressed));
    }

    /// Every so-many-th, without a rhythm of its own: the fractional parts of multiples of the golden ratio.
    fn is_sampled(&self) -> bool {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let n = self.qualified.fetch_add(1, Relaxed);
        let place = (n.wrapping_mul(GOLDEN) >> 11) as f64 / (1_u64 << 53) as f64;
        place < self.options.sample
    }

    fn has_room(&self, now: Instant) -> bool {
        let second = now.saturating_duration_since(self.began).as_secs() & 0xffff_ffff;
        let counted = self.second.fetch_update(Relaxed, Relaxed, |state| {
            let (current, count) = (state >> 32, state & 0xffff_ffff);
            if current != second {
                return Some(second << 32 | 1);
            }
            (count < u64::from(self.options.per_second)).then_some(state + 1)
        });
        counted.is_ok()
    }
}

fn write(record: &QueryRecord, reason: &'static str, suppressed: u64) {
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    let timings = &record.timings;
    let is_cancelled = record.outcome == QueryOutcome::Cancelled;
    // Figures that nobody knows are left out: a zero would be wrong.
    let ended = (!is_cancelled).then_some(timings);
    let rows = record.is_success().then_some((record.rows, record.bytes));
    tracing::warn!(
        target: "tower_cassandra::slow_log",
        reason,
        fingerprint = %record.fingerprint,
        statement = record.fingerprint.text(),
        kind = record.kind,
        label = record.label,
        duration_ms = ms(record.duration),
        prepare_wait_ms = ms(timings.prepare_wait()),
        queue_wait_ms = ended.map(|timings| ms(timings.queue_wait())),
        back_off_ms = ended.map(|timings| ms(timings.back_off())),
        attempts_ms = ended.map(|timings| ms(timings.in_attempts())),
        attempts = ended.map(|_| record.attempts),
        nodes = ended.map(|timings| tracing::field::display(nodes(timings))),
        error = record.error_kind().map(crate::error::ErrorKind::label),
        applied = record.error_kind().map(|_| tracing::field::debug(record.applied)),
        cancelled = is_cancelled,
        rows = rows.map(|(rows, _)| rows),
        bytes = rows.map(|(_, bytes)| bytes),
        suppressed,
        "a request was {reason}"
    );
}

/// The attempts in a few words.
fn nodes(timings: &Timings) -> String {
    let attempts = timings.attempts().iter();
    attempts.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

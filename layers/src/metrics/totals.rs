use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a [`Metrics`](super::Metrics) has counted so far, to be read without a recorder.
///
/// Sums over all sessions that share the `Metrics`, since it was made. While it is switched off nothing is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Requests that ended with a result.
    pub succeeded: u64,
    /// Requests that ended with an error, those refused by a limit included.
    pub failed: u64,
    /// Requests dropped before there was a result.
    pub cancelled: u64,
    /// Repetitions.
    pub retried: u64,
    /// Requests that a limit refused; nothing was sent.
    pub rejected: u64,
}

/// The same, being counted: one relaxed addition where a request ends.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) succeeded: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) rejected: AtomicU64,
}

impl Tally {
    pub(super) fn read(&self) -> Totals {
        Totals {
            succeeded: self.succeeded.load(Relaxed),
            failed: self.failed.load(Relaxed),
            cancelled: self.cancelled.load(Relaxed),
            retried: self.retried.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
        }
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

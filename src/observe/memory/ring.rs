use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::super::{QueryOutcome, QueryRecord};

/// The last requests.
pub(super) struct Ring {
    entries: VecDeque<Entry>,
    capacity: usize,
    /// Some that were recent made place for others.
    overflowed: bool,
}

#[derive(Clone, Copy)]
struct Entry {
    ended: Instant,
    duration: Duration,
    is_success: bool,
    is_cancelled: bool,
}

/// What the requests of a window were like.
#[derive(Default)]
pub(super) struct Recent {
    pub(super) count: usize,
    pub(super) succeeded: usize,
    /// Those that ended with a result, or an error.
    pub(super) ended: usize,
    pub(super) sum: Duration,
    pub(super) min: Duration,
    pub(super) max: Duration,
    /// The time that they cover.
    pub(super) covered: Duration,
}

impl Ring {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            capacity,
            overflowed: false,
        }
    }

    pub(super) fn push(&mut self, record: &QueryRecord) {
        if self.entries.len() >= self.capacity {
            self.entries.pop_front();
            self.overflowed = true;
        }
        self.entries.push_back(Entry {
            ended: record.ended,
            duration: record.duration,
            is_success: record.is_success(),
            is_cancelled: record.outcome == QueryOutcome::Cancelled,
        });
    }

    /// Those of the window that ends now, for a collector that has been there since `began`.
    pub(super) fn recent(&self, now: Instant, began: Instant, window: Duration) -> Recent {
        let mut recent = Recent {
            min: Duration::MAX,
            ..Recent::default()
        };
        let mut oldest = now;
        let mut reaches_back = !self.overflowed;
        for entry in &self.entries {
            if now.saturating_duration_since(entry.ended) > window {
                reaches_back = true;
                continue;
            }
            oldest = oldest.min(entry.ended);
            recent.count += 1;
            recent.succeeded += usize::from(entry.is_success);
            recent.ended += usize::from(!entry.is_cancelled);
            recent.sum += entry.duration;
            recent.min = recent.min.min(entry.duration);
            recent.max = recent.max.max(entry.duration);
        }
        if recent.count == 0 {
            recent.min = Duration::ZERO;
        }
        // Where the ring was too small for the window, only the time since its oldest entry is covered.
        let since = if reaches_back { began } else { oldest };
        recent.covered = now.saturating_duration_since(since).min(window);
        recent
    }
}

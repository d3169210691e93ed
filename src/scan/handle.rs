use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::stream::{Shared, StreamHandle};

/// A scan seen from elsewhere: how far it is, and how to cancel it. Cheap to clone; it keeps nothing of the scan alive.
#[derive(Clone, Debug)]
pub struct ScanHandle {
    stream: StreamHandle,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Tokens whose ranges are not done. The whole ring has `u64::MAX`.
    left: AtomicU64,
    ranges: AtomicU64,
    done: AtomicU64,
    retries: AtomicU64,
}

impl ScanHandle {
    pub(super) fn new(left: u64, ranges: usize) -> Self {
        let counts = Counts {
            left: left.into(),
            ranges: (ranges as u64).into(),
            ..Counts::default()
        };
        Self {
            stream: StreamHandle {
                shared: Arc::default(),
            },
            counts: Arc::new(counts),
        }
    }

    pub(super) const fn shared(&self) -> &Arc<Shared> {
        &self.stream.shared
    }

    pub(super) fn range_done(&self, width: u64) {
        let left = self.counts.left.load(Relaxed);
        self.counts.left.store(left.saturating_sub(width), Relaxed);
        self.counts.done.fetch_add(1, Relaxed);
    }

    pub(super) fn retried(&self) {
        self.counts.retries.fetch_add(1, Relaxed);
    }

    /// Which part of the ring is done, from 0 to 1, what was done before it was resumed included. It grows with each range that is finished.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        1.0 - self.counts.left.load(Relaxed) as f64 / u64::MAX as f64
    }

    /// How many ranges this scan has to read.
    #[must_use]
    pub fn ranges(&self) -> u64 {
        self.counts.ranges.load(Relaxed)
    }

    /// How many of them are done.
    #[must_use]
    pub fn ranges_done(&self) -> u64 {
        self.counts.done.load(Relaxed)
    }

    /// How often a page was asked for again after the retries of the session had ended.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.counts.retries.load(Relaxed)
    }

    /// How many rows were given out, since it was resumed.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.stream.rows()
    }

    /// How many pages were taken up.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.stream.pages()
    }

    /// The size of the rows of those pages in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.stream.bytes()
    }

    /// Ends the scan at once, from any task or thread: the next item is the end. `TableScan::state` then says where to go on.
    pub fn cancel(&self) {
        self.stream.cancel();
    }

    /// Was it cancelled?
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.stream.is_cancelled()
    }
}

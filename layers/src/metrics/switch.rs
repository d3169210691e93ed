use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::panic::contain;

/// On or off, and what became of the recorder's own failures. Shared by all handles of one `Metrics`.
#[derive(Debug)]
pub(super) struct Switch {
    on: AtomicBool,
    failures: AtomicU64,
}

impl Switch {
    pub(super) const fn new(on: bool) -> Self {
        Self {
            on: AtomicBool::new(on),
            failures: AtomicU64::new(0),
        }
    }

    // Relaxed throughout: nothing else is published by these two.

    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Records something now, unless switched off.
    #[inline]
    pub(super) fn record(&self, work: impl FnOnce()) {
        if self.is_on() {
            self.always(work);
        }
    }

    /// Does something with the recorder, which is foreign code: its panic must reach neither the request that is measured
    /// nor, from a destructor, a thread that is unwinding already.
    #[inline]
    pub(super) fn always<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        match contain(work) {
            Ok(done) => Some(done),
            Err(_) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }
}

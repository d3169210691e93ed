//! Ejection by the results of real requests.

use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed,
};

use super::table::Shared;

/// Healthy → (failures in a row) → ejected → (time) → on probation, where one real request decides.
#[derive(Debug, Default)]
pub(crate) struct Passive {
    failures: AtomicU32,
    ejections: AtomicU32,
    /// The end of the ejection in nanoseconds of the table's clock; 0 when not ejected.
    until: AtomicU64,
    on_probation: AtomicBool,
}

/// May a node be chosen, as far as its past results say?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Good,
    /// Ejected, but its time is over: one request may find out.
    Probation,
    Ejected,
}

impl Passive {
    pub(crate) fn standing(&self, now: u64) -> Standing {
        match self.until.load(Relaxed) {
            0 => Standing::Good,
            until if now < until || self.on_probation.load(Relaxed) => Standing::Ejected,
            _ => Standing::Probation,
        }
    }

    /// Claims the one request of a probation. False when another one has it.
    pub(crate) fn enter_probation(&self) -> bool {
        self.on_probation
            .compare_exchange(false, true, AcqRel, Acquire)
            .is_ok()
    }

    /// The request of the probation ended without a result.
    pub(crate) fn leave_probation(&self) {
        self.on_probation.store(false, Relaxed);
    }

    pub(crate) fn succeeded(&self, shared: &Shared) {
        // The usual case writes nothing.
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
        }
        if self.until.load(Relaxed) != 0 && self.until.swap(0, AcqRel) != 0 {
            self.ejections.store(0, Relaxed);
            self.on_probation.store(false, Relaxed);
            shared.readmitted();
        }
    }

    pub(crate) fn failed(&self, now: u64, shared: &Shared) {
        let failures = self.failures.fetch_add(1, Relaxed).saturating_add(1);
        let until = self.until.load(Relaxed);
        if until != 0 {
            // Late failures of requests that were under way when the node was ejected change nothing.
            if now >= until {
                self.until
                    .store(now.saturating_add(self.sentence(shared)), Relaxed);
                self.on_probation.store(false, Relaxed);
            }
            return;
        }
        if failures >= shared.settings.consecutive_failures && shared.may_eject() {
            let until = now.saturating_add(self.sentence(shared)).max(1);
            if self.until.compare_exchange(0, until, AcqRel, Acquire).is_err() {
                shared.readmitted();
            }
        }
    }

    /// How long this ejection lasts: longer each time, with jitter so that nodes do not come back together.
    fn sentence(&self, shared: &Shared) -> u64 {
        let times = self.ejections.fetch_add(1, Relaxed).min(30);
        let base = shared.settings.ejection_base.as_nanos() as u64;
        let cap = shared.settings.ejection_cap.as_nanos() as u64;
        let full = base.saturating_mul(1 << times).min(cap);
        full * 4 / 5 + shared.random.below(full * 2 / 5)
    }
}

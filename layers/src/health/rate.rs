//! The share of failures among a node's recent answers.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// All of them.
const ALL: u32 = 1 << 20;
/// One answer weighs this part of the whole.
const WEIGHT: u32 = 32;

/// A moving average in which one answer weighs 1/32, in millionths or so of all. Two threads may overwrite each other's answer; an
/// average does not mind.
#[derive(Debug, Default)]
pub(super) struct FailureRate(AtomicU32);

impl FailureRate {
    /// Writes nothing as long as there were no failures. True when the last trace of them has gone by this.
    #[inline]
    pub(super) fn succeeded(&self) -> bool {
        let rate = self.0.load(Relaxed);
        rate != 0 && self.forget(rate)
    }

    #[cold]
    fn forget(&self, rate: u32) -> bool {
        let rest = rate - (rate / WEIGHT).max(1);
        self.0.store(rest, Relaxed);
        rest == 0
    }

    /// Is the share above so many percent now? Never above 100.
    pub(super) fn failed(&self, percent: u32) -> bool {
        let rate = self.0.load(Relaxed);
        let next = rate + (ALL - rate.min(ALL)) / WEIGHT;
        self.0.store(next, Relaxed);
        u64::from(next) * 100 > u64::from(percent) * u64::from(ALL)
    }

    /// The node is given another chance. If it was this share that told against it, a quarter of all stays on record: it has to prove
    /// itself.
    pub(super) fn forgive(&self, has_to_prove: bool) {
        self.0.store(if has_to_prove { ALL / 4 } else { 0 }, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_the_share_and_forgets_it() {
        let rate = FailureRate::default();
        let mut beyond = 0;
        for i in 0..10_000 {
            // Six of ten.
            if i % 10 < 6 {
                beyond += usize::from(rate.failed(50));
            } else {
                rate.succeeded();
            }
        }
        assert!(beyond > 5_000, "{beyond}");
        rate.forgive(true);
        let successes = (1..).find(|_| rate.succeeded());
        assert!(
            successes.is_some_and(|n| (300..500).contains(&n)),
            "{successes:?}"
        );
        assert!(!rate.succeeded(), "nothing is left to forget");
    }

    #[test]
    fn a_hundred_percent_is_never_passed() {
        let rate = FailureRate::default();
        assert!((0..100_000).all(|_| !rate.failed(100)));
        assert!(rate.failed(99));
    }
}

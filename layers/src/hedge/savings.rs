//! What the calls have earned: a share of a second attempt each.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// One second attempt.
const WHOLE: u64 = 1_000_000;

/// Begins empty, so that nothing is hedged before there was traffic.
#[derive(Debug)]
pub(super) struct Savings {
    saved: AtomicU64,
    share: u64,
    most: u64,
}

impl Savings {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the share was checked: it is at most 1"
    )]
    pub(super) fn new(share: f64, burst: u32) -> Self {
        Self {
            saved: AtomicU64::new(0),
            share: ((share * WHOLE as f64).ceil() as u64).min(WHOLE),
            most: u64::from(burst) * WHOLE,
        }
    }

    /// A call came.
    #[inline]
    pub(super) fn earn(&self) {
        // Two threads may pass the bound together, by a share each.
        if self.saved.load(Relaxed) < self.most {
            self.saved.fetch_add(self.share, Relaxed);
        }
    }

    /// How many second attempts are saved.
    pub(super) fn saved(&self) -> u64 {
        self.saved.load(Relaxed) / WHOLE
    }

    /// How many are saved at most.
    pub(super) const fn most(&self) -> u64 {
        self.most / WHOLE
    }

    /// Is there enough for one?
    #[inline]
    pub(super) fn has_one(&self) -> bool {
        self.saved.load(Relaxed) >= WHOLE
    }

    /// Takes one, if there is enough.
    pub(super) fn take(&self) -> bool {
        self.saved
            .fetch_update(Relaxed, Relaxed, |saved| saved.checked_sub(WHOLE))
            .is_ok()
    }

    /// Gives one back that was not sent.
    pub(super) fn give_back(&self) {
        self.saved.fetch_add(WHOLE, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_calls_earn_one_and_no_more_than_the_burst_is_saved() {
        let savings = Savings::new(0.01, 3);
        assert!(!savings.take());
        (0..99).for_each(|_| savings.earn());
        assert!(!savings.has_one());
        savings.earn();
        assert!(savings.has_one() && savings.take() && !savings.take());
        (0..10_000).for_each(|_| savings.earn());
        assert_eq!((0..10).filter(|_| savings.take()).count(), 3);
        savings.give_back();
        assert!(savings.take());
    }
}

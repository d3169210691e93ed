//! How fast a node answers, as the choice sees it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// A node without a mean that says something.
pub(super) const UNSETTLED: u64 = u64::MAX;

/// In nanoseconds.
const MILLISECOND: u64 = 1_000_000;
/// A mean says something from this many answers on.
const SETTLED: u32 = 50;
/// Failures alone make a node no slower than that: 60 s.
const SLOWEST: u64 = 60_000 * MILLISECOND;

/// A moving average of latencies, made longer by failures: a node that refuses at once has nothing in flight, and would get all requests.
#[derive(Debug)]
pub(super) struct Speed {
    /// When it last answered with success.
    succeeded: AtomicU64,
    /// When it last answered, with what is counted here.
    rated: AtomicU64,
    mean: AtomicU64,
    /// What recent failures add to the mean.
    penalty: AtomicU64,
    /// The two together, once there are `SETTLED` answers.
    settled: AtomicU64,
    answers: AtomicU32,
}

impl Default for Speed {
    fn default() -> Self {
        Self {
            succeeded: AtomicU64::new(0),
            rated: AtomicU64::new(0),
            mean: AtomicU64::new(0),
            penalty: AtomicU64::new(0),
            settled: AtomicU64::new(UNSETTLED),
            answers: AtomicU32::new(0),
        }
    }
}

// Two threads may overwrite each other's answer; a moving average does not mind.
impl Speed {
    /// The mean latency of the answers that were no failures, in nanoseconds; none before the first.
    pub(super) fn mean(&self) -> Option<u64> {
        (self.last_success() > 0).then(|| self.mean.load(Relaxed))
    }

    /// When it last answered with success, as the number of a moment; 0 when it never has.
    pub(super) fn last_success(&self) -> u64 {
        self.succeeded.load(Relaxed)
    }

    /// What the choice goes by, in nanoseconds, or [`UNSETTLED`] if there was nothing since that moment or too little at all.
    #[inline]
    pub(super) fn settled(&self, since: u64) -> u64 {
        if self.rated.load(Relaxed) < since {
            return UNSETTLED;
        }
        self.settled.load(Relaxed)
    }

    /// It answered with success after so many nanoseconds.
    #[inline]
    pub(super) fn succeeded(&self, nanos: u64, now: u64) {
        let mean = self.mean.load(Relaxed);
        let before = self.succeeded.load(Relaxed);
        // Thousandths. A node that is avoided has few answers to get well by.
        let weight = (now.saturating_sub(before) / MILLISECOND).clamp(50, 1_000);
        let next = if before == 0 {
            nanos
        } else if nanos < mean {
            mean - (mean - nanos).saturating_mul(weight) / 1_000
        } else {
            // A pause shows in a few samples that are all of its length. They are no measure of how fast the node is, and the stall
            // gate has dealt with it; so one sample makes the mean no more than an eighth and 50 µs longer.
            mean + ((nanos - mean) / 20).min(mean / 8 + MILLISECOND / 20)
        };
        self.succeeded.store(now, Relaxed);
        self.mean.store(next, Relaxed);
        self.rate(next, self.forgiven(weight), now);
    }

    /// What is left of the penalty after a success of that weight.
    #[inline]
    fn forgiven(&self, weight: u64) -> u64 {
        let penalty = self.penalty.load(Relaxed);
        if penalty == 0 {
            return 0;
        }
        let rest = penalty - penalty.saturating_mul(weight).div_ceil(1_000).min(penalty);
        self.penalty.store(rest, Relaxed);
        rest
    }

    /// It answered with a failure, however fast: counts as an answer that took longer than any.
    pub(super) fn failed(&self, now: u64) {
        let mean = self.mean.load(Relaxed);
        let penalty = self.penalty.load(Relaxed);
        let step = mean.saturating_add(penalty) / 8 + MILLISECOND / 20;
        let penalty = penalty.saturating_add(step).min(SLOWEST);
        self.penalty.store(penalty, Relaxed);
        self.rate(mean, penalty, now);
    }

    /// It has proved itself: what it failed before does not make it slow any more.
    #[cold]
    pub(super) fn forgive(&self) {
        self.penalty.store(0, Relaxed);
        if self.settled.load(Relaxed) != UNSETTLED {
            self.settled.store(self.mean.load(Relaxed), Relaxed);
        }
    }

    #[inline]
    fn rate(&self, mean: u64, penalty: u64, now: u64) {
        let answers = self.answers.load(Relaxed);
        self.rated.store(now, Relaxed);
        if answers >= SETTLED - 1 {
            self.settled.store(mean.saturating_add(penalty), Relaxed);
        }
        self.answers.store(answers.saturating_add(1), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000 * MILLISECOND;

    #[test]
    fn failures_make_it_slow_and_a_success_after_a_while_makes_up_for_them() {
        let speed = Speed::default();
        for now in 1..=100 {
            speed.succeeded(MILLISECOND, now);
        }
        assert_eq!(speed.settled(0), MILLISECOND);
        for _ in 0..20 {
            speed.failed(200);
        }
        // Three times the best and a millisecond is an outlier.
        assert!(speed.settled(0) > 4 * MILLISECOND, "{}", speed.settled(0));
        assert_eq!(
            speed.mean(),
            Some(MILLISECOND),
            "how fast it answers is another matter"
        );
        speed.succeeded(MILLISECOND, 200 + 2 * SECOND);
        assert_eq!(speed.settled(0), MILLISECOND);
    }

    #[test]
    fn a_node_that_only_fails_is_known_for_it_and_its_penalty_has_an_end() {
        let speed = Speed::default();
        for now in 1..=10_000 {
            speed.failed(now);
        }
        assert_eq!((speed.settled(0), speed.mean()), (SLOWEST, None));
        speed.succeeded(MILLISECOND, 20_000);
        assert_eq!(speed.mean(), Some(MILLISECOND), "the first answer is the mean");
    }

    #[test]
    fn one_failure_in_a_hundred_is_no_matter() {
        let speed = Speed::default();
        let mut worst = 0;
        for now in 1..100_000 {
            match now % 100 {
                0 => speed.failed(now),
                _ => speed.succeeded(MILLISECOND, now),
            }
            if now > 1_000 {
                worst = worst.max(speed.settled(0));
            }
        }
        assert!(worst < 2 * MILLISECOND, "{worst}");
    }
}

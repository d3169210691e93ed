//! The delay of one class, learned from its first attempts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::settings::Hedge;
use crate::balance::Latencies;
use crate::clock::nanos;

/// A quantile that cannot run away: a sample counts for no more than 1.5 times the delay, and the delay grows by no more than a quarter at
/// a time.
#[derive(Debug)]
pub(super) struct Delay {
    latencies: Latencies,
    floor: u64,
    fixed: bool,
    /// In nanoseconds; `u64::MAX` as long as too little is known.
    now: AtomicU64,
}

const UNKNOWN: u64 = u64::MAX;

impl Delay {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the quantile was checked: it is below 1"
    )]
    pub(super) fn new(settings: &Hedge) -> Self {
        Self {
            latencies: Latencies::of((settings.quantile * 1e6) as u64),
            floor: nanos(settings.floor),
            fixed: settings.fixed.is_some(),
            now: AtomicU64::new(settings.fixed.map_or(UNKNOWN, nanos)),
        }
    }

    /// In nanoseconds; none as long as too little is known.
    #[inline]
    pub(super) fn nanos(&self) -> Option<u64> {
        let now = self.now.load(Relaxed);
        (now != UNKNOWN).then_some(now)
    }

    /// A first attempt took so long, or was not waited for any longer. The new delay where it was computed anew.
    #[inline]
    pub(super) fn learn(&self, took: u64) -> Option<u64> {
        if self.fixed {
            return None;
        }
        let now = self.now.load(Relaxed);
        let censored = if now == UNKNOWN {
            took
        } else {
            took.min(now.saturating_add(now / 2))
        };
        if self.latencies.record(censored) {
            self.refresh(now)
        } else {
            None
        }
    }

    #[cold]
    fn refresh(&self, now: u64) -> Option<u64> {
        if now == UNKNOWN && !self.latencies.has_seen(Hedge::SAMPLES) {
            return None;
        }
        let quantile = self.latencies.quantile();
        let most = if now == UNKNOWN {
            UNKNOWN - 1
        } else {
            now.saturating_add(now / 4)
        };
        let next = quantile.min(most).max(self.floor);
        self.now.store(next, Relaxed);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: u64 = 1_000_000;

    fn learned(samples: impl Iterator<Item = u64>) -> Delay {
        let delay = Delay::new(&Hedge::default());
        for sample in samples {
            let _ = delay.learn(sample);
        }
        delay
    }

    #[test]
    fn nothing_is_known_before_a_thousand_samples() {
        assert_eq!(learned((0..960).map(|_| 5 * MILLISECOND)).nanos(), None);
        let delay = learned((0..1_024).map(|_| 5 * MILLISECOND)).nanos().unwrap();
        assert!((5..=7).contains(&(delay / MILLISECOND)), "{delay}");
    }

    #[test]
    fn it_is_never_below_the_floor() {
        let delay = learned((0..2_000).map(|_| 1));
        assert_eq!(delay.nanos(), Some(2 * MILLISECOND));
    }

    #[test]
    fn what_hangs_does_not_teach_it_to_wait() {
        // One of two hundred hangs for ten seconds: less than the quantile leaves out.
        let samples = (0..100_000_u64).map(|i| match i % 200 {
            0 => 10_000 * MILLISECOND,
            _ => 5 * MILLISECOND,
        });
        let delay = learned(samples).nanos().unwrap();
        assert!(delay <= 7 * MILLISECOND, "{delay}");
    }

    #[test]
    fn it_grows_in_small_steps_where_everything_hangs() {
        let delay = learned((0..2_000).map(|_| 5 * MILLISECOND));
        let mut last = delay.nanos().unwrap();
        for _ in 0..1_000 {
            let _ = delay.learn(10_000 * MILLISECOND);
            let next = delay.nanos().unwrap();
            assert!(next <= last + last / 4, "{last} to {next}");
            last = next;
        }
        // Sixteen steps at most; unbounded it would be at ten seconds after the first one.
        assert!(last < 5 * MILLISECOND * 40, "{last}");
    }

    #[test]
    fn it_follows_what_has_become_faster() {
        let delay = learned((0..5_000).map(|_| 100 * MILLISECOND));
        for _ in 0..20_000 {
            let _ = delay.learn(5 * MILLISECOND);
        }
        let delay = delay.nanos().unwrap();
        assert!(delay <= 7 * MILLISECOND, "{delay}");
    }

    #[test]
    fn a_fixed_delay_learns_nothing() {
        let delay = Delay::new(&Hedge::default().after(std::time::Duration::from_millis(30)));
        for _ in 0..10_000 {
            assert_eq!(delay.learn(MILLISECOND), None);
        }
        assert_eq!(delay.nanos(), Some(30 * MILLISECOND));
    }
}

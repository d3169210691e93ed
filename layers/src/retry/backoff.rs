use std::time::Duration;

use crate::config::InvalidConfig;
use crate::random::Random;

/// Pauses between attempts: exponential, with full jitter unless it is turned off.
///
/// Default: 10 ms, doubling up to 1 s, each drawn evenly from zero to that value (full jitter, as in Envoy and the AWS
/// architecture blog's comparison of 2015).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    jitter: bool,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::exponential(Self::BASE, Self::CAP)
    }
}

impl Backoff {
    /// The first pause of the default: 10 ms.
    pub const BASE: Duration = Duration::from_millis(10);
    /// The longest pause of the default: 1 s.
    pub const CAP: Duration = Duration::from_secs(1);
    /// The longest cap that is accepted: one hour.
    pub const LONGEST: Duration = Duration::from_secs(3_600);

    /// The first pause is `base`, each further one twice as long, none longer than `cap`. Checked when a layer is built. A base of zero means
    /// no pauses: attempts and the budget are then all that bounds repetitions.
    #[must_use]
    pub const fn exponential(base: Duration, cap: Duration) -> Self {
        Self {
            base,
            cap,
            jitter: true,
        }
    }

    /// Turns the jitter off: the pauses are exactly the exponential ones. For tests; in production repeats would line up.
    #[must_use]
    pub const fn without_jitter(mut self) -> Self {
        self.jitter = false;
        self
    }

    pub(super) fn validate(self) -> Result<(), InvalidConfig> {
        if self.base > self.cap {
            return Err(InvalidConfig::new(
                "retry.backoff",
                (self.base, self.cap),
                "a base that is not above the cap",
            ));
        }
        if self.cap > Self::LONGEST {
            return Err(InvalidConfig::new(
                "retry.backoff",
                self.cap,
                "a cap of at most one hour",
            ));
        }
        Ok(())
    }

    /// The pause before retry number `retry`, counted from 1.
    pub(super) fn pause(self, retry: u32, random: &Random) -> Duration {
        let doublings = retry.saturating_sub(1).min(31);
        let full = self
            .base
            .checked_mul(1 << doublings)
            .unwrap_or(self.cap)
            .min(self.cap);
        if !self.jitter {
            return full;
        }
        let nanos = u64::try_from(full.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(random.below(nanos.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap() {
        let backoff =
            Backoff::exponential(Duration::from_millis(10), Duration::from_millis(50)).without_jitter();
        let random = Random::seeded(1);
        let pauses: Vec<u128> = [1, 2, 3, 4, 40, u32::MAX]
            .map(|n| backoff.pause(n, &random).as_millis())
            .into();
        assert_eq!(pauses, [10, 20, 40, 50, 50, 50]);
    }

    #[test]
    fn jitter_stays_between_zero_and_the_full_pause() {
        let random = Random::seeded(2);
        let backoff = Backoff::default();
        let mut seen_low = false;
        for _ in 0..1_000 {
            let pause = backoff.pause(3, &random);
            assert!(pause <= Duration::from_millis(40));
            seen_low |= pause < Duration::from_millis(10);
        }
        assert!(seen_low, "full jitter reaches down to zero");
    }
}

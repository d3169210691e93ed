use std::time::Duration;

use crate::config::InvalidConfig;

/// When a second attempt is made beside the first one. See the [module](crate::hedge) for the rules and their reasons.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hedge {
    pub(super) quantile: f64,
    pub(super) fixed: Option<Duration>,
    pub(super) floor: Duration,
    pub(super) share: f64,
    pub(super) burst: u32,
}

impl Default for Hedge {
    /// The delay is learned, at the quantile 0.99 and from 2 ms on; second attempts for 1 % of the calls, 64 of them saved.
    fn default() -> Self {
        Self {
            quantile: Self::QUANTILE,
            fixed: None,
            floor: Self::FLOOR,
            share: Self::SHARE,
            burst: Self::BURST,
        }
    }
}

impl Hedge {
    /// The default quantile: one of a hundred first attempts takes longer.
    pub const QUANTILE: f64 = 0.99;
    /// The default least delay: 2 ms, twice what tokio's timer can tell apart.
    pub const FLOOR: Duration = Duration::from_millis(2);
    /// The default share: 1 % of the calls.
    pub const SHARE: f64 = 0.01;
    /// How many second attempts are saved at most, by default.
    pub const BURST: u32 = 64;
    /// So many first attempts of a class have to be seen before the first second attempt, unless the delay is fixed.
    pub const SAMPLES: u32 = 1_000;

    /// Sets which quantile of the first attempts the delay is, above 0.5 and below 1. Default: 0.99. A higher one sends fewer second attempts, later.
    #[must_use]
    pub const fn quantile(mut self, quantile: f64) -> Self {
        self.quantile = quantile;
        self
    }

    /// Sets a delay of your own for all classes, from the first call on; nothing is learned then. It should be longer than nearly all attempts take.
    #[must_use]
    pub const fn after(mut self, delay: Duration) -> Self {
        self.fixed = Some(delay);
        self
    }

    /// Sets the least delay that may be learned. Default: 2 ms.
    #[must_use]
    pub const fn floor(mut self, floor: Duration) -> Self {
        self.floor = floor;
        self
    }

    /// Sets the share of the calls that may have a second attempt, above 0 and up to 1. Default: 0.01.
    #[must_use]
    pub const fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// Sets how many second attempts can be saved for the moment in which a node stops, at least one. Default: 64.
    #[must_use]
    pub const fn burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// The delay that was set by [`after`](Self::after).
    #[must_use]
    pub const fn fixed_delay(&self) -> Option<Duration> {
        self.fixed
    }

    /// The least delay that is learned, set by [`floor`](Self::floor).
    #[must_use]
    pub const fn least_delay(&self) -> Duration {
        self.floor
    }

    pub(super) fn validate(&self) -> Result<(), InvalidConfig> {
        if !(self.quantile > 0.5 && self.quantile < 1.0) {
            let expected = "a number above 0.5 and below 1";
            return Err(InvalidConfig::new("hedge.quantile", self.quantile, expected));
        }
        if !(self.share > 0.0 && self.share <= 1.0) {
            let expected = "a share above 0 and up to 1";
            return Err(InvalidConfig::new("hedge.share", self.share, expected));
        }
        if self.burst == 0 {
            return Err(InvalidConfig::new("hedge.burst", self.burst, "at least 1"));
        }
        let expected = "a duration above zero";
        if self.fixed == Some(Duration::ZERO) {
            return Err(InvalidConfig::new("hedge.after", Duration::ZERO, expected));
        }
        if self.floor.is_zero() {
            return Err(InvalidConfig::new("hedge.floor", self.floor, expected));
        }
        Ok(())
    }
}

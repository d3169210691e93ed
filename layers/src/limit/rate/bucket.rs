//! The generic cell rate algorithm: pure arithmetic on integers, without a clock of its own.
//!
//! The whole state is one moment, the *theoretical arrival time* `tat`: when the next request would be due if all came
//! evenly spaced. A request moves it on by what the request costs, and conforms if it does not come to lie further ahead
//! of now than the burst costs. To be exact for rates like 3 per second, it is counted not in nanoseconds but in
//! *ticks*, `count` of which make a nanosecond, so that a request costs exactly `period` ticks.
//!
//! Why no window of length `w` sees more than `burst + rate * w`: each admission leaves `tat >= its own moment + cost`,
//! and each later one adds its cost. So after the last one in the window, `tat >= start of the window + cost of all`. It
//! conformed, so `tat <= end of the window + cost of the burst`. This holds for any order of the moments that callers
//! pass in, so clocks read before the mutex was taken do no harm.
//!
//! No overflow: `count < 2^32`, `now < 2^64`, `period < 2^47`, `burst < 2^32`, and the weight of a full queue `< 2^52`.

use super::config::Rate;

#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    burst: u32,
    /// In ticks since the epoch of the limit.
    tat: u128,
    /// What the burst costs, in ticks.
    tolerance: u128,
    /// Counts the changes, so that only the last one is ever taken back.
    changes: u64,
}

/// Proof of one admission, with which it can be taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Receipt(u64);

impl Bucket {
    /// A full bucket: a whole burst can be admitted at once.
    pub(super) fn new(rate: Rate, burst: u32) -> Self {
        Self {
            rate,
            burst,
            tat: 0,
            tolerance: u128::from(burst) * u128::from(rate.period),
            changes: 0,
        }
    }

    pub(super) const fn burst(&self) -> u32 {
        self.burst
    }

    pub(super) const fn rate(&self) -> Rate {
        self.rate
    }

    pub(super) const fn tat(&self) -> u128 {
        self.tat
    }

    pub(super) const fn tolerance(&self) -> u128 {
        self.tolerance
    }

    /// Others have moved the moment on meanwhile.
    pub(super) const fn catch_up(&mut self, tat: u128) {
        if tat > self.tat {
            self.tat = tat;
            self.changes += 1;
        }
    }

    fn cost(&self, weight: u64) -> u128 {
        u128::from(weight) * u128::from(self.rate.period)
    }

    fn ticks(&self, nanos: u64) -> u128 {
        u128::from(nanos) * u128::from(self.rate.count)
    }

    /// Admits a request at `now`, in nanoseconds, if it conforms.
    pub(super) fn take(&mut self, now: u64, weight: u32) -> Option<Receipt> {
        let now = self.ticks(now);
        let tat = self.tat.max(now) + self.cost(u64::from(weight));
        if tat - now > self.tolerance {
            return None;
        }
        self.tat = tat;
        self.changes += 1;
        Some(Receipt(self.changes))
    }

    /// Takes an admission back, if nothing has been admitted since. Later admissions may have counted from a moment that
    /// was moved on by the clock and not by this one, and then giving its cost back would give too much.
    pub(super) fn take_back(&mut self, receipt: Receipt, weight: u32) {
        if receipt.0 == self.changes {
            self.tat -= self.cost(u64::from(weight));
            self.changes += 1;
        }
    }

    /// The first nanosecond in which the last of waiting requests conforms that weigh `weight` together.
    pub(super) fn turn(&self, weight: u64) -> u64 {
        let ticks = (self.tat + self.cost(weight)).saturating_sub(self.tolerance);
        u64::try_from(ticks.div_ceil(u128::from(self.rate.count))).unwrap_or(u64::MAX)
    }

    /// Changes the burst. What is used of the old one stays used.
    pub(super) fn set_burst(&mut self, burst: u32) {
        self.burst = burst;
        self.tolerance = u128::from(burst) * u128::from(self.rate.period);
        self.changes += 1;
    }

    /// Changes the rate. What is used of the burst stays used, counted in requests.
    pub(super) fn set_rate(&mut self, now: u64, rate: Rate) {
        let used = self.tat.saturating_sub(self.ticks(now));
        let used = (used * u128::from(rate.period)).div_ceil(u128::from(self.rate.period));
        self.rate = rate;
        self.tat = self.ticks(now) + used;
        self.tolerance = u128::from(self.burst) * u128::from(rate.period);
        self.changes += 1;
    }
}

#[cfg(test)]
mod tests;

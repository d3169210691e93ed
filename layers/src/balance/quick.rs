//! The choice among candidates that are all well, which is nearly every one. One look at each is enough for it.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::choose::{COMPARED, explores, outlier};
use super::endpoint::{Bar, Endpoint, UNSETTLED};
use crate::health::Shared;

/// The best of the candidates so far, as long as nothing speaks against any of them.
pub(super) struct Quick {
    bar: Bar,
    random: u64,
    /// What is left of it: eight bits for each candidate.
    ties: u64,
    /// From this mean on a candidate is passed over.
    too_slow: u64,
    all_well: bool,
    seen: usize,
    best: Option<Arc<Endpoint>>,
    /// Of the best one.
    load: u64,
    /// Of the means that say something.
    least_mean: u64,
    greatest_mean: u64,
}

impl Quick {
    #[inline]
    pub(super) fn new(shared: &Shared, now: u64, random: u64) -> Self {
        Self {
            bar: Bar::new(shared, now),
            random,
            ties: random,
            too_slow: UNSETTLED,
            all_well: true,
            seen: 0,
            best: None,
            load: u64::MAX,
            least_mean: UNSETTLED,
            greatest_mean: 0,
        }
    }

    /// Looks at one more. Breaks off when there are enough to compare, or when this is no case for a quick choice.
    #[inline]
    pub(super) fn look(&mut self, endpoint: &Arc<Endpoint>, connected: bool) -> ControlFlow<()> {
        let in_flight = endpoint.in_flight();
        if !connected || !endpoint.is_well(in_flight, &self.bar) {
            self.all_well = false;
            return ControlFlow::Break(());
        }
        let load = load(in_flight, self.ties);
        self.ties >>= 8;
        let mean = endpoint.settled_mean(&self.bar);
        let is_settled = mean != UNSETTLED;
        if load < self.load && !(is_settled && mean >= self.too_slow) {
            self.load = load;
            self.best = Some(Arc::clone(endpoint));
        }
        self.least_mean = self.least_mean.min(mean);
        if is_settled {
            self.greatest_mean = self.greatest_mean.max(mean);
        }
        self.seen += 1;
        if self.seen == COMPARED {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Does no group further away have to be asked?
    #[inline]
    pub(super) const fn is_over(&self) -> bool {
        self.seen > 0 || !self.all_well
    }

    /// Is one of them an outlier? Then they have to be shown once more, because one that was passed over may be the best of the rest.
    #[inline]
    pub(super) fn has_outlier(&self) -> bool {
        self.too_slow == UNSETTLED && self.greatest_mean >= outlier(self.least_mean)
    }

    /// For the second time that the candidates are shown.
    pub(super) fn pass_over_outliers(&mut self) {
        self.too_slow = outlier(self.least_mean);
        self.ties = self.random;
        self.seen = 0;
        self.best = None;
        self.load = u64::MAX;
    }

    /// The one with the fewest requests in flight, unless that takes a closer look.
    #[inline]
    pub(super) fn choose(self) -> Option<Arc<Endpoint>> {
        let is_plain = self.all_well && !explores(self.random);
        self.best.filter(|_| is_plain)
    }
}

/// Requests in flight, and below them a random number for ties.
#[inline]
pub(super) fn load(in_flight: u32, ties: u64) -> u64 {
    (u64::from(in_flight) << 8) | (ties & 0xff)
}

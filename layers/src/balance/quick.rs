//! The choice among candidates that are all well, which is nearly every one. One look at each is enough for it.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::choose::{COMPARED, explores, outlier};
use super::endpoint::{Bar, Endpoint};
use super::speed::UNSETTLED;
use crate::health::Shared;

/// The best of the candidates so far, as long as nothing speaks against any of them.
pub(super) struct Quick {
    bar: Bar,
    random: u64,
    /// What is left of it: eight bits for each candidate.
    ties: u64,
    /// From this mean on a candidate is passed over …
    too_slow: u64,
    /// … but not with this one, which is that of a newcomer.
    not_known: u64,
    all_well: bool,
    seen: usize,
    best: Option<Arc<Endpoint>>,
    /// Of the best one.
    load: u64,
    mean: u64,
    /// Of the means that say something.
    least_mean: u64,
    /// And one more, because what says nothing is no mean.
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
            not_known: UNSETTLED,
            all_well: true,
            seen: 0,
            best: None,
            load: u64::MAX,
            mean: UNSETTLED,
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
        if load < self.load && (mean < self.too_slow || mean == self.not_known) {
            (self.load, self.mean) = (load, mean);
            self.best = Some(Arc::clone(endpoint));
        }
        self.least_mean = self.least_mean.min(mean);
        self.greatest_mean = self.greatest_mean.max(mean.wrapping_add(1));
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
        self.too_slow == UNSETTLED && self.greatest_mean > outlier(self.least_mean)
    }

    /// Is the best one a newcomer, of which nothing is known, beside others? Then they have to be counted.
    #[inline]
    pub(super) fn prefers_newcomer(&self) -> bool {
        self.mean == UNSETTLED && self.least_mean != UNSETTLED && self.all_well
    }

    /// Counts those beside a newcomer.
    pub(super) fn others(&self) -> Others<'_> {
        Others {
            quick: self,
            all: 0,
            newcomers: 0,
            least: u64::MAX,
        }
    }

    /// For the second time that the candidates are shown.
    pub(super) fn pass_over_newcomers(&mut self) {
        self.not_known = 0;
        self.begin_again();
    }

    /// For the second time that the candidates are shown.
    pub(super) fn pass_over_outliers(&mut self) {
        self.too_slow = outlier(self.least_mean);
        self.begin_again();
    }

    fn begin_again(&mut self) {
        self.ties = self.random;
        self.seen = 0;
        self.best = None;
        (self.load, self.mean) = (u64::MAX, UNSETTLED);
    }

    /// The one with the fewest requests in flight, unless that takes a closer look.
    #[inline]
    pub(super) fn choose(self) -> Option<Arc<Endpoint>> {
        let is_plain = self.all_well && !explores(self.random);
        self.best.filter(|_| is_plain)
    }
}

/// The candidates among which the best one is a newcomer.
///
/// A node that has just come has nothing in flight, and would get everything until it has as much as the others. So while nothing is known
/// of it, it wins by that in no more than 1.2 of its share of the choices.
pub(super) struct Others<'a> {
    quick: &'a Quick,
    all: u64,
    newcomers: u64,
    /// The least load among those that are known.
    least: u64,
}

impl Others<'_> {
    pub(super) fn look(&mut self, endpoint: &Arc<Endpoint>) -> ControlFlow<()> {
        self.all += 1;
        let mean = endpoint.settled_mean(&self.quick.bar);
        if mean == UNSETTLED {
            self.newcomers += 1;
        } else if mean < self.quick.too_slow {
            self.least = self.least.min(load(endpoint.in_flight(), 0));
        }
        if self.all == COMPARED as u64 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.all == 0
    }

    /// Has the newcomer fewer in flight than those, and is it none of its turns? Then the best of them has the request.
    pub(super) fn go_first(&self, shared: &Shared) -> bool {
        self.quick.load >> 8 < self.least >> 8 && !has_its_turn(shared, self.all, self.newcomers)
    }
}

/// One of `newcomers` among `all` has fewer in flight than the others: may it have the request?
pub(super) fn has_its_turn(shared: &Shared, all: u64, newcomers: u64) -> bool {
    shared.random.below(all * 5) < newcomers * 6
}

/// Requests in flight, and below them a random number for ties.
#[inline]
pub(super) fn load(in_flight: u32, ties: u64) -> u64 {
    (u64::from(in_flight) << 8) | (ties & 0xff)
}

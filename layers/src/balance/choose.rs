//! The choice of one node among candidates of which some may be in trouble. It changes nothing of them.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::endpoint::{Bar, Endpoint};
use super::quick::{has_its_turn, load};
use super::speed::UNSETTLED;
use crate::health::{Shared, Standing};
use crate::request::Context;

/// At most this many candidates are compared for one request.
pub(super) const COMPARED: usize = 8;
/// At most this many of one group are looked at, however many of them are in trouble.
const LOOKED_AT: usize = 64;
/// Of 1,000 requests this many go to any usable candidate, so that one that was slow is looked at again.
const EXPLORED: u64 = 3;
/// A node is an outlier when its mean is this many times the best one.
const OUTLIER: u64 = 3;
/// … and one millisecond more: below that it is noise.
const NOISE: u64 = 1_000_000;

/// Does a request with this random number look at one that was slow?
#[inline]
pub(super) const fn explores(random: u64) -> bool {
    random % 1_000 < EXPLORED
}

/// The smallest settled mean that is too much, compared with the best one. None is where the best one says nothing.
#[inline]
pub(super) const fn outlier(best: u64) -> u64 {
    best.saturating_mul(OUTLIER).saturating_add(NOISE)
}

/// Better first. Within a class the load decides; among stalled ones the age does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Usable,
    /// Asked by an earlier attempt of the call.
    Tried,
    Ejected,
    Stalled,
    Unconnected,
    /// At its limit: passed over even if nothing else is left.
    Full,
}

/// The candidates of one request, as far as they were looked at. What is compared is read once.
pub(super) struct Candidates<'a> {
    shared: &'a Shared,
    context: &'a Context,
    bar: Bar,
    random: u64,
    count: usize,
    /// How many of the group were shown.
    looked: usize,
    /// The best class among them.
    best: Class,
    /// The best settled mean of that class.
    best_mean: u64,
    /// Is one of them ejected?
    ejected: bool,
    // Apart from each other, because most of it stays empty and has to be set up for every request.
    endpoints: [Option<Arc<Endpoint>>; COMPARED],
    classes: [Class; COMPARED],
    /// Requests in flight, and below them a random number for ties.
    loads: [u64; COMPARED],
    /// Settled means; `UNSETTLED` for a node with too few answers.
    means: [u64; COMPARED],
}

impl<'a> Candidates<'a> {
    pub(super) fn new(shared: &'a Shared, context: &'a Context, now: u64, random: u64) -> Self {
        Self {
            shared,
            context,
            bar: Bar::new(shared, now),
            random,
            count: 0,
            looked: 0,
            best: Class::Full,
            best_mean: UNSETTLED,
            ejected: false,
            endpoints: [const { None }; COMPARED],
            classes: [Class::Full; COMPARED],
            loads: [0; COMPARED],
            means: [0; COMPARED],
        }
    }

    /// Looks at one more of them, unless it was there before. Breaks off when there are enough to compare and one is usable, or
    /// when so many were in trouble that looking on costs more than it can find.
    pub(super) fn look(&mut self, endpoint: &Arc<Endpoint>, connected: bool) -> ControlFlow<()> {
        self.looked += 1;
        for seen in &self.endpoints[..self.count.min(COMPARED)] {
            if seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, endpoint)) {
                return ControlFlow::Continue(());
            }
        }
        let in_flight = endpoint.in_flight();
        let standing = endpoint.passive.standing(self.bar.now);
        let class = self.class(endpoint, connected, in_flight, standing);
        if let Some(i) = self.place_for(class) {
            let mean = match standing {
                // What it failed before its ejection must not keep its trial away.
                Standing::Probation => UNSETTLED,
                Standing::Good | Standing::Ejected => endpoint.settled_mean(&self.bar),
            };
            // A number of its own for each candidate: a common starting point would favour the one behind a gap.
            self.loads[i] = load(in_flight, self.random >> (8 * i));
            self.means[i] = mean;
            self.classes[i] = class;
            self.endpoints[i] = Some(Arc::clone(endpoint));
            self.ejected |= class == Class::Ejected;
            self.compare(class, mean);
        }
        if (self.count == COMPARED && self.best == Class::Usable) || self.looked >= LOOKED_AT {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn compare(&mut self, class: Class, mean: u64) {
        if class < self.best {
            (self.best, self.best_mean) = (class, mean);
        } else if class == self.best {
            self.best_mean = self.best_mean.min(mean);
        }
    }

    /// The replicas were looked at: of them no more than a minority stays ejected, or one of two. Without a majority of its replicas a
    /// range is lost anyway, so then it is rather us. What is due back first comes back.
    #[inline]
    pub(super) fn end_replicas(&mut self) {
        if self.ejected {
            self.keep_majority();
        }
    }

    #[cold]
    fn keep_majority(&mut self) {
        let may_be_out = (self.count.saturating_sub(1) / 2).max(1);
        let until = |this: &Self, i: usize| {
            this.endpoints[i]
                .as_ref()
                .map_or(0, |e| e.passive.ejected_until())
        };
        loop {
            let ejected = || (0..self.count).filter(|i| self.classes[*i] == Class::Ejected);
            let Some(first) = ejected().min_by_key(|i| until(self, *i)) else {
                return;
            };
            if ejected().count() <= may_be_out {
                return;
            }
            let tried = self.endpoints[first]
                .as_ref()
                .is_some_and(|endpoint| self.has_tried(endpoint));
            self.classes[first] = if tried { Class::Tried } else { Class::Usable };
            self.compare(self.classes[first], self.means[first]);
        }
    }

    /// The next free place, or that of the worst one when this one is better.
    fn place_for(&mut self, class: Class) -> Option<usize> {
        if self.count < COMPARED {
            self.count += 1;
            return Some(self.count - 1);
        }
        let worst = (0..COMPARED).max_by_key(|i| self.classes[*i]);
        worst.filter(|worst| class < self.classes[*worst])
    }

    /// Goes on with the next group.
    pub(super) const fn begin_group(&mut self) {
        self.looked = 0;
    }

    fn class(&self, endpoint: &Endpoint, connected: bool, in_flight: u32, standing: Standing) -> Class {
        if endpoint.is_full_at(in_flight) {
            Class::Full
        } else if !connected {
            Class::Unconnected
        } else if endpoint.is_stalled(self.bar.now, self.bar.stall_limit) {
            // Rare, and a few atomic operations: the prober finds out whether it is only slow.
            self.shared.doubt.notify_one();
            Class::Stalled
        } else if standing == Standing::Ejected && !self.shared.panics() {
            Class::Ejected
        } else if self.has_tried(endpoint) {
            Class::Tried
        } else {
            Class::Usable
        }
    }

    fn has_tried(&self, endpoint: &Endpoint) -> bool {
        let Context { attempt, call, .. } = self.context;
        attempt.has_tried(endpoint.id()) || (attempt.is_hedge() && endpoint.owes(*call))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Is one of them usable? Then nobody has to look further away.
    pub(super) fn are_enough(&self) -> bool {
        self.best == Class::Usable
    }

    /// The best of them; none when there is none or all are full.
    ///
    /// Of silent ones it is that whose oldest request is the youngest. Else `ordered` keeps the order of the candidates within a class (conditional writes want
    /// the same coordinator each time); otherwise the one with the fewest requests in flight is taken, ties broken at random.
    pub(super) fn choose(&mut self, ordered: bool) -> Option<Arc<Endpoint>> {
        let place = match self.best {
            Class::Full => None,
            Class::Stalled => self.youngest(),
            _ if ordered => self.nth(0),
            _ if explores(self.random) => self.explore(),
            _ => self.least_loaded(),
        };
        self.endpoints.get_mut(place?)?.take()
    }

    fn of_best_class(&self) -> impl Iterator<Item = usize> {
        let classes = self.classes[..self.count].iter().enumerate();
        classes.filter(|(_, class)| **class == self.best).map(|(i, _)| i)
    }

    fn nth(&self, n: usize) -> Option<usize> {
        self.of_best_class().nth(n)
    }

    fn youngest(&self) -> Option<usize> {
        let age = |i: &usize| {
            self.endpoints[*i]
                .as_ref()
                .and_then(|e| e.oldest_age(self.bar.now))
        };
        self.of_best_class().min_by_key(age)
    }

    fn explore(&self) -> Option<usize> {
        let count = self.of_best_class().count().max(1);
        self.nth((self.random / 1_000) as usize % count)
    }

    fn least_loaded(&self) -> Option<usize> {
        let place = self.least(|_| true)?;
        if self.means[place] == UNSETTLED && self.best_mean != UNSETTLED {
            return self.instead_of_newcomer(place);
        }
        Some(place)
    }

    /// The one with the fewest in flight that is no outlier, among those with such a mean.
    #[inline]
    fn least(&self, admits: impl Fn(u64) -> bool) -> Option<usize> {
        let outlier = outlier(self.best_mean);
        let (mut least, mut place) = (u64::MAX, None);
        for i in 0..self.count.min(COMPARED) {
            let mean = self.means[i];
            let is_outlier = mean >= outlier && mean != UNSETTLED;
            if self.classes[i] == self.best && !is_outlier && admits(mean) && self.loads[i] < least {
                (least, place) = (self.loads[i], Some(i));
            }
        }
        place
    }

    /// As long as nothing is known of a node it wins by having less in flight only in its turns; otherwise the best of the others takes the
    /// request.
    #[cold]
    fn instead_of_newcomer(&self, newcomer: usize) -> Option<usize> {
        let in_flight = |place: usize| self.loads[place] >> 8;
        let other = self.least(|mean| mean != UNSETTLED)?;
        let (all, new) = self.of_best_class().fold((0, 0), |(all, new), i| {
            (all + 1, new + u64::from(self.means[i] == UNSETTLED))
        });
        let is_tie = in_flight(newcomer) >= in_flight(other);
        Some(if is_tie || has_its_turn(self.shared, all, new) {
            newcomer
        } else {
            other
        })
    }
}

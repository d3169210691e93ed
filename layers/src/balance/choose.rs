//! The choice of one node among candidates. It changes nothing.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::endpoint::Endpoint;
use crate::health::{Shared, Standing};
use crate::request::Attempt;

/// At most this many candidates are compared for one request.
const COMPARED: usize = 8;
/// Of 1,000 requests this many go to any usable candidate, so that one that was slow is looked at again.
const EXPLORED: u64 = 3;
/// A node is an outlier when its mean is this many times the best one.
const OUTLIER: u64 = 3;
/// … and one millisecond more: below that it is noise.
const NOISE: u64 = 1_000_000;

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

/// The candidates of one request, as far as they were looked at.
pub(super) struct Candidates<'a> {
    shared: &'a Shared,
    attempt: &'a Attempt,
    now: u64,
    stall_limit: u64,
    seen: [Option<Arc<Endpoint>>; COMPARED],
    classes: [Class; COMPARED],
    count: usize,
    /// The best class among them.
    best: Class,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(shared: &'a Shared, attempt: &'a Attempt, now: u64) -> Self {
        Self {
            shared,
            attempt,
            now,
            stall_limit: shared.stall_limit(),
            seen: [const { None }; COMPARED],
            classes: [Class::Full; COMPARED],
            count: 0,
            best: Class::Full,
        }
    }

    /// Looks at one more of them, unless it was there before. Breaks off when no more can be compared.
    #[inline]
    pub(super) fn look(&mut self, endpoint: &Arc<Endpoint>, connected: bool) -> ControlFlow<()> {
        let before = self.seen.iter().take(self.count).flatten();
        if before.into_iter().any(|seen| Arc::ptr_eq(seen, endpoint)) {
            return ControlFlow::Continue(());
        }
        let (Some(seen), Some(noted)) = (self.seen.get_mut(self.count), self.classes.get_mut(self.count))
        else {
            return ControlFlow::Break(());
        };
        *seen = Some(Arc::clone(endpoint));
        let class = class(
            endpoint,
            connected,
            self.attempt,
            self.shared,
            self.now,
            self.stall_limit,
        );
        *noted = class;
        self.best = self.best.min(class);
        self.count += 1;
        match self.count {
            COMPARED => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Is one of them usable, or can no more be compared? Then nobody has to look further away.
    pub(super) fn are_enough(&self) -> bool {
        self.best == Class::Usable || self.count == COMPARED
    }

    /// Those of the best class with their places, in the order in which they were shown.
    fn of_best_class(&self) -> impl Iterator<Item = (usize, &Endpoint)> {
        let seen = self.seen.iter().zip(&self.classes).take(self.count).enumerate();
        seen.filter(|(_, (_, class))| **class == self.best)
            .filter_map(|(i, (endpoint, _))| Some((i, endpoint.as_deref()?)))
    }

    /// The best of them; none when there is none or all are full.
    ///
    /// `ordered` keeps the order of the candidates within a class (conditional writes want the same coordinator each time); otherwise
    /// the one with the fewest requests in flight is taken, ties broken by `random`.
    pub(super) fn choose(mut self, ordered: bool, random: u64) -> Option<Arc<Endpoint>> {
        let place = match self.best {
            Class::Full => None,
            _ if ordered => self.of_best_class().map(|(i, _)| i).next(),
            Class::Stalled => self
                .of_best_class()
                .min_by_key(|(_, endpoint)| endpoint.oldest_age(self.now))
                .map(|(i, _)| i),
            _ if random % 1_000 < EXPLORED => self.explore(random / 1_000),
            _ => self.least_loaded(random),
        };
        self.seen.get_mut(place?)?.take()
    }

    #[cold]
    fn explore(&self, random: u64) -> Option<usize> {
        let nth = random as usize % self.of_best_class().count().max(1);
        self.of_best_class().nth(nth).map(|(i, _)| i)
    }

    #[inline]
    fn least_loaded(&self, random: u64) -> Option<usize> {
        let best = self
            .of_best_class()
            .filter_map(|(_, endpoint)| endpoint.settled_mean(self.now))
            .min();
        let outlier = best.map_or(u64::MAX, |best| {
            best.saturating_mul(OUTLIER).saturating_add(NOISE)
        });
        let (mut least, mut place) = (u64::MAX, None);
        for (i, endpoint) in self.of_best_class() {
            if endpoint
                .settled_mean(self.now)
                .is_some_and(|mean| mean >= outlier)
            {
                continue;
            }
            // A number of its own for each candidate: a common starting point would favour the one behind a gap.
            let tie = u64::from((random >> (8 * i)) as u8);
            let load = (u64::from(endpoint.in_flight()) << 8) | tie;
            if load < least {
                (least, place) = (load, Some(i));
            }
        }
        place
    }
}

#[inline]
fn class(
    endpoint: &Endpoint,
    connected: bool,
    attempt: &Attempt,
    shared: &Shared,
    now: u64,
    stall_limit: u64,
) -> Class {
    if endpoint.is_full() {
        Class::Full
    } else if !connected {
        Class::Unconnected
    } else if endpoint.is_stalled(now, stall_limit) {
        Class::Stalled
    } else if endpoint.passive.standing(now) == Standing::Ejected && !shared.panics() {
        Class::Ejected
    } else if attempt.has_tried(endpoint.id()) {
        Class::Tried
    } else {
        Class::Usable
    }
}

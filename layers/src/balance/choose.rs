//! The choice of one node among candidates. Pure: everything it looks at is in its arguments.

use std::sync::Arc;

use super::endpoint::Endpoint;
use crate::health::{Shared, Standing};
use crate::request::Attempt;

/// At most this many candidates are compared for one request.
pub(super) const COMPARED: usize = 8;
/// Of 1,000 requests this many go to any usable candidate, so that one that was slow is looked at again.
const EXPLORED: u64 = 3;
/// A node is an outlier when its mean is this many times the best one.
const OUTLIER: u64 = 3;

/// One candidate with all that the choice depends on, read once.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) endpoint: Arc<Endpoint>,
    class: Class,
    in_flight: u32,
    /// Age of the oldest unanswered request in nanoseconds.
    age: u64,
    mean: u64,
    settled: bool,
}

/// Better first. Within a class the load decides; among stalled ones the age does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Usable,
    /// Asked by an earlier attempt of the call.
    Tried,
    Ejected,
    Stalled,
    Unconnected,
    /// At its limit: passed over even if nothing else is left.
    Full,
}

impl Seen {
    pub(super) fn look(
        endpoint: &Arc<Endpoint>,
        connected: bool,
        attempt: &Attempt,
        shared: &Shared,
        now: u64,
        stall_limit: u64,
    ) -> Self {
        let in_flight = endpoint.in_flight();
        let ejected = endpoint.passive.standing(now) == Standing::Ejected && !shared.panics();
        let class = if endpoint.is_full() {
            Class::Full
        } else if !connected {
            Class::Unconnected
        } else if endpoint.is_stalled(now, stall_limit) {
            Class::Stalled
        } else if ejected {
            Class::Ejected
        } else if attempt.has_tried(endpoint.id()) {
            Class::Tried
        } else {
            Class::Usable
        };
        Self {
            endpoint: Arc::clone(endpoint),
            class,
            in_flight,
            age: endpoint.oldest_age(now).unwrap_or(0),
            mean: endpoint
                .mean_latency()
                .map_or(u64::MAX, |mean| mean.as_nanos() as u64),
            settled: endpoint.is_settled(now),
        }
    }

    pub(super) const fn class(&self) -> Class {
        self.class
    }
}

/// The index of the best candidate; none when there is none or all are full.
///
/// `ordered` keeps the order of the candidates within a class (conditional writes want the same coordinator each time); otherwise the
/// one with the fewest requests in flight is taken, ties broken by `random`.
pub(super) fn choose(seen: &[Option<Seen>], ordered: bool, random: u64) -> Option<usize> {
    let class = seen
        .iter()
        .flatten()
        .map(|s| s.class)
        .min()
        .filter(|class| *class != Class::Full)?;
    let of_class = || {
        seen.iter()
            .flatten()
            .enumerate()
            .filter(move |(_, s)| s.class == class)
    };
    if ordered {
        return of_class().map(|(i, _)| i).next();
    }
    if class == Class::Stalled {
        return of_class().min_by_key(|(_, s)| s.age).map(|(i, _)| i);
    }
    if random % 1_000 < EXPLORED {
        let nth = (random / 1_000) as usize % of_class().count().max(1);
        return of_class().nth(nth).map(|(i, _)| i);
    }
    let best = of_class()
        .filter(|(_, s)| s.settled)
        .map(|(_, s)| s.mean)
        .min()
        .unwrap_or(u64::MAX);
    let outlier = |s: &Seen| s.settled && s.mean / OUTLIER > best;
    // A number of its own for each candidate: a common starting point would favour the one behind a gap.
    let tie = |i: usize| (random >> (8 * i)) as u8;
    of_class()
        .filter(|(_, s)| !outlier(s))
        .min_by_key(|(i, s)| (s.in_flight, tie(*i)))
        .map(|(i, _)| i)
}

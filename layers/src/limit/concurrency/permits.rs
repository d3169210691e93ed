//! The permits of one layer value: a counter for the many requests that need not wait, and beside it, under a mutex, those
//! that do.
//!
//! What a share has taken is counted under the mutex. Requests with a share always come here, arriving and going. A waiter
//! that its share holds back does not mark the counter: only its own share can let it run, and that changes under the mutex.
//! So requests without a share pass it by changing the counter alone.

use std::task::Waker;

use super::config::Checked;
use super::counter::Counter;
use super::pool::Pool;
use crate::limit::Reason;
use crate::limit::queue::{Arrival, Place, Verdict};
use crate::limit::shared::{Locked, Shared};
use crate::request::{Priority, Request};

/// The permits of one layer value.
#[derive(Debug)]
pub(super) struct Permits {
    pub(super) counter: Counter,
    /// The labels with a share; the first one is of kind 1.
    labels: Box<[&'static str]>,
    pub(super) shared: Shared<Pool>,
}

/// What a waiter learns when it asks.
pub(super) enum Answer {
    Wait(Place),
    Settled(Verdict),
}

impl Permits {
    pub(super) fn new(checked: &Checked) -> Self {
        Self {
            counter: Counter::new(checked.limit),
            labels: checked.shares.iter().map(|share| share.0).collect(),
            shared: Shared::new(Pool::new(
                checked.queue,
                checked.limit,
                &checked.shares.iter().map(|share| share.1).collect::<Vec<_>>(),
            )),
        }
    }

    /// 0 for requests without a share.
    #[inline]
    pub(super) fn kind(&self, request: &impl Request) -> u8 {
        if self.labels.is_empty() {
            return 0;
        }
        request.label().and_then(|label| self.kind_of(label)).unwrap_or(0)
    }

    pub(super) fn kind_of(&self, label: &str) -> Option<u8> {
        let at = self.labels.iter().position(|known| *known == label)?;
        u8::try_from(at + 1).ok()
    }

    pub(super) fn set_limit(&self, limit: u32) {
        let mut pool = self.shared.lock();
        self.counter.set_limit(limit);
        pool.set_limit(limit);
        drop(self.hand_on(pool, None));
    }

    pub(super) fn set_queue(&self, queue: usize) {
        self.shared.lock().queue.set_bound(queue);
    }

    pub(super) fn set_share(&self, kind: u8, part: f64) {
        let mut pool = self.shared.lock();
        pool.set_part(kind, part, self.counter.limit());
        drop(self.hand_on(pool, None));
    }

    /// Is it sure that a request without a share finds neither a permit nor a place? Sure at the moment at which this looks.
    #[inline]
    pub(super) fn is_shut(&self, priority: Priority) -> bool {
        self.shared.refuses(priority)
    }

    /// Takes permits or joins the queue.
    #[cold]
    pub(super) fn join(&self, arrival: Arrival, waker: &Waker) -> Result<Option<Place>, Reason> {
        let mut pool = self.shared.lock();
        if arrival.weight > pool.most(arrival.kind, self.counter.limit()) {
            return Err(Reason::TooHeavy);
        }
        // Nobody overtakes those who may run, even if it is light enough to fit where the first of them does not.
        let is_first = pool.may_run(&arrival)
            && !pool.queue.is_behind_its_kind(&arrival)
            && pool
                .queue
                .first(arrival.priority, |other| pool.may_run(other))
                .is_none();
        if is_first && self.counter.take(arrival.weight) {
            pool.charge(arrival.kind, arrival.weight);
            // What it has taken of its share may now hold back one of a lower class that kept others waiting.
            drop(self.hand_on(pool, None));
            return Ok(None);
        }
        let room = pool.room(arrival.kind);
        let Some((place, evicted)) = pool.queue.join(arrival, room, (), waker) else {
            return Err(Reason::ConcurrencyQueueFull);
        };
        // Marks the counter for it. Something may have come free since, and by an eviction another may have come to be first.
        let mut pool = self.hand_on(pool, Some(&place));
        let (joined, stale) = match pool.queue.verdict(&place) {
            Verdict::Granted => (Ok(None), pool.queue.leave(place).1),
            // The limit was lowered while somebody else was woken. Whoever is being polled is not woken: it has to be told now.
            Verdict::Refused => (Err(Reason::TooHeavy), pool.queue.leave(place).1),
            Verdict::Waiting | Verdict::Evicted => (Ok(Some(place)), None),
        };
        drop(pool);
        drop(stale);
        if let Some(evicted) = evicted {
            evicted.wake();
        }
        joined
    }

    pub(super) fn ask(&self, place: Place, waker: &Waker) -> Answer {
        let mut pool = self.shared.lock();
        let (answer, stale) = match pool.queue.verdict(&place) {
            Verdict::Waiting => {
                let stale = pool.queue.refresh(&place, waker);
                (Answer::Wait(place), stale)
            }
            Verdict::Granted | Verdict::Refused | Verdict::Evicted => {
                let (verdict, stale) = pool.queue.leave(place);
                (Answer::Settled(verdict), stale)
            }
        };
        drop(pool);
        drop(stale);
        answer
    }

    /// A waiter goes, with or without a grant.
    #[cold]
    pub(super) fn leave(&self, place: Place, weight: u32, kind: u8) {
        let mut pool = self.shared.lock();
        let (verdict, stale) = pool.queue.leave(place);
        if verdict == Verdict::Granted {
            pool.credit(kind, weight);
            self.counter.give_back(weight);
        }
        // Also without a grant: the next one may be lighter.
        drop(self.hand_on(pool, None));
        drop(stale);
    }

    #[inline]
    pub(super) fn give_back(&self, weight: u32, kind: u8) {
        if kind != 0 {
            self.give_back_share(weight, kind);
        } else if self.counter.give_back(weight) {
            self.serve();
        }
    }

    #[cold]
    fn give_back_share(&self, weight: u32, kind: u8) {
        let mut pool = self.shared.lock();
        pool.credit(kind, weight);
        self.counter.give_back(weight);
        drop(self.hand_on(pool, None));
    }

    #[cold]
    fn serve(&self) {
        drop(self.hand_on(self.shared.lock(), None));
    }

    /// Grants what is free to those who wait, and wakes those and no others. `me` is the one being polled.
    fn hand_on<'a>(&'a self, mut pool: Locked<'a, Pool>, me: Option<&Place>) -> Locked<'a, Pool> {
        while let Some(waker) = self.settle(&mut pool, me) {
            drop(pool);
            waker.wake();
            pool = self.shared.lock();
        }
        pool
    }

    /// Decides about those who wait in their order, until there is somebody to wake or nothing left to decide.
    fn settle(&self, pool: &mut Pool, me: Option<&Place>) -> Option<Waker> {
        loop {
            let Some(first) = pool.queue.first(Priority::Low, |waiter| pool.may_run(waiter)) else {
                self.counter.unmark();
                return None;
            };
            let Arrival { weight, kind, .. } = pool.queue.at(first).arrival;
            let verdict = if weight > pool.most(kind, self.counter.limit()) {
                Verdict::Refused
            } else if self.counter.take_or_mark(weight) {
                pool.charge(kind, weight);
                Verdict::Granted
            } else {
                return None;
            };
            let tell = me.is_none_or(|me| !pool.queue.is_at(me, first));
            if let Some(waker) = pool.queue.settle(first, verdict, tell) {
                return Some(waker);
            }
        }
    }
}

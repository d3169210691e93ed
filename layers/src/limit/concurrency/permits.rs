//! The permits of one layer value, and the line of requests that wait for them.

use std::task::Waker;

use crate::limit::Reason;
use crate::limit::queue::{Place, Queue, Verdict};
use crate::limit::shared::{Levels, Locked, Shared};

#[derive(Debug)]
pub(super) struct Pool {
    limit: u32,
    /// Above `limit` only after the limit was lowered, until enough calls have ended.
    used: u64,
    queue: Queue<()>,
}

impl Pool {
    fn fits(&self, weight: u32) -> bool {
        self.used + u64::from(weight) <= u64::from(self.limit)
    }
}

impl Levels for Pool {
    fn active(&self) -> u64 {
        self.used
    }
    fn queued(&self) -> u64 {
        self.queue.waiting() as u64
    }
}

/// The permits of one layer value.
#[derive(Debug)]
pub(super) struct Permits {
    pub(super) shared: Shared<Pool>,
}

/// What a waiter learns when it asks.
pub(super) enum Answer {
    Wait(Place),
    Settled(Verdict),
}

impl Permits {
    pub(super) fn new(limit: u32, queue: usize) -> Self {
        Self {
            shared: Shared::new(Pool {
                limit,
                used: 0,
                queue: Queue::new(queue),
            }),
        }
    }

    pub(super) fn limit(&self) -> u32 {
        self.shared.lock().limit
    }

    pub(super) fn set_limit(&self, limit: u32) {
        let mut pool = self.shared.lock();
        pool.limit = limit;
        self.hand_on(pool);
    }

    /// Takes permits at once or joins the queue.
    pub(super) fn arrive(&self, weight: u32, waker: &Waker) -> Result<Option<Place>, Reason> {
        let mut pool = self.shared.lock();
        if weight > pool.limit {
            return Err(Reason::TooHeavy);
        }
        // Nobody overtakes those who wait, even if it is light enough to fit where the first of them does not.
        if pool.queue.waiting() == 0 && pool.fits(weight) {
            pool.used += u64::from(weight);
            return Ok(None);
        }
        match pool.queue.join(weight, (), waker) {
            Some(place) => Ok(Some(place)),
            None => Err(Reason::ConcurrencyQueueFull),
        }
    }

    pub(super) fn ask(&self, place: Place, waker: &Waker) -> Answer {
        let mut pool = self.shared.lock();
        let (answer, stale) = match pool.queue.verdict(&place) {
            Verdict::Waiting => {
                let stale = pool.queue.refresh(&place, waker);
                (Answer::Wait(place), stale)
            }
            Verdict::Granted | Verdict::Refused => {
                let (verdict, stale) = pool.queue.leave(place);
                (Answer::Settled(verdict), stale)
            }
        };
        drop(pool);
        drop(stale);
        answer
    }

    /// A waiter goes, with or without a grant.
    pub(super) fn leave(&self, place: Place, weight: u32) {
        let mut pool = self.shared.lock();
        let (verdict, stale) = pool.queue.leave(place);
        if verdict == Verdict::Granted {
            pool.used -= u64::from(weight);
        }
        // Also without a grant: the next one may be lighter.
        self.hand_on(pool);
        drop(stale);
    }

    pub(super) fn give_back(&self, weight: u32) {
        let mut pool = self.shared.lock();
        pool.used -= u64::from(weight);
        if pool.queue.waiting() > 0 {
            self.hand_on(pool);
        }
    }

    /// Grants what is free to those who wait, first come first served, and wakes those and no others.
    #[cold]
    fn hand_on<'a>(&'a self, mut pool: Locked<'a, Pool>) {
        while let Some(weight) = pool.queue.front().map(|waiter| waiter.weight) {
            let verdict = if weight > pool.limit {
                Verdict::Refused
            } else if pool.fits(weight) {
                pool.used += u64::from(weight);
                Verdict::Granted
            } else {
                return;
            };
            let waker = pool.queue.settle_front(verdict, true);
            drop(pool);
            if let Some(waker) = waker {
                waker.wake();
            }
            pool = self.shared.lock();
        }
    }
}

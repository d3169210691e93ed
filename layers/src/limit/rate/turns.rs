//! The rate of one layer value, and the line of requests that wait for their turn.
//!
//! Each waiter has a timer for its own turn, which its place in the line determines. Whoever is polled grants all turns
//! that have come, from the front, so the line moves on even if the first in it is not polled. When waiters leave, those
//! behind them move up; only the one that comes to the front has to know, because it alone can be next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Waker;
use std::time::Duration;

use super::bucket::{Bucket, Receipt};
use super::config::{Checked, Rate, RateLimit};
use super::line::{Line, Note};
use super::open::{Open, Taken};
use crate::clock::{self, Moment};
use crate::limit::Reason;
use crate::limit::queue::{Arrival, Place, Queue, Verdict, Waiter};
use crate::limit::shared::{Locked, Refusal, Shared};
use crate::request::Until;

/// The rate of one layer value.
#[derive(Debug)]
pub(super) struct Turns {
    epoch: Moment,
    open: Arc<Open>,
    /// The nanoseconds between two requests of weight 1, to be read by those that are refused without the mutex.
    pace: AtomicU64,
    pub(super) shared: Shared<Line>,
}

/// What a request learns when it arrives or asks.
pub(super) enum Answer {
    Admitted,
    Wait(Place, Moment),
    Evicted,
    TooHeavy,
}

impl Turns {
    pub(super) fn new(config: RateLimit, checked: Checked) -> Self {
        let open = Arc::new(Open::new(checked.burst));
        let turns = Self {
            epoch: clock::now(),
            pace: AtomicU64::new(checked.rate.pace()),
            shared: Shared::new(Line {
                config,
                bucket: Bucket::new(checked.rate, checked.burst),
                open: Arc::clone(&open),
                queue: Queue::new(checked.queue, 1),
            }),
            open,
        };
        // Opens it.
        drop(turns.shared.lock());
        turns
    }

    // Out of line: one more place where the lock is taken changes what is inlined on the way of requests.
    #[cold]
    #[inline(never)]
    pub(super) fn limit(&self) -> RateLimit {
        self.shared.lock().config
    }

    pub(super) fn set_rate(&self, count: u32, period: Duration, rate: Rate) {
        let now = self.nanos(clock::now());
        let mut line = self.shared.lock();
        line.config.set_rate(count, period);
        line.bucket.set_rate(now, rate);
        self.pace.store(rate.pace(), Relaxed);
        drop(self.hand_on(line, now, None));
    }

    pub(super) fn set_burst(&self, burst: u32) {
        let now = self.nanos(clock::now());
        let mut line = self.shared.lock();
        line.config = line.config.burst(burst);
        line.bucket.set_burst(burst);
        drop(self.hand_on(line, now, None));
    }

    pub(super) fn set_queue(&self, queue: usize) {
        let mut line = self.shared.lock();
        line.config = line.config.queue(queue);
        line.queue.set_bound(queue);
    }

    /// In how long those that wait now will have had their turn and one more, as if each weighed 1.
    pub(super) fn backlog(&self) -> Duration {
        let turns = self.shared.counters.queued().saturating_add(1);
        Duration::from_nanos(turns.saturating_mul(self.pace.load(Relaxed)))
    }

    fn nanos(&self, at: Moment) -> u64 {
        at.nanos_since(self.epoch)
    }

    fn moment(&self, nanos: u64) -> Moment {
        self.epoch.after_nanos(nanos)
    }

    /// Grants all turns that have come and wakes those and no others.
    #[cold]
    fn hand_on<'a>(&'a self, mut line: Locked<'a, Line>, now: u64, me: Option<&Place>) -> Locked<'a, Line> {
        while let Some(waker) = line.advance(now, me) {
            drop(line);
            waker.wake();
            line = self.shared.lock();
        }
        line
    }

    /// Takes a turn without the mutex, if nobody waits.
    #[inline]
    pub(super) fn take_at_once(&self, now: Moment, weight: u32) -> Taken {
        // Wraps for a moment before the epoch, which is too far from the base then and comes to the mutex.
        self.open
            .take(now.number().wrapping_sub(self.epoch.number()), weight)
    }

    /// Why a request finds neither a turn nor a place, if that is so.
    #[cold]
    pub(super) fn refusal(&self, arrival: &Arrival, now: Moment) -> Option<Reason> {
        // Turns that have come while nobody was polled are granted first.
        let line = self.hand_on(self.shared.lock(), self.nanos(now), None);
        if arrival.weight > line.bucket.burst() {
            return Some(Reason::TooHeavy);
        }
        let full = line.queue.waiting() > 0 && !line.queue.has_place_for(arrival, usize::MAX);
        full.then_some(Reason::RateQueueFull)
    }

    /// Takes a turn at once or joins the line.
    #[cold]
    pub(super) fn join(
        &self,
        arrival: Arrival,
        now: Moment,
        until: Until,
        waker: &Waker,
    ) -> Result<Answer, Refusal> {
        let Arrival { weight, priority, .. } = arrival;
        let now = self.nanos(now);
        let mut line = self.shared.lock();
        let counters = &self.shared.counters;
        let refuse = |line, reason| {
            drop(line);
            Err(counters.reject(reason))
        };
        if weight > line.bucket.burst() {
            return refuse(line, Reason::TooHeavy);
        }
        if line.queue.waiting() > 0 {
            line = self.hand_on(line, now, None);
        }
        // Nobody overtakes those who wait, even if it is light enough to conform where the first of them does not.
        if line.queue.first(priority, |_| true).is_none() && line.bucket.take(now, weight).is_some() {
            return Ok(Answer::Admitted);
        }
        if !line.queue.has_place_for(&arrival, usize::MAX) {
            return refuse(line, Reason::RateQueueFull);
        }
        let before = line.queue.weight_before(priority);
        let at = line.bucket.turn(before + u64::from(weight));
        // What ends never is not late for a turn that never comes.
        if until.ends() && until.at <= self.moment(at) {
            drop(line);
            return Err(counters.elapse(until, Duration::ZERO));
        }
        let note = Note {
            at,
            receipt: Receipt::default(),
        };
        let Some((place, evicted)) = line.queue.join(arrival, usize::MAX, note, waker) else {
            return refuse(line, Reason::RateQueueFull);
        };
        drop(line);
        if let Some(evicted) = evicted {
            evicted.wake();
        }
        Ok(Answer::Wait(place, self.moment(at)))
    }

    pub(super) fn ask(&self, place: Place, now: Moment, waker: &Waker) -> Answer {
        let now = self.nanos(now);
        let mut line = self.hand_on(self.shared.lock(), now, Some(&place));
        let (answer, stale) = match line.queue.verdict(&place) {
            Verdict::Waiting => {
                let stale = line.queue.refresh(&place, waker);
                let at = line.look(&place, now);
                (Answer::Wait(place, self.moment(at)), stale)
            }
            Verdict::Evicted => (Answer::Evicted, None),
            Verdict::Granted => (Answer::Admitted, line.queue.leave(place).1),
            Verdict::Refused => (Answer::TooHeavy, line.queue.leave(place).1),
        };
        drop(line);
        drop(stale);
        answer
    }

    /// A waiter goes. Does not read the clock, which would panic while a thread ends.
    #[cold]
    pub(super) fn leave(&self, place: Place) {
        let mut line = self.shared.lock();
        let of = |waiter: &Waiter<Note>| (waiter.note.receipt, waiter.arrival.weight);
        let (receipt, weight) = line.queue.get(&place).map_or_else(Default::default, of);
        let (verdict, stale) = line.queue.leave(place);
        if verdict == Verdict::Granted {
            line.bucket.take_back(receipt, weight);
        }
        let next = line.hurry(None);
        drop(line);
        if let Some(next) = next {
            next.wake();
        }
        drop(stale);
    }
}

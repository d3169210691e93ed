//! The rate of one layer value, and the line of requests that wait for their turn.
//!
//! Each waiter has a timer for its own turn, which its place in the line determines. Whoever is polled grants all turns
//! that have come, from the front, so the line moves on even if the first in it is not polled. When waiters leave, those
//! behind them move up; only the one that comes to the front has to know, because it alone can be next.

use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::{Bucket, Receipt};
use super::config::{Checked, Rate, RateLimit};
use crate::limit::Reason;
use crate::limit::queue::{Place, Queue, Verdict};
use crate::limit::shared::{Levels, Locked, Refusal, Shared};
use crate::request::Deadline;

#[derive(Debug)]
pub(super) struct Line {
    config: RateLimit,
    bucket: Bucket,
    queue: Queue<Note>,
}

#[derive(Clone, Copy, Debug)]
struct Note {
    /// The moment its timer is set to, or will be at the poll it has been woken for. Not before its turn, unless the rate
    /// was lowered.
    at: u64,
    receipt: Receipt,
}

impl Levels for Line {
    fn active(&self) -> u64 {
        0
    }
    fn queued(&self) -> u64 {
        self.queue.waiting() as u64
    }
}

impl Line {
    /// Grants the turns that have come, until there is somebody to wake for it. `me` is the one being polled.
    fn advance(&mut self, now: u64, me: Option<&Place>) -> Option<Waker> {
        while let Some(weight) = self.queue.front().map(|front| front.weight) {
            let Some(receipt) = self.bucket.take(now, weight) else {
                return self.hurry(me);
            };
            let mine = me.is_some_and(|place| self.queue.is_front(place));
            if let Some(front) = self.queue.front_mut() {
                front.note.receipt = receipt;
            }
            if let Some(waker) = self.queue.settle_front(Verdict::Granted, !mine) {
                return Some(waker);
            }
        }
        None
    }

    /// Sees to it that the first in the line is polled when its turn comes. It has to be woken only if it moved up
    /// because others left, or if the rate was raised.
    fn hurry(&mut self, me: Option<&Place>) -> Option<Waker> {
        let turn = self.bucket.turn(u64::from(self.queue.front()?.weight));
        let mine = me.is_some_and(|place| self.queue.is_front(place));
        let front = self.queue.front_mut()?;
        if front.note.at <= turn {
            return None;
        }
        front.note.at = turn;
        if mine { None } else { front.waker() }
    }
}

/// The rate of one layer value.
#[derive(Debug)]
pub(super) struct Turns {
    epoch: Instant,
    pub(super) shared: Shared<Line>,
}

/// What a request learns when it arrives or asks.
pub(super) enum Answer {
    Admitted,
    Wait(Place, Instant),
}

impl Turns {
    pub(super) fn new(config: RateLimit, checked: Checked) -> Self {
        Self {
            epoch: Instant::now(),
            shared: Shared::new(Line {
                config,
                bucket: Bucket::new(checked.rate, checked.burst),
                queue: Queue::new(checked.queue),
            }),
        }
    }

    pub(super) fn limit(&self) -> RateLimit {
        self.shared.lock().config
    }

    pub(super) fn set_rate(&self, count: u32, period: Duration, rate: Rate) {
        let now = self.nanos(Instant::now());
        let mut line = self.shared.lock();
        line.config.set_rate(count, period);
        line.bucket.set_rate(now, rate);
        drop(self.hand_on(line, now, None));
    }

    fn nanos(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.epoch);
        since
            .as_secs()
            .saturating_mul(1_000_000_000)
            .saturating_add(u64::from(since.subsec_nanos()))
    }

    fn moment(&self, nanos: u64) -> Instant {
        // Further away than any process lives is far enough for a timer.
        const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
        self.epoch + Duration::from_nanos(nanos).min(FAR)
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

    /// Takes a turn at once or joins the line.
    pub(super) fn arrive(
        &self,
        weight: u32,
        now: Instant,
        deadline: Option<Deadline>,
        waker: &Waker,
    ) -> Result<Answer, Refusal> {
        let counters = &self.shared.counters;
        let nanos = self.nanos(now);
        let mut line = self.shared.lock();
        if line.queue.waiting() > 0 {
            line = self.hand_on(line, nanos, None);
        }
        if weight > line.bucket.burst() {
            return Err(counters.reject(Reason::TooHeavy));
        }
        // Nobody overtakes those who wait, even if it is light enough to conform where the first of them does not.
        if line.queue.waiting() == 0 && line.bucket.take(nanos, weight).is_some() {
            return Ok(Answer::Admitted);
        }
        if line.queue.is_full() {
            return Err(counters.reject(Reason::RateQueueFull));
        }
        let at = line.bucket.turn(line.queue.weight() + u64::from(weight));
        if let Some(deadline) = deadline
            && deadline.at <= self.moment(at)
        {
            return Err(counters.elapse(deadline, Duration::ZERO));
        }
        let note = Note {
            at,
            receipt: Receipt::default(),
        };
        match line.queue.join(weight, note, waker) {
            Some(place) => Ok(Answer::Wait(place, self.moment(at))),
            None => Err(counters.reject(Reason::RateQueueFull)),
        }
    }

    pub(super) fn ask(&self, place: Place, now: Instant, waker: &Waker) -> Answer {
        let now = self.nanos(now);
        let mut line = self.hand_on(self.shared.lock(), now, Some(&place));
        let (answer, stale) = if line.queue.verdict(&place) == Verdict::Waiting {
            let stale = line.queue.refresh(&place, waker);
            let waiter = line.queue.get(&place);
            let (at, weight) = (waiter.note.at, u64::from(waiter.weight));
            let at = if at > now {
                at
            } else if line.queue.is_front(&place) {
                line.bucket.turn(weight)
            } else {
                // The rate was lowered. Its exact turn would be the sum of all before it; the turn of the last will
                // do, because it is told when it comes to the front.
                line.bucket.turn(line.queue.weight())
            };
            line.queue.get_mut(&place).note.at = at;
            (Answer::Wait(place, self.moment(at)), stale)
        } else {
            let (_, stale) = line.queue.leave(place);
            (Answer::Admitted, stale)
        };
        drop(line);
        drop(stale);
        answer
    }

    /// A waiter goes. Does not read the clock, which would panic while a thread ends.
    pub(super) fn leave(&self, place: Place) {
        let mut line = self.shared.lock();
        let Note { receipt, .. } = line.queue.get(&place).note;
        let weight = line.queue.get(&place).weight;
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

//! What is kept under the mutex: the bucket and those who wait for it.

use std::sync::Arc;
use std::task::Waker;

use super::bucket::{Bucket, Receipt};
use super::config::RateLimit;
use super::open::Open;
use crate::limit::queue::{Arrival, Place, Queue, Verdict};
use crate::limit::shared::Queued;
use crate::request::Priority;

#[derive(Debug)]
pub(super) struct Line {
    pub(super) config: RateLimit,
    pub(super) bucket: Bucket,
    pub(super) open: Arc<Open>,
    pub(super) queue: Queue<Note>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    /// The moment its timer is set to, or will be at the poll it has been woken for. Not before its turn, unless the rate
    /// was lowered or more important ones have come since.
    pub(super) at: u64,
    pub(super) receipt: Receipt,
}

impl Queued for Line {
    fn queued(&self) -> usize {
        self.queue.waiting()
    }
    fn shut_classes(&self) -> u8 {
        self.queue.shut_classes()
    }
    fn locked(&mut self) {
        self.open.close(&mut self.bucket);
    }
    fn unlocking(&mut self) {
        if self.queue.waiting() == 0 {
            self.open.open(&self.bucket);
        }
    }
}

impl Line {
    fn first(&self) -> Option<u32> {
        self.queue.first(Priority::Low, |_| true)
    }

    /// Grants the turns that have come, until there is somebody to wake for it. `me` is the one being polled.
    pub(super) fn advance(&mut self, now: u64, me: Option<&Place>) -> Option<Waker> {
        while let Some(first) = self.first() {
            let weight = self.queue.at(first).arrival.weight;
            let mine = me.is_some_and(|place| self.queue.is_at(place, first));
            if weight > self.bucket.burst() {
                // The burst was lowered while it waited.
                if let Some(waker) = self.queue.settle(first, Verdict::Refused, !mine) {
                    return Some(waker);
                }
                continue;
            }
            let Some(receipt) = self.bucket.take(now, weight) else {
                return self.hurry(me);
            };
            self.queue.at_mut(first).note.receipt = receipt;
            if let Some(waker) = self.queue.settle(first, Verdict::Granted, !mine) {
                return Some(waker);
            }
        }
        None
    }

    /// Sees to it that the first in the line is polled when its turn comes. It has to be woken only if it moved up
    /// because others left, or if the rate was raised.
    pub(super) fn hurry(&mut self, me: Option<&Place>) -> Option<Waker> {
        let first = self.first()?;
        let turn = self.bucket.turn(u64::from(self.queue.at(first).arrival.weight));
        let mine = me.is_some_and(|place| self.queue.is_at(place, first));
        let waiter = self.queue.at_mut(first);
        if waiter.note.at <= turn {
            return None;
        }
        waiter.note.at = turn;
        if mine { None } else { waiter.waker() }
    }

    /// When to look again whether the turn of one that waits has come.
    pub(super) fn look(&mut self, place: &Place, now: u64) -> u64 {
        let first = self.first();
        let weight_before = |priority| self.queue.weight_before(priority);
        let Some(waiter) = self.queue.get(place) else {
            return now;
        };
        let Arrival { weight, priority, .. } = waiter.arrival;
        let at = if waiter.note.at > now {
            waiter.note.at
        } else if first.is_some_and(|first| self.queue.is_at(place, first)) {
            self.bucket.turn(u64::from(weight))
        } else {
            // The rate was lowered, or others came before it. Its exact turn would be the sum of all before it; the turn
            // of the last of its class will do, because it is told when it comes to be the first.
            self.bucket.turn(weight_before(priority))
        };
        if let Some(waiter) = self.queue.get_mut(place) {
            waiter.note.at = at;
        }
        at
    }
}

//! What is kept under the mutex: those who wait, and what each share has taken.

use crate::limit::queue::{Arrival, Queue};
use crate::limit::shared::Queued;

#[derive(Debug)]
pub(super) struct Pool {
    pub(super) queue: Queue<()>,
    /// Of the kinds from 1 on; kind 0 has no share of its own.
    shares: Box<[Share]>,
}

#[derive(Debug)]
struct Share {
    part: f64,
    /// The permits that the part makes of the limit.
    cap: u32,
    used: u64,
}

/// At least 1, so that a share is never too small for any request at all. A part such as 0.29 is a little less as a binary
/// fraction, and 0.29 of 100 is meant to be 29.
fn part_of(part: f64, whole: f64) -> f64 {
    (part * whole * (1.0 + 1e-12)).floor().max(1.0)
}

impl Queued for Pool {
    fn queued(&self) -> usize {
        self.queue.waiting()
    }
    fn shut_classes(&self) -> u8 {
        self.queue.shut_classes()
    }
}

impl Pool {
    pub(super) fn new(queue: usize, limit: u32, parts: &[f64]) -> Self {
        let share = |part: &f64| Share {
            part: *part,
            cap: part_of(*part, f64::from(limit)) as u32,
            used: 0,
        };
        Self {
            queue: Queue::new(queue, 1 + parts.len()),
            shares: parts.iter().map(share).collect(),
        }
    }

    fn share(&self, kind: u8) -> Option<&Share> {
        self.shares.get(usize::from(kind).checked_sub(1)?)
    }

    pub(super) fn part(&self, kind: u8) -> Option<f64> {
        self.share(kind).map(|share| share.part)
    }

    pub(super) fn set_part(&mut self, kind: u8, part: f64, limit: u32) {
        if let Some(share) = usize::from(kind)
            .checked_sub(1)
            .and_then(|at| self.shares.get_mut(at))
        {
            share.part = part;
        }
        self.set_limit(limit);
    }

    pub(super) fn set_limit(&mut self, limit: u32) {
        for share in &mut self.shares {
            share.cap = part_of(share.part, f64::from(limit)) as u32;
        }
    }

    /// The most that a request of this kind can ever get.
    pub(super) fn most(&self, kind: u8, limit: u32) -> u32 {
        self.share(kind).map_or(limit, |share| share.cap)
    }

    /// Does its share leave room for it? One that is too heavy for its share is not held back by it: it gets its refusal
    /// in its turn.
    pub(super) fn may_run(&self, arrival: &Arrival) -> bool {
        self.share(arrival.kind).is_none_or(|share| {
            arrival.weight > share.cap || share.used + u64::from(arrival.weight) <= u64::from(share.cap)
        })
    }

    pub(super) fn used(&self, kind: u8) -> u64 {
        self.share(kind).map_or(0, |share| share.used)
    }

    pub(super) fn charge(&mut self, kind: u8, weight: u32) {
        if let Some(share) = usize::from(kind)
            .checked_sub(1)
            .and_then(|at| self.shares.get_mut(at))
        {
            share.used += u64::from(weight);
        }
    }

    pub(super) fn credit(&mut self, kind: u8, weight: u32) {
        if let Some(share) = usize::from(kind)
            .checked_sub(1)
            .and_then(|at| self.shares.get_mut(at))
        {
            share.used -= u64::from(weight);
        }
    }

    /// How many of a kind may wait: a label that may not fill the permits may not fill the queue either. Who has no share is bounded by the
    /// queue as a whole alone: after that became shorter, who waits beyond it does not make a kind of its own full.
    pub(super) fn room(&self, kind: u8) -> usize {
        let queue = self.queue.bound() as f64;
        self.share(kind)
            .map_or(usize::MAX, |share| part_of(share.part, queue) as usize)
    }
}

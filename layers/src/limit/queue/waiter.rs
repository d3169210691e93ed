use std::task::Waker;

use crate::request::Priority;

/// What was decided about a waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::limit) enum Verdict {
    /// Nothing yet.
    Waiting,
    /// It has what it asked for, and has to give it back.
    Granted,
    /// It asks for more than there will ever be.
    Refused,
    /// Its place went to a more important one.
    Evicted,
}

/// A place in the queue. Neither `Clone` nor `Copy`: its owner gives it back once, by [`Queue::leave`].
#[derive(Debug)]
pub(in crate::limit) struct Place {
    pub(super) index: u32,
    pub(super) number: u64,
}

/// Who wants to wait.
#[derive(Clone, Copy, Debug)]
pub(in crate::limit) struct Arrival {
    pub(in crate::limit) weight: u32,
    pub(in crate::limit) priority: Priority,
    /// The limit's own division of requests, below the number that the queue was made with.
    pub(in crate::limit) kind: u8,
}

/// One waiter. `T` is what the limit notes about it.
#[derive(Debug)]
pub(in crate::limit) struct Waiter<T> {
    pub(in crate::limit) arrival: Arrival,
    pub(in crate::limit) note: T,
    /// Counts arrivals.
    pub(super) number: u64,
    pub(super) verdict: Verdict,
    pub(super) waker: Option<Waker>,
    /// Neighbours in the line while waiting; `next` also links the unused slots.
    pub(super) previous: Option<u32>,
    pub(super) next: Option<u32>,
}

impl<T> Waiter<T> {
    /// The waker to call, which stays: the waiter goes on waiting.
    pub(in crate::limit) fn waker(&self) -> Option<Waker> {
        self.waker.clone()
    }
}

//! What both limits share with their handles: a state under a mutex, and figures that are read without it.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::{Reason, Rejected};
use crate::classify::Applied;
use crate::metrics::Metrics;
use crate::request::Deadline;
use crate::timeout::Elapsed;

/// How many requests a limit refused, by cause, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejections {
    /// The queue was full: [`Rejected`].
    pub queue_full: u64,
    /// The request's deadline passed in the queue, had passed on arrival, or would have passed before its turn:
    /// [`Elapsed`].
    pub elapsed: u64,
    /// The request weighed more than the limit can ever grant: [`Rejected`].
    pub too_heavy: u64,
}

impl Rejections {
    /// All causes together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.queue_full + self.elapsed + self.too_heavy
    }
}

/// Why a request is not admitted, as one of the two public errors.
#[derive(Debug)]
pub(super) enum Refusal {
    Rejected(Rejected),
    Elapsed(Elapsed),
}

impl Refusal {
    pub(super) fn into_error<E: From<Rejected> + From<Elapsed>>(self) -> E {
        match self {
            Self::Rejected(error) => error.into(),
            Self::Elapsed(error) => error.into(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    admitted: AtomicU64,
    queue_full: AtomicU64,
    elapsed: AtomicU64,
    too_heavy: AtomicU64,
    active: AtomicU64,
    queued: AtomicU64,
    metrics: OnceLock<Metrics>,
}

impl Counters {
    /// Refusals are counted there as well. The first one given stays.
    pub(super) fn show_in(&self, metrics: Metrics) {
        let _ = self.metrics.set(metrics);
    }

    fn show(&self, reason: &'static str) {
        if let Some(metrics) = self.metrics.get() {
            metrics.rejected(reason);
        }
    }

    pub(super) fn admit(&self) {
        self.admitted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn reject(&self, reason: Reason) -> Refusal {
        let counter = match reason {
            Reason::TooHeavy => &self.too_heavy,
            Reason::ConcurrencyQueueFull
            | Reason::RateQueueFull
            | Reason::NodesFull
            | Reason::PreparesFull => &self.queue_full,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.show(reason.label());
        Refusal::Rejected(Rejected::new(reason))
    }

    /// A request that was never handed on ran out of time.
    pub(super) fn elapse(&self, deadline: Deadline, waited: Duration) -> Refusal {
        self.elapsed.fetch_add(1, Ordering::Relaxed);
        self.show("queue_timeout");
        Refusal::Elapsed(Elapsed::new(deadline.limit, waited, Applied::No))
    }

    pub(super) fn admitted(&self) -> u64 {
        self.admitted.load(Ordering::Relaxed)
    }

    pub(super) fn active(&self) -> u64 {
        self.active.load(Ordering::Relaxed)
    }

    pub(super) fn queued(&self) -> u64 {
        self.queued.load(Ordering::Relaxed)
    }

    pub(super) fn rejected(&self) -> Rejections {
        Rejections {
            queue_full: self.queue_full.load(Ordering::Relaxed),
            elapsed: self.elapsed.load(Ordering::Relaxed),
            too_heavy: self.too_heavy.load(Ordering::Relaxed),
        }
    }
}

/// The levels that a state has now.
pub(super) trait Levels {
    /// Permits taken.
    fn active(&self) -> u64;
    /// Requests that wait.
    fn queued(&self) -> u64;
}

#[derive(Debug)]
pub(super) struct Shared<T> {
    state: Mutex<T>,
    pub(super) counters: Counters,
}

impl<T: Levels> Shared<T> {
    pub(super) fn new(state: T) -> Self {
        Self {
            state: Mutex::new(state),
            counters: Counters::default(),
        }
    }

    /// Never kept across an await, a wake or the drop of a waker.
    pub(super) fn lock(&self) -> Locked<'_, T> {
        Locked {
            // No code that can panic leaves the state half changed, so a poisoned one is as good as any.
            state: self.state.lock().unwrap_or_else(PoisonError::into_inner),
            counters: &self.counters,
        }
    }
}

/// The locked state. Publishes its levels when it is unlocked, so that no change can forget to.
pub(super) struct Locked<'a, T: Levels> {
    state: MutexGuard<'a, T>,
    counters: &'a Counters,
}

impl<T: Levels> Deref for Locked<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.state
    }
}

impl<T: Levels> DerefMut for Locked<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.state
    }
}

impl<T: Levels> Drop for Locked<'_, T> {
    // Runs before the guard is dropped: stores of two holders cannot change places.
    fn drop(&mut self) {
        self.counters.active.store(self.state.active(), Ordering::Relaxed);
        self.counters.queued.store(self.state.queued(), Ordering::Relaxed);
    }
}

//! What both limits share with their handles: a state under a mutex, and figures that are read without it.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::waits::{Recorder, Waits};
use super::{Reason, Rejected};
use crate::classify::Applied;
use crate::metrics::{InQueue, LimitMetrics};
use crate::request::{Context, Priority, Until};
use crate::timeout::Elapsed;

/// How many requests a limit refused, by cause, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejections {
    /// The queue was full, or a more important request took the place in it: [`Rejected`].
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
    /// Adds what another limit had made the request wait before.
    pub(super) fn after(self, context: &Context) -> Self {
        match self {
            Self::Elapsed(error) => Self::Elapsed(error.after(context.queue_wait())),
            Self::Rejected(_) => self,
        }
    }

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
    waits: Recorder,
    queued: AtomicU64,
    metrics: OnceLock<LimitMetrics>,
}

impl Counters {
    /// The figures are shown there as well. The first one given stays.
    pub(super) fn show_in(&self, metrics: LimitMetrics) {
        let _ = self.metrics.set(metrics);
    }

    /// For the time that a request waits.
    pub(super) fn queue(&self) -> Option<InQueue> {
        self.metrics.get()?.queued()
    }

    pub(super) fn show_in_flight(&self, permits: u64) {
        if let Some(metrics) = self.metrics.get() {
            metrics.set_in_flight(permits);
        }
    }

    pub(super) fn show_max(&self, limit: f64) {
        if let Some(metrics) = self.metrics.get() {
            metrics.set_max(limit);
        }
    }

    fn show(&self, reason: &'static str) {
        if let Some(metrics) = self.metrics.get() {
            metrics.rejected(reason);
        }
    }

    #[inline]
    pub(super) fn admit(&self) {
        self.admitted.fetch_add(1, Ordering::Relaxed);
    }

    /// One that had to wait.
    pub(super) fn admit_after(&self, waited: Duration) {
        self.waits.record(waited);
        if let Some(metrics) = self.metrics.get() {
            metrics.waited(waited);
        }
        self.admit();
    }

    // Out of line: the way of those that pass is shorter without it.
    #[cold]
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
    #[cold]
    pub(super) fn elapse(&self, until: Until, waited: Duration) -> Refusal {
        self.elapsed.fetch_add(1, Ordering::Relaxed);
        self.show("queue_timeout");
        Refusal::Elapsed(Elapsed::new(until.limit, waited, Applied::No))
    }

    pub(super) fn admitted(&self) -> u64 {
        self.admitted.load(Ordering::Relaxed)
    }

    pub(super) fn waits(&self) -> Waits {
        self.waits.snapshot(self.admitted())
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

/// A state with a queue.
pub(super) trait Queued {
    /// How many requests wait now.
    fn queued(&self) -> usize;

    /// How many classes of priority, the lowest first, find no place in it now.
    fn shut_classes(&self) -> u8;

    /// It has been locked.
    fn locked(&mut self) {}

    /// It is about to be unlocked.
    fn unlocking(&mut self) {}
}

#[derive(Debug)]
pub(super) struct Shared<T> {
    state: Mutex<T>,
    shut_classes: AtomicU8,
    pub(super) counters: Counters,
}

impl<T: Queued> Shared<T> {
    pub(super) fn new(state: T) -> Self {
        Self {
            shut_classes: AtomicU8::new(state.shut_classes()),
            state: Mutex::new(state),
            counters: Counters::default(),
        }
    }

    /// Never kept across an await, a wake or the drop of a waker.
    pub(super) fn lock(&self) -> Locked<'_, T> {
        // No code that can panic leaves the state half changed, so a poisoned one is as good as any.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.locked();
        Locked { state, shared: self }
    }

    /// Was there no place for this class when the state was last unlocked?
    #[inline]
    pub(super) fn refuses(&self, priority: Priority) -> bool {
        (priority as u8) < self.shut_classes.load(Ordering::Relaxed)
    }
}

/// The locked state. Publishes how full the queue is when it is unlocked, so that no change can forget to.
pub(super) struct Locked<'a, T: Queued> {
    state: MutexGuard<'a, T>,
    shared: &'a Shared<T>,
}

impl<T: Queued> Deref for Locked<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.state
    }
}

impl<T: Queued> DerefMut for Locked<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.state
    }
}

impl<T: Queued> Drop for Locked<'_, T> {
    // Runs before the guard is dropped: stores of two holders cannot change places.
    fn drop(&mut self) {
        self.state.unlocking();
        let queued = self.state.queued() as u64;
        self.shared.counters.queued.store(queued, Ordering::Relaxed);
        self.shared
            .shut_classes
            .store(self.state.shut_classes(), Ordering::Relaxed);
    }
}

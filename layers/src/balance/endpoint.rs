//! One node as the client sees it.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::ledger::Ledger;
use super::speed::Speed;
use crate::health::{Passive, Sent, Shared, Watched};
use crate::metrics::NodeMetrics;
use crate::request::NodeId;

/// "Nothing" for the times that are kept, as the numbers of moments.
const NEVER: u64 = u64::MAX;
/// A mean without a new sample for so many nanoseconds says nothing any more: 10 s.
const STALE: u64 = 10_000_000_000;

/// What nodes are measured by at one moment.
pub(super) struct Bar {
    pub(super) now: u64,
    pub(super) stall_limit: u64,
    node_limit: u32,
    abandoned_limit: u32,
    /// Who has answered since then is not silent.
    answered_since: u64,
    /// Means without a newer sample say nothing any more.
    sampled_since: u64,
}

impl Bar {
    #[inline]
    pub(super) fn new(shared: &Shared, now: u64) -> Self {
        let stall_limit = shared.stall_limit();
        Self {
            now,
            stall_limit,
            node_limit: shared.settings.node_limit,
            abandoned_limit: shared.settings.abandoned_limit,
            answered_since: now.saturating_sub(stall_limit),
            sampled_since: now.saturating_sub(STALE),
        }
    }
}

/// A node: what is under way to it, how it answered of late, and whether it may be chosen.
///
/// Made by [`Table::endpoint`](crate::health::Table::endpoint); shared by the balancer, the prober and everyone who shows health.
pub struct Endpoint {
    id: NodeId,
    name: Box<str>,
    payload: Box<dyn Any + Send + Sync>,
    pub(super) shared: Arc<Shared>,
    ledger: Mutex<Ledger>,
    pub(super) abandoned: AtomicU32,
    /// Copies of what the ledger counts and of its oldest send time, to read without its lock.
    in_flight: AtomicU32,
    oldest: AtomicU64,
    pub(super) last_answer: AtomicU64,
    pub(super) speed: Speed,
    pub(crate) passive: Passive,
    pub(crate) watched: Watched,
    metrics: Option<NodeMetrics>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("in_flight", &self.in_flight())
            .field("abandoned", &self.abandoned())
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    pub(crate) fn new(
        id: NodeId,
        name: Box<str>,
        payload: Box<dyn Any + Send + Sync>,
        shared: Arc<Shared>,
        metrics: Option<NodeMetrics>,
    ) -> Self {
        // What nobody has complained of yet is taken to be well.
        if let Some(metrics) = &metrics {
            metrics.set_healthy(true);
        }
        Self {
            id,
            name,
            payload,
            shared,
            ledger: Mutex::default(),
            in_flight: AtomicU32::new(0),
            abandoned: AtomicU32::new(0),
            oldest: AtomicU64::new(NEVER),
            last_answer: AtomicU64::new(0),
            speed: Speed::default(),
            passive: Passive::default(),
            watched: Watched::default(),
            metrics,
        }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// Its name for people and metrics, usually the address.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the maker of the endpoint attached to it.
    #[must_use]
    pub fn payload<T: 'static>(&self) -> Option<&T> {
        self.payload.downcast_ref()
    }

    /// Requests that the node has not answered, abandoned ones included.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// Requests that nobody waits for any more and that the node has not answered.
    #[must_use]
    pub fn abandoned(&self) -> u32 {
        self.abandoned.load(Relaxed)
    }

    /// Requests sent to it since this endpoint was made, those of a warm-up or a pinned statement included, probes not. Takes the lock that every request to the node
    /// takes, for a moment: for those who look from time to time.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entered()
    }

    /// Mean latency of its answers that were no failures; none before the first. It is a moving average in which a sample weighs 0.05. One below the mean
    /// weighs as much as the part of a second that has passed since the one before, if that is more: slowness that is over is forgotten.
    #[must_use]
    pub fn mean_latency(&self) -> Option<Duration> {
        self.speed.mean().map(Duration::from_nanos)
    }

    /// Does nothing speak against it, if it is connected?
    #[inline]
    pub(super) fn is_well(&self, in_flight: u32, bar: &Bar) -> bool {
        let is_silent = || {
            self.last_answer.load(Relaxed) < bar.answered_since && self.is_stalled(bar.now, bar.stall_limit)
        };
        in_flight < bar.node_limit
            && self.abandoned() < bar.abandoned_limit
            && !self.passive.is_ejected()
            && !is_silent()
    }

    /// The mean latency in nanoseconds as long as it says how fast the node is, or [`UNSETTLED`](super::speed::UNSETTLED).
    #[inline]
    pub(super) fn settled_mean(&self, bar: &Bar) -> u64 {
        self.speed.settled(bar.sampled_since)
    }

    /// When it last answered a request with success, as the number of a moment; 0 when it never has.
    pub(crate) fn last_success(&self) -> u64 {
        self.speed.last_success()
    }

    /// The age of the oldest unanswered request, as of `now`.
    pub(crate) fn oldest_age(&self, now: u64) -> Option<u64> {
        match self.oldest.load(Relaxed) {
            NEVER => None,
            sent => Some(now.saturating_sub(sent)),
        }
    }

    /// Is it silent: its oldest request overdue, and no answer of any kind for as long?
    pub(crate) fn is_stalled(&self, now: u64, limit: u64) -> bool {
        now.saturating_sub(self.last_answer.load(Relaxed)) > limit
            && self.oldest_age(now).is_some_and(|age| age > limit)
    }

    /// Is it at its limit of requests in flight or of abandoned ones?
    pub(crate) fn is_full(&self) -> bool {
        self.is_full_at(self.in_flight())
    }

    /// As [`is_full`](Self::is_full), with so many in flight.
    pub(super) fn is_full_at(&self, in_flight: u32) -> bool {
        let settings = &self.shared.settings;
        in_flight >= settings.node_limit || self.abandoned() >= settings.abandoned_limit
    }

    /// The handles of its metrics, where its table has any.
    pub(crate) const fn metrics(&self) -> Option<&NodeMetrics> {
        self.metrics.as_ref()
    }

    /// A real request proved it well.
    #[inline]
    pub(super) fn did_well(&self, sent: Sent) {
        if self.passive.succeeded(self.who(), sent, &self.shared) {
            self.came_back();
        }
    }

    #[cold]
    fn came_back(&self) {
        self.speed.forgive();
        self.show_health();
    }

    /// A real request failed by its fault, with this label.
    pub(super) fn did_badly(&self, label: &'static str, now: u64, sent: Sent) {
        if self.passive.failed(self.who(), label, sent, now, &self.shared)
            && let Some(metrics) = &self.metrics
        {
            metrics.ejected();
            self.show_health();
        }
    }

    pub(super) fn show_abandoned(&self) {
        if let Some(metrics) = &self.metrics {
            metrics.set_abandoned(self.abandoned() as usize);
        }
    }

    #[inline]
    pub(super) fn with_ledger<T>(&self, f: impl FnOnce(&mut Ledger) -> T) -> T {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let result = f(&mut ledger);
        self.oldest.store(ledger.oldest().unwrap_or(NEVER), Relaxed);
        let in_flight = ledger.len();
        self.in_flight.store(in_flight, Relaxed);
        // Under the lock, so that the gauge shows the later of two figures.
        if let Some(metrics) = &self.metrics {
            metrics.set_in_flight(in_flight as usize);
        }
        result
    }
}

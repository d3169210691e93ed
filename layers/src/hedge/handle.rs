//! What a layer tells of itself, whatever its classifier is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::savings::Savings;
use crate::metrics::HedgeEvent;
use crate::request::HedgeClass;

/// What is counted without a recorder: only what is as rare as second attempts are.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sent: AtomicU64,
    won: AtomicU64,
    no_budget: AtomicU64,
}

impl Tally {
    #[inline]
    pub(super) fn count(&self, event: HedgeEvent) {
        let counter = match event {
            HedgeEvent::Sent => &self.sent,
            HedgeEvent::Won => &self.won,
            HedgeEvent::NoBudget => &self.no_budget,
            // The last one is the way of every request that must not be sent twice: it stays as short as it was.
            HedgeEvent::Lost | HedgeEvent::NoCandidate | HedgeEvent::NotEligible => return,
        };
        counter.fetch_add(1, Relaxed);
    }
}

/// What a handle reads.
pub(super) trait Figures: Send + Sync {
    fn savings(&self) -> &Savings;
    fn tally(&self) -> &Tally;
    fn delay(&self, class: HedgeClass) -> Option<Duration>;
}

/// The figures of a [`HedgeLayer`](super::HedgeLayer), all since the layer was made. From [`HedgeLayer::handle`](super::HedgeLayer::handle). They are read one by one,
/// without a lock.
#[derive(Clone)]
pub struct HedgeHandle {
    shared: Arc<dyn Figures>,
}

impl HedgeHandle {
    pub(super) fn new(shared: Arc<dyn Figures>) -> Self {
        Self { shared }
    }

    /// How many second attempts the calls have earned that were not made yet.
    #[must_use]
    pub fn saved(&self) -> u64 {
        self.shared.savings().saved()
    }

    /// How many are saved at most: the [burst](super::Hedge::burst).
    #[must_use]
    pub fn burst(&self) -> u64 {
        self.shared.savings().most()
    }

    /// How many second attempts were sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.shared.tally().sent.load(Relaxed)
    }

    /// How many of them were faster than the first one.
    #[must_use]
    pub fn won(&self) -> u64 {
        self.shared.tally().won.load(Relaxed)
    }

    /// How often an attempt took longer than the delay, and there was nothing to pay a second one with.
    #[must_use]
    pub fn without_budget(&self) -> u64 {
        self.shared.tally().no_budget.load(Relaxed)
    }

    /// The delay that holds now for this class; none as long as too little is known.
    #[must_use]
    pub fn delay(&self, class: HedgeClass) -> Option<Duration> {
        self.shared.delay(class)
    }
}

impl fmt::Debug for HedgeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HedgeHandle")
            .field("saved", &self.saved())
            .field("sent", &self.sent())
            .field("won", &self.won())
            .finish_non_exhaustive()
    }
}

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tower_layer::Layer;

use super::delay::Delay;
use super::handle::{Figures, HedgeHandle, Tally};
use super::savings::Savings;
use super::service::Hedged;
use super::settings::Hedge;
use crate::classify::Classify;
use crate::clock::Moment;
use crate::config::InvalidConfig;
use crate::metrics::{HedgeEvent, HedgeMetrics, Metrics};
use crate::random::Random;
use crate::request::{Context, HedgeClass};
use crate::retry::Budget;
use crate::trace::emit;

/// Makes a second attempt beside a slow first one. See the [module](crate::hedge).
#[derive(Debug)]
pub struct HedgeLayer<C> {
    shared: Arc<Shared<C>>,
}

#[derive(Debug)]
pub(super) struct Shared<C> {
    pub(super) classifier: C,
    pub(super) savings: Savings,
    delays: [Delay; 2],
    calls: AtomicU32,
    budget: OnceLock<Budget>,
    metrics: OnceLock<HedgeMetrics>,
    has_said_idle: AtomicBool,
    tally: Tally,
}

/// What is known of a second attempt when the first one begins.
pub(super) enum Plan {
    At(Moment),
    TooDear,
    None,
}

impl<C> Clone for HedgeLayer<C> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<C> HedgeLayer<C> {
    /// Hedges by these settings; `classifier` joins the errors of two attempts that failed.
    ///
    /// # Errors
    /// [`InvalidConfig`] for a quantile outside of (0.5, 1), a share of 0 or above 1, a burst of 0 and durations of zero.
    pub fn new(hedge: Hedge, classifier: C) -> Result<Self, InvalidConfig> {
        hedge.validate()?;
        let shared = Shared {
            classifier,
            savings: Savings::new(hedge.share, hedge.burst),
            delays: [Delay::new(&hedge), Delay::new(&hedge)],
            // Somewhere, so that two layers over one table of nodes are far apart.
            calls: AtomicU32::new(Random::new().next() as u32 | 1),
            budget: OnceLock::new(),
            metrics: OnceLock::new(),
            has_said_idle: AtomicBool::new(false),
            tally: Tally::default(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Has second attempts paid by this budget too, that of the [retries](crate::retry::RetryPolicy::budget): together they stay within its bound. The first
    /// one given stays. Default: none.
    #[must_use]
    pub fn with_budget(self, budget: Budget) -> Self {
        let _ = self.shared.budget.set(budget);
        self
    }

    /// Counts second attempts and shows the delay, for all services of this value. The first metrics given stay.
    #[must_use]
    pub fn with_metrics(self, metrics: &Metrics) -> Self {
        let _ = self.shared.metrics.set(metrics.hedge());
        for class in [HedgeClass::Read, HedgeClass::Write] {
            if let Some(delay) = self.shared.delay(class).nanos() {
                self.shared.show(class, delay);
            }
        }
        self
    }

    /// Reads the figures of this value while it runs.
    #[must_use]
    pub fn handle(&self) -> HedgeHandle
    where
        C: Send + Sync + 'static,
    {
        HedgeHandle::new(Arc::clone(&self.shared) as _)
    }

    /// The delay that holds now for this class; none as long as too little is known.
    #[must_use]
    pub fn delay(&self, class: HedgeClass) -> Option<Duration> {
        self.shared.delay(class).nanos().map(Duration::from_nanos)
    }
}

impl<C: Send + Sync> Figures for Shared<C> {
    fn savings(&self) -> &Savings {
        &self.savings
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }

    fn delay(&self, class: HedgeClass) -> Option<Duration> {
        self.delays[class as usize].nanos().map(Duration::from_nanos)
    }
}

impl<C> Shared<C> {
    pub(super) const fn delay(&self, class: HedgeClass) -> &Delay {
        &self.delays[class as usize]
    }

    /// Whether and when there is to be a second attempt beside one that begins now.
    #[inline]
    pub(super) fn plan(&self, class: HedgeClass, context: &Context, now: Moment) -> Plan {
        let Some(delay) = self.delay(class).nanos() else {
            return Plan::None;
        };
        let at = now.after_nanos(delay);
        if at >= context.until().at || context.attempt.stay().is_some() {
            return Plan::None;
        }
        // No timer for what cannot be.
        if !self.savings.has_one() || self.budget.get().is_some_and(Budget::seems_empty) {
            return Plan::TooDear;
        }
        Plan::At(at)
    }

    /// There was no budget for a second attempt beside one that took so long.
    #[cold]
    pub(super) fn went_without(&self, class: HedgeClass, took: u64) {
        if self.delay(class).nanos().is_some_and(|delay| took >= delay) {
            self.count(HedgeEvent::NoBudget);
        }
    }

    /// A number that no other call under way has, and not 0. Should two have it after all, a node may be passed over that could have been asked.
    pub(super) fn next_call(&self) -> u32 {
        self.calls.fetch_add(2, Relaxed)
    }

    #[inline]
    pub(super) fn count(&self, event: HedgeEvent) {
        self.tally.count(event);
        if let Some(metrics) = self.metrics.get() {
            metrics.count(event);
        }
    }

    #[inline]
    pub(super) fn learn(&self, class: HedgeClass, took: u64) {
        if let Some(delay) = self.delay(class).learn(took) {
            self.show(class, delay);
        }
    }

    #[cold]
    #[expect(clippy::cast_precision_loss, reason = "exact up to 104 days")]
    fn show(&self, class: HedgeClass, delay: u64) {
        if let Some(metrics) = self.metrics.get() {
            metrics.set_delay(class as usize, delay as f64 / 1e9);
        }
    }

    /// Takes what one second attempt costs, if both budgets have it.
    pub(super) fn pay(self: &Arc<Self>, now: Moment) -> Option<Paid<C>> {
        if !self.savings.take() {
            return None;
        }
        if self.budget.get().is_none_or(|budget| budget.take(now)) {
            Some(Paid(Some(Arc::clone(self))))
        } else {
            self.savings.give_back();
            None
        }
    }

    /// Gives it back, because nothing was sent.
    pub(super) fn give_back(&self) {
        self.savings.give_back();
        if let Some(budget) = self.budget.get() {
            budget.give_back();
        }
    }

    /// With one node there is nowhere to send a second attempt. Said once.
    pub(super) fn has_other_nodes<Req, Res, E>(&self) -> bool
    where
        C: Classify<Req, Res, E>,
    {
        let has_others = self.classifier.has_alternatives();
        if !has_others && !self.has_said_idle.swap(true, Relaxed) {
            emit(|| tracing::info!("hedging is idle: there is no second node to ask"));
        }
        has_others
    }
}

/// What one second attempt costs. Given back when it is dropped before it was spent, also with the call.
pub(super) struct Paid<C>(Option<Arc<Shared<C>>>);

impl<C> Paid<C> {
    /// It was sent.
    pub(super) fn spend(mut self) {
        self.0 = None;
    }
}

impl<C> Drop for Paid<C> {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.give_back();
        }
    }
}

impl<S, C> Layer<S> for HedgeLayer<C> {
    type Service = Hedged<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        Hedged {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}

use std::sync::Arc;

use ::metrics::{Counter, Gauge};

use super::{Metrics, names};

/// What becomes of second attempts, and of the thought of making one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HedgeEvent {
    Sent,
    Won,
    Lost,
    NoBudget,
    NoCandidate,
    NotEligible,
}

/// The handles of one hedge layer. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct HedgeMetrics {
    metrics: Metrics,
    handles: Arc<Handles>,
}

#[derive(Debug)]
struct Handles {
    /// In the order of [`HedgeEvent`].
    events: [Counter; 6],
    /// For reads and writes.
    delays: [Gauge; 2],
}

impl Metrics {
    pub(crate) fn hedge(&self) -> HedgeMetrics {
        let registry = self.registry();
        let event = |event| registry.counter(&names::HEDGES, &[("event", event)]);
        let delay = |class| registry.gauge(&names::HEDGE_DELAY, &[("class", class)]);
        HedgeMetrics {
            metrics: self.clone(),
            handles: Arc::new(Handles {
                events: ["sent", "won", "lost", "no_budget", "no_candidate", "not_eligible"].map(event),
                delays: ["read", "write"].map(delay),
            }),
        }
    }
}

impl HedgeMetrics {
    #[inline]
    pub(crate) fn count(&self, event: HedgeEvent) {
        let switch = &self.metrics.registry().switch;
        switch.record(|| self.handles.events[event as usize].increment(1));
    }

    pub(crate) fn set_delay(&self, class: usize, seconds: f64) {
        let switch = &self.metrics.registry().switch;
        switch.record(|| {
            if let Some(gauge) = self.handles.delays.get(class) {
                gauge.set(seconds);
            }
        });
    }
}

use std::sync::Arc;
use std::time::Duration;

use ::metrics::{Gauge, Histogram};

use super::{Metrics, names};

/// The handles of one limit. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct LimitMetrics {
    metrics: Metrics,
    handles: Arc<Handles>,
}

#[derive(Debug)]
struct Handles {
    wait: Histogram,
    queued: Gauge,
    in_flight: Gauge,
    max: Gauge,
}

impl Metrics {
    /// The handles of a limit, by its value of the label `limit`.
    pub(crate) fn limit(&self, limit: &'static str) -> LimitMetrics {
        let registry = self.registry();
        let labels = [("limit", limit)];
        LimitMetrics {
            metrics: self.clone(),
            handles: Arc::new(Handles {
                wait: registry.histogram(&names::QUEUE_WAIT, &labels),
                queued: registry.gauge(&names::LIMIT_QUEUED, &labels),
                in_flight: registry.gauge(&names::LIMIT_IN_FLIGHT, &labels),
                max: registry.gauge(&names::LIMIT_MAX, &labels),
            }),
        }
    }
}

impl LimitMetrics {
    pub(crate) fn rejected(&self, reason: &'static str) {
        self.metrics.rejected(reason);
    }

    /// A request was admitted that had to wait.
    pub(crate) fn waited(&self, waited: Duration) {
        let switch = &self.metrics.registry().switch;
        switch.record(|| self.handles.wait.record(waited));
    }

    /// A request waits until the result is dropped. None while switched off: then it is not counted out either.
    pub(crate) fn queued(&self) -> Option<InQueue> {
        let switch = &self.metrics.registry().switch;
        if !switch.is_on() {
            return None;
        }
        switch.always(|| self.handles.queued.increment(1.0))?;
        Some(InQueue(self.clone()))
    }

    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
    pub(crate) fn set_in_flight(&self, permits: u64) {
        let switch = &self.metrics.registry().switch;
        switch.record(|| self.handles.in_flight.set(permits as f64));
    }
}

impl LimitMetrics {
    pub(crate) fn set_max(&self, limit: f64) {
        let switch = &self.metrics.registry().switch;
        switch.record(|| self.handles.max.set(limit));
    }
}

/// One that waits, in the gauge.
#[derive(Debug)]
pub(crate) struct InQueue(LimitMetrics);

impl Drop for InQueue {
    fn drop(&mut self) {
        let LimitMetrics { metrics, handles } = &self.0;
        let switch = &metrics.registry().switch;
        switch.always(|| handles.queued.decrement(1.0));
    }
}

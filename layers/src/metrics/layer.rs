use tower_layer::Layer;

use super::{Metrics, MetricsService};

/// Measures requests. See the [module](crate::metrics).
#[derive(Clone, Debug)]
pub struct MetricsLayer<C> {
    metrics: Metrics,
    classifier: C,
}

impl<C> MetricsLayer<C> {
    /// Records on these handles what this classifier makes of the results. It is cloned for every request, so give a
    /// small one, or one in an `Arc`.
    pub const fn new(metrics: Metrics, classifier: C) -> Self {
        Self { metrics, classifier }
    }
}

impl<S, C: Clone> Layer<S> for MetricsLayer<C> {
    type Service = MetricsService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        MetricsService::new(inner, self.metrics.clone(), self.classifier.clone())
    }
}

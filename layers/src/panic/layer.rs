use tower_layer::Layer;

use super::CatchPanic;
use crate::metrics::Metrics;

/// Turns panics of the inner service into errors. See the [module](crate::panic).
#[derive(Clone, Debug, Default)]
pub struct CatchPanicLayer {
    metrics: Option<Metrics>,
}

impl CatchPanicLayer {
    /// A layer that counts nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { metrics: None }
    }

    /// Counts every panic it catches, as `cassandra_panics_total`.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = Some(metrics);
        self
    }
}

impl<S> Layer<S> for CatchPanicLayer {
    type Service = CatchPanic<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CatchPanic::new(inner, self.metrics.clone())
    }
}

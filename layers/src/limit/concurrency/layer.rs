use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::permits::Permits;
use super::{ConcurrencyHandle, ConcurrencyLimit, ConcurrencyLimited};
use crate::config::InvalidConfig;
use crate::metrics::Metrics;

/// Applies a [`ConcurrencyLimit`]. See the [module](crate::limit).
///
/// The permits belong to this value: its clones, and all services that it and its clones make, share them. Another value
/// has its own, even if it was made with the same numbers.
#[derive(Clone)]
pub struct ConcurrencyLimitLayer {
    permits: Arc<Permits>,
}

impl ConcurrencyLimitLayer {
    /// A layer with permits of its own. Reserves the storage of the queue.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] if the limit is 0 or above `u32::MAX`, the queue above [`MAX_QUEUE`](crate::limit::MAX_QUEUE), a
    /// share not above 0 and at most 1, or if a label has two shares or there are more than
    /// [`MAX_SHARES`](super::MAX_SHARES).
    pub fn new(limit: impl Into<ConcurrencyLimit>) -> Result<Self, InvalidConfig> {
        let checked = limit.into().check()?;
        Ok(Self {
            permits: Arc::new(Permits::new(&checked)),
        })
    }

    /// Shows refusals by reason, waits and the length of the queue in these metrics as well, for all services of this value. The first
    /// metrics given stay. What passes at once costs nothing more.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        self.permits.shared.counters.show_in(metrics.limit("concurrency"));
        self
    }

    /// Reads the figures of the limit and changes it while it runs.
    #[must_use]
    pub fn handle(&self) -> ConcurrencyHandle {
        ConcurrencyHandle::new(Arc::clone(&self.permits))
    }
}

impl<S> Layer<S> for ConcurrencyLimitLayer {
    type Service = ConcurrencyLimited<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ConcurrencyLimited::new(inner, Arc::clone(&self.permits))
    }
}

impl fmt::Debug for ConcurrencyLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimitLayer")
            .field("limit", &self.permits.counter.limit())
            .finish_non_exhaustive()
    }
}

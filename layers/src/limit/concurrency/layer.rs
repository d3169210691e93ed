use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::permits::Permits;
use super::{ConcurrencyLimit, ConcurrencyLimited, config};
use crate::config::InvalidConfig;
use crate::limit::Rejections;
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
    /// [`InvalidConfig`] if the limit is 0 or above `u32::MAX`, or the queue above [`MAX_QUEUE`](crate::limit::MAX_QUEUE).
    pub fn new(limit: impl Into<ConcurrencyLimit>) -> Result<Self, InvalidConfig> {
        let (limit, queue) = limit.into().check()?;
        Ok(Self {
            permits: Arc::new(Permits::new(limit, queue)),
        })
    }

    /// Counts refusals by reason in these metrics as well, for all services of this value.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        self.permits.shared.counters.show_in(metrics);
        self
    }

    /// Reads the figures of the limit and changes it while it runs.
    #[must_use]
    pub fn handle(&self) -> ConcurrencyHandle {
        ConcurrencyHandle {
            permits: Arc::clone(&self.permits),
        }
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
            .field("limit", &self.permits.limit())
            .finish_non_exhaustive()
    }
}

/// The figures of a concurrency limit, and the means to change it. Made by [`ConcurrencyLimitLayer::handle`].
///
/// Requests of weight 0 pass uncounted. The figures are read one by one, without a lock.
#[derive(Clone)]
pub struct ConcurrencyHandle {
    permits: Arc<Permits>,
}

impl ConcurrencyHandle {
    /// How many permits there are.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.permits.limit() as usize
    }

    /// How many permits are taken now. A request of weight 3 counts 3, from the moment its permits are granted.
    #[must_use]
    pub fn active(&self) -> usize {
        self.permits.shared.counters.active() as usize
    }

    /// How many requests wait now, whatever they weigh.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.permits.shared.counters.queued() as usize
    }

    /// How many requests were admitted since the layer was made.
    #[must_use]
    pub fn admitted(&self) -> u64 {
        self.permits.shared.counters.admitted()
    }

    /// How many requests were refused since the layer was made.
    #[must_use]
    pub fn rejected(&self) -> Rejections {
        self.permits.shared.counters.rejected()
    }

    /// Changes the limit. A higher one admits waiting requests at once. Under a lower one calls under way go on, and
    /// nothing is admitted until enough of them have ended; waiting requests that weigh more than it are refused.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] if the limit is 0 or above `u32::MAX`; then nothing changes.
    pub fn set_limit(&self, limit: usize) -> Result<(), InvalidConfig> {
        self.permits.set_limit(config::check_limit(limit)?);
        Ok(())
    }
}

impl fmt::Debug for ConcurrencyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyHandle")
            .field("limit", &self.limit())
            .field("active", &self.active())
            .field("queued", &self.queued())
            .field("admitted", &self.admitted())
            .field("rejected", &self.rejected())
            .finish()
    }
}

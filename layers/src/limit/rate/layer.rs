use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use super::turns::Turns;
use super::{RateLimit, RateLimited, config};
use crate::config::InvalidConfig;
use crate::limit::{Rejections, Waits};
use crate::metrics::Metrics;

/// Applies a [`RateLimit`]. See the [module](crate::limit).
///
/// The rate belongs to this value: its clones, and all services that it and its clones make, share it. Another value has
/// its own, even if it was made with the same numbers.
#[derive(Clone)]
pub struct RateLimitLayer {
    turns: Arc<Turns>,
}

impl RateLimitLayer {
    /// A layer with a rate of its own; a whole burst can be admitted at once. Reserves the storage of the queue.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] if the number of requests, the period or the burst is 0, the period longer than a day, or the
    /// queue above [`MAX_QUEUE`](crate::limit::MAX_QUEUE).
    pub fn new(limit: RateLimit) -> Result<Self, InvalidConfig> {
        let (limit, checked) = limit.check()?;
        Ok(Self {
            turns: Arc::new(Turns::new(limit, checked)),
        })
    }

    /// Shows refusals by reason, waits and the length of the queue in these metrics as well, for all services of this value. The first
    /// metrics given stay. What passes at once costs nothing more.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        self.turns.shared.counters.show_in(metrics.limit("rate"));
        self
    }

    /// Reads the figures of the limit and changes it while it runs.
    #[must_use]
    pub fn handle(&self) -> RateLimitHandle {
        RateLimitHandle {
            turns: Arc::clone(&self.turns),
        }
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimited<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimited::new(inner, Arc::clone(&self.turns))
    }
}

impl fmt::Debug for RateLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitLayer")
            .field("limit", &self.turns.limit())
            .finish_non_exhaustive()
    }
}

/// The figures of a rate limit, and the means to change it. Made by [`RateLimitLayer::handle`].
///
/// Requests of weight 0 pass uncounted. The figures are read one by one, without a lock.
#[derive(Clone)]
pub struct RateLimitHandle {
    turns: Arc<Turns>,
}

impl RateLimitHandle {
    /// The limit that holds now, its burst written out.
    #[must_use]
    pub fn limit(&self) -> RateLimit {
        self.turns.limit()
    }

    /// The rate that holds now, as requests a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.limit().in_a_second()
    }

    /// How many requests may be admitted at once after a pause.
    #[must_use]
    pub fn burst(&self) -> u32 {
        self.limit().burst_written()
    }

    /// How many requests may wait.
    #[must_use]
    pub fn queue(&self) -> usize {
        self.limit().places()
    }

    /// In how long those that wait now will have had their turn, and one more, about: what a caller may be told who found no place. A request that weighs more
    /// than 1 takes longer.
    #[must_use]
    pub fn backlog(&self) -> Duration {
        self.turns.backlog()
    }

    /// How many requests wait now, whatever they weigh.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.turns.shared.counters.queued() as usize
    }

    /// How many requests were admitted since the layer was made.
    #[must_use]
    pub fn admitted(&self) -> u64 {
        self.turns.shared.counters.admitted()
    }

    /// How long admitted requests have waited.
    #[must_use]
    pub fn waits(&self) -> Waits {
        self.turns.shared.counters.waits()
    }

    /// How many requests were refused since the layer was made.
    #[must_use]
    pub fn rejected(&self) -> Rejections {
        self.turns.shared.counters.rejected()
    }

    /// Shows the rate that holds now in the metrics, as requests a second. To be called from time to time by whoever looks after the session.
    pub fn refresh_metrics(&self) {
        self.turns.shared.counters.show_max(self.per_second());
    }

    /// Changes how many requests may be admitted at once after a pause; the rate stays as it is, and what is used of the old burst stays
    /// used. Waiting requests that weigh more than a lower one are refused in their turn.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] if it is 0; then nothing changes.
    pub fn set_burst(&self, requests: u32) -> Result<(), InvalidConfig> {
        self.turns.set_burst(config::check_burst(requests)?);
        Ok(())
    }

    /// Changes how many requests may wait. Under a lower number those that wait already stay, and a further one finds a place only when
    /// enough of them have gone, or, if its class is higher, in place of one of a lower class. Reserves the storage for a higher number;
    /// whoever arrives meanwhile waits for that.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] if it is above [`MAX_QUEUE`](crate::limit::MAX_QUEUE); then nothing changes.
    pub fn set_queue(&self, requests: usize) -> Result<(), InvalidConfig> {
        self.turns.set_queue(config::check_places(requests)?);
        Ok(())
    }

    /// Changes the rate; burst and queue stay as they are. Waiting requests get the turn that the new rate gives them. One
    /// whose turn now comes after its deadline learns so at its deadline.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] if the number of requests or the period is 0, or the period longer than a day; then nothing
    /// changes.
    pub fn set_rate(&self, count: u32, period: Duration) -> Result<(), InvalidConfig> {
        let rate = config::check_rate(count, period)?;
        self.turns.set_rate(count, period, rate);
        Ok(())
    }
}

impl fmt::Debug for RateLimitHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitHandle")
            .field("limit", &self.limit())
            .field("queued", &self.queued())
            .field("admitted", &self.admitted())
            .field("rejected", &self.rejected())
            .field("waits", &self.waits())
            .finish()
    }
}

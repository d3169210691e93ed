use std::fmt;
use std::sync::Arc;

use super::config;
use super::permits::Permits;
use crate::config::InvalidConfig;
use crate::limit::{Rejections, Waits};

/// The figures of a concurrency limit, and the means to change it. Made by [`ConcurrencyLimitLayer::handle`](super::ConcurrencyLimitLayer::handle).
///
/// Requests of weight 0 pass uncounted. The figures are read one by one, without a lock.
#[derive(Clone)]
pub struct ConcurrencyHandle {
    permits: Arc<Permits>,
}

impl ConcurrencyHandle {
    pub(super) const fn new(permits: Arc<Permits>) -> Self {
        Self { permits }
    }

    /// How many permits there are.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.permits.counter.limit() as usize
    }

    /// How many permits are taken now. A request of weight 3 counts 3, from the moment its permits are granted.
    #[must_use]
    pub fn active(&self) -> usize {
        self.permits.counter.active() as usize
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

    /// How long admitted requests have waited.
    #[must_use]
    pub fn waits(&self) -> Waits {
        self.permits.shared.counters.waits()
    }

    /// How many requests were refused since the layer was made.
    #[must_use]
    pub fn rejected(&self) -> Rejections {
        self.permits.shared.counters.rejected()
    }

    /// Shows in the metrics how many permits are taken now. To be called from time to time by whoever looks after the session: to
    /// show it at every request would cost every request.
    pub fn refresh_metrics(&self) {
        self.permits
            .shared
            .counters
            .show_in_flight(self.permits.counter.active());
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

    /// How many requests may wait.
    #[must_use]
    pub fn queue(&self) -> usize {
        self.permits.shared.lock().queue.bound()
    }

    /// Changes how many requests may wait. Under a lower number those that wait already stay, and a further one finds a place only when
    /// enough of them have gone, or, if its class is higher, in place of one of a lower class. Reserves the storage for a higher number;
    /// whoever arrives meanwhile waits for that.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] if it is above [`MAX_QUEUE`](crate::limit::MAX_QUEUE); then nothing changes.
    pub fn set_queue(&self, requests: usize) -> Result<(), InvalidConfig> {
        self.permits.set_queue(config::check_places(requests)?);
        Ok(())
    }

    /// The share of this label, if it was given one when the layer was made.
    #[must_use]
    pub fn share(&self, label: &str) -> Option<f64> {
        let kind = self.permits.kind_of(label)?;
        self.permits.shared.lock().part(kind)
    }

    /// How many permits of its share this label has taken now; nothing if it has no share. Takes the lock of the queue.
    #[must_use]
    pub fn share_active(&self, label: &str) -> Option<usize> {
        let kind = self.permits.kind_of(label)?;
        Some(self.permits.shared.lock().used(kind) as usize)
    }

    /// Changes the share of a label that was given one when the layer was made; a share of 1 does not hold it back. A
    /// larger share admits waiting requests at once. Under a smaller one calls under way go on, and nothing with this label
    /// is admitted until enough of them have ended; waiting requests that weigh more than the share are refused.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] if the label has no share, or the new one is not above 0 and at most 1; then nothing changes.
    pub fn set_share(&self, label: &str, share: f64) -> Result<(), InvalidConfig> {
        config::check_share(label, share)?;
        let Some(kind) = self.permits.kind_of(label) else {
            return Err(config::share_error(
                label,
                share,
                "a label that was given a share when the layer was made",
            ));
        };
        self.permits.set_share(kind, share);
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
            .field("waits", &self.waits())
            .finish()
    }
}

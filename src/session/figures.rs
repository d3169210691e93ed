//! What was counted and remembered, to be read.

use tower_cassandra_layers::metrics::{Metrics, Totals};

use super::Session;
use crate::observe::SlowRequests;

impl Session {
    /// The names of the layers of this session, outermost first.
    #[cfg(feature = "status-page")]
    pub(crate) fn layers(&self) -> Vec<&'static str> {
        self.inner.settings.layers.clone()
    }

    /// How many requests succeeded, failed, were cancelled, repeated and refused. Sums over all sessions that share their
    /// [`Metrics`](crate::ClusterBuilder::metrics), since those were made; two looks give rates.
    ///
    /// None without metrics, while they are switched off, and for a session made by [`from_service`](Self::from_service).
    #[must_use]
    pub fn totals(&self) -> Option<Totals> {
        let metrics = self.inner.settings.metrics.as_ref();
        metrics.filter(|it| it.is_enabled()).map(Metrics::totals)
    }

    /// The last slow and failed requests, as [`ClusterBuilder::slow_log`](crate::ClusterBuilder::slow_log) logged them.
    ///
    /// None without a slow log, and for a session made by [`from_service`](Self::from_service).
    #[must_use]
    pub fn slow_requests(&self) -> Option<SlowRequests> {
        self.inner.settings.observe.slow_requests()
    }
}

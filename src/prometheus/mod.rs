//! Metrics as text in the Prometheus exposition format.
//!
//! An [`Exporter`] is a recorder that can be read. It installs nothing: neither a global recorder nor an HTTP server. Serve
//! [`Exporter::render`] from a route of your own, or [`Exporter::service`], which is a `tower::Service` that answers every request with the text: `axum`'s
//! `route_service("/metrics", exporter.service())` takes it as it is.
//!
//! ```
//! use tower_cassandra::prometheus::Exporter;
//!
//! let exporter = Exporter::new();
//! let metrics = exporter.metrics();
//! # metrics.budget_exhausted();
//! // Give `metrics` to a session, and in the handler of `/metrics` answer with:
//! let text = exporter.render();
//! assert!(text.contains("cassandra_retry_budget_exhausted_total 1"));
//! ```
//!
//! Two sessions that are given the same exporter need different client labels:
//! `exporter.builder().client("orders").build()`.
//!
//! # Upkeep
//!
//! A session that was connected with metrics of an exporter does what the exporter needs from time to time ([`Metrics::run_upkeep`]): recorded durations are sorted
//! into their buckets every 5 s, and the series of a node that has left the cluster are dropped after 10 minutes. For a session over a service of your own call it
//! yourself; rendering sorts the durations as well.

mod merge;
mod service;
mod store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use metrics::Recorder;
use tower_cassandra_layers::InvalidConfig;
use tower_cassandra_layers::metrics::{Metrics, MetricsBuilder, Upkeep};

pub use service::ExporterService;
use store::Store;

/// The upper bounds of the histograms' buckets, in seconds: 0.5 ms to 10 s.
///
/// They are the ones that OpenTelemetry advises for `db.client.operation.duration` (1 ms to 10 s), plus 0.5 ms, because a
/// read from memory over a local network takes less than 1 ms, plus a 2.5 between each 1 and 5, as in the defaults of
/// Prometheus' own clients: a quantile is interpolated inside its bucket and is as wrong as the bucket is wide. 0.1 and 0.5
/// are the limits of the usual alerts, 10 s is the default time limit of a call.
pub const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The bounds that OpenTelemetry advises for `db.client.operation.duration`, in seconds. That one histogram has them, whatever the others have. It is rendered as
/// `db_client_operation_duration_seconds`, the name that OpenTelemetry's exporters for Prometheus give it.
pub const OPERATION_BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The content type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A recorder that renders what it has recorded. Clones share it. See the [module](self).
#[derive(Clone)]
pub struct Exporter {
    shared: Arc<Store>,
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}

impl Default for Exporter {
    fn default() -> Self {
        Self::new()
    }
}

impl Exporter {
    /// An exporter whose histograms have the [`BUCKETS`].
    #[must_use]
    pub fn new() -> Self {
        Self::from_checked(&BUCKETS)
    }

    /// An exporter whose histograms have buckets with these upper bounds, in seconds.
    ///
    /// # Errors
    ///
    /// There are none, or they are not finite, positive and in growing order.
    pub fn with_buckets(buckets: &[f64]) -> Result<Self, InvalidConfig> {
        let growing = buckets.is_sorted_by(|a, b| a < b);
        let positive = buckets.iter().all(|bound| bound.is_finite() && *bound > 0.0);
        if buckets.is_empty() || !growing || !positive {
            return Err(InvalidConfig::new(
                "prometheus.buckets",
                buckets,
                "at least one bound, all of them finite, positive and in growing order",
            ));
        }
        Ok(Self::from_checked(buckets))
    }

    fn from_checked(buckets: &[f64]) -> Self {
        Self {
            shared: Arc::new(Store::new(buckets)),
        }
    }

    /// The recorder, for metrics of your own, and to be made the global one. [`builder`](Self::builder) is the way to those of a session.
    #[must_use]
    pub fn recorder(&self) -> Arc<dyn Recorder + Send + Sync> {
        Arc::clone(&self.shared) as _
    }

    /// Builds metrics on this recorder, with its upkeep. Everything else is as by default.
    pub fn builder(&self) -> MetricsBuilder {
        Metrics::builder()
            .recorder(self.recorder())
            .upkeep(Arc::clone(&self.shared) as Arc<dyn Upkeep>)
    }

    /// Metrics on this recorder, everything else as by default.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.builder()
            .build()
            .unwrap_or_else(|_| Metrics::on(self.recorder()))
    }

    /// Everything recorded so far, as text of the type [`CONTENT_TYPE`]. Metrics stand in alphabetical order.
    #[must_use]
    pub fn render(&self) -> String {
        self.shared.render()
    }

    /// The endpoint as a service: every request is answered with the text.
    #[must_use]
    pub fn service(&self) -> ExporterService {
        ExporterService::new(self.clone())
    }

    /// Sorts recorded durations into their buckets. Until then each takes 8 bytes, so call this every few seconds if nobody
    /// reads the text for a long time. A session that has these metrics does so.
    pub fn run_upkeep(&self) {
        self.shared.run();
    }
}

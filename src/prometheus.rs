//! Metrics as text in the Prometheus exposition format.
//!
//! An [`Exporter`] is a recorder that can be read. It installs nothing: neither a global recorder nor an HTTP server. Serve
//! [`Exporter::render`] from a route of your own.
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
//! `Metrics::builder().recorder(exporter.recorder()).client("orders").build()`.

use std::fmt;
use std::sync::Arc;

use metrics::Recorder;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tower_cassandra_layers::InvalidConfig;
use tower_cassandra_layers::metrics::Metrics;

/// The upper bounds of the histograms' buckets, in seconds: 0.5 ms to 10 s.
///
/// They are the ones that OpenTelemetry advises for `db.client.operation.duration` (1 ms to 10 s), plus 0.5 ms, because a
/// read from memory over a local network takes less than 1 ms, plus a 2.5 between each 1 and 5, as in the defaults of
/// Prometheus' own clients: a quantile is interpolated inside its bucket and is as wrong as the bucket is wide. 0.1 and 0.5
/// are the limits of the usual alerts, 10 s is the default time limit of a call.
pub const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// A recorder that renders what it has recorded. Clones share it. See the [module](self).
#[derive(Clone)]
pub struct Exporter {
    recorder: Arc<dyn Recorder + Send + Sync>,
    handle: PrometheusHandle,
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
        // An empty list is the only thing this refuses.
        let builder = PrometheusBuilder::new().set_buckets(buckets).unwrap_or_default();
        let recorder = builder.build_recorder();
        Self {
            handle: recorder.handle(),
            recorder: Arc::new(recorder),
        }
    }

    /// The recorder, for [`Metrics::builder`] and for metrics of your own.
    #[must_use]
    pub fn recorder(&self) -> Arc<dyn Recorder + Send + Sync> {
        Arc::clone(&self.recorder)
    }

    /// Metrics on this recorder, everything else as by default.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics::on(self.recorder())
    }

    /// Everything recorded so far, as text. Content type: `text/plain; version=0.0.4`.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Sorts recorded durations into their buckets. Until then each takes 8 bytes, so call this every few seconds if nobody
    /// reads the text for a long time. A session that has these metrics does so.
    pub fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tower::{Layer, ServiceExt, service_fn};
    use tower_cassandra_layers::classify::classify_fn;
    use tower_cassandra_layers::metrics::MetricsLayer;
    use tower_cassandra_layers::{Advice, Applied, Call, Failure, Fault, Outcome};

    use super::*;

    async fn ask(metrics: &Metrics, result: Result<(), &'static str>) {
        let classifier = classify_fn(|result: Result<&(), &&'static str>| match result {
            Ok(()) => Outcome::Success,
            Err(label) => Outcome::Failure(Failure {
                applied: Applied::No,
                advice: Advice::Never,
                fault: Fault::Request,
                label,
            }),
        });
        let leaf = service_fn(move |_: Call<()>| async move {
            tokio::time::sleep(Duration::from_millis(40)).await;
            result
        });
        let service = MetricsLayer::new(metrics.clone(), classifier).layer(leaf);
        let _ = service.oneshot(Call::new(()).with_class("prepared")).await;
    }

    fn assert_line(text: &str, line: &str) {
        assert!(text.lines().any(|it| it == line), "no line {line}\n{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_rendered_names_are_these() {
        let exporter = Exporter::new();
        let metrics = exporter.metrics();
        let node = metrics.node("10.0.0.1:9042");
        node.set_healthy(true);
        node.attempt(Duration::from_micros(700), true);
        ask(&metrics, Ok(())).await;
        ask(&metrics, Ok(())).await;
        ask(&metrics, Err("unavailable")).await;
        let text = exporter.render();

        let labels = r#"query_type="prepared",success="success""#;
        for line in [
            format!("cassandra_queries_total{{{labels}}} 2"),
            format!(r#"cassandra_query_duration_seconds_bucket{{{labels},le="0.025"}} 0"#),
            format!(r#"cassandra_query_duration_seconds_bucket{{{labels},le="0.05"}} 2"#),
            format!(r#"cassandra_query_duration_seconds_bucket{{{labels},le="+Inf"}} 2"#),
            format!("cassandra_query_duration_seconds_sum{{{labels}}} 0.08"),
            format!("cassandra_query_duration_seconds_count{{{labels}}} 2"),
            r#"cassandra_queries_total{query_type="prepared",success="failure"} 1"#.to_owned(),
            r#"cassandra_errors_total{error_type="unavailable"} 1"#.to_owned(),
            r#"cassandra_connection_healthy{host="10.0.0.1:9042"} 1"#.to_owned(),
            r#"cassandra_attempt_duration_seconds_bucket{host="10.0.0.1:9042",le="0.001"} 1"#.to_owned(),
            "cassandra_requests_in_flight 0".to_owned(),
            "# TYPE cassandra_queries_total counter".to_owned(),
            "# TYPE cassandra_query_duration_seconds histogram".to_owned(),
            "# TYPE cassandra_connection_healthy gauge".to_owned(),
            "# HELP cassandra_requests_in_flight Queries under way now.".to_owned(),
        ] {
            assert_line(&text, &line);
        }
        for bound in BUCKETS {
            assert!(text.contains(&format!("le=\"{bound}\"")), "{bound}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn two_exporters_live_side_by_side() {
        let (ours, theirs) = (Exporter::new(), Exporter::default());
        ask(&ours.metrics(), Ok(())).await;
        let _ = theirs.metrics();
        let series = r#"cassandra_queries_total{query_type="prepared",success="success"}"#;
        assert_line(&ours.render(), &format!("{series} 1"));
        assert_line(&theirs.render(), &format!("{series} 0"));
    }

    #[test]
    fn upkeep_keeps_what_was_recorded() {
        let exporter = Exporter::new();
        let node = exporter.metrics().node("h");
        for _ in 0..1_000 {
            node.attempt(Duration::from_secs(3), false);
            exporter.run_upkeep();
        }
        assert_line(
            &exporter.render(),
            r#"cassandra_attempt_duration_seconds_count{host="h"} 1000"#,
        );
    }

    #[test]
    fn buckets_that_make_no_sense_are_refused() {
        for buckets in [
            &[][..],
            &[0.0],
            &[2.0, 1.0],
            &[1.0, 1.0],
            &[f64::NAN],
            &[1.0, f64::INFINITY],
        ] {
            let refused = Exporter::with_buckets(buckets).unwrap_err();
            assert_eq!(refused.option(), "prometheus.buckets", "{buckets:?}");
        }
        let exporter = Exporter::with_buckets(&[0.1, 3.0]).unwrap();
        exporter.metrics().node("h").attempt(Duration::from_secs(2), true);
        assert_line(
            &exporter.render(),
            r#"cassandra_attempt_duration_seconds_bucket{host="h",le="3"} 1"#,
        );
    }
}

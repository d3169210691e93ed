//! Figures of requests.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, Unit};

const METADATA: Metadata<'static> = Metadata::new("axum_users", Level::INFO, None);

const COUNTERS: [(&str, &str); 5] = [
    ("http_requests_total", "Requests that were answered."),
    ("app_cache_hits_total", "Values that were found in the cache."),
    (
        "app_cache_misses_total",
        "Values that were not found in the cache.",
    ),
    (
        "app_background_written_total",
        "Writes in the background that were done.",
    ),
    (
        "app_background_failed_total",
        "Writes in the background that failed.",
    ),
];

const GAUGES: [(&str, &str); 7] = [
    ("http_requests_in_flight", "Requests that are being answered."),
    (
        "http_error_ratio",
        "The part of all requests that was answered by 5xx.",
    ),
    (
        "app_connection_pools",
        "Pools of connections to nodes that are open.",
    ),
    ("app_cache_entries", "Values in the cache."),
    ("app_background_waiting", "Writes in the background that wait."),
    ("app_web_sockets", "Web sockets that are open."),
    ("app_tenant_sessions", "Sessions of users that are open."),
];

/// Route, method, status.
type Series = (Arc<str>, &'static str, StatusCode);

/// Counts and times requests by method, route and status. Routes are those of the router and methods those that are known, so the series are bounded.
pub(crate) struct HttpFigures {
    recorder: Arc<dyn Recorder + Send + Sync>,
    /// Looked up once for each combination.
    series: RwLock<HashMap<Series, (Counter, Histogram)>>,
    pub(crate) in_flight: Gauge,
    requests: AtomicU64,
    failed: AtomicU64,
    /// Of all requests, in microseconds.
    took: AtomicU64,
}

/// The method as a label.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

impl HttpFigures {
    pub(crate) fn new(recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        for (name, help) in COUNTERS {
            recorder.describe_counter(KeyName::from_const_str(name), None, help.into());
        }
        for (name, help) in GAUGES {
            recorder.describe_gauge(KeyName::from_const_str(name), None, help.into());
        }
        recorder.describe_histogram(
            KeyName::from_const_str("http_request_duration_seconds"),
            Some(Unit::Seconds),
            "Time from the head of a request to the head of its answer.".into(),
        );
        let gauge = Key::from_static_name("http_requests_in_flight");
        Self {
            in_flight: recorder.register_gauge(&gauge, &METADATA),
            recorder,
            series: RwLock::default(),
            requests: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            took: AtomicU64::new(0),
        }
    }

    pub(crate) fn record(&self, method: &Method, route: &Arc<str>, status: StatusCode, took: Duration) {
        self.requests.fetch_add(1, Relaxed);
        self.took.fetch_add(took.as_micros() as u64, Relaxed);
        if status.is_server_error() {
            self.failed.fetch_add(1, Relaxed);
        }
        let key = (Arc::clone(route), label(method), status);
        let known = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, time)) = known.get(&key) {
            count.increment(1);
            time.record(took);
            return;
        }
        drop(known);
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let (count, time) = series.entry(key).or_insert_with_key(|key| self.register(key));
        count.increment(1);
        time.record(took);
    }

    fn register(&self, (route, method, status): &Series) -> (Counter, Histogram) {
        let labels = || {
            vec![
                Label::new("method", *method),
                Label::new("route", Arc::clone(route)),
                Label::new("status", status.as_str().to_owned()),
            ]
        };
        let count = Key::from_parts("http_requests_total", labels());
        let time = Key::from_parts("http_request_duration_seconds", labels());
        (
            self.recorder.register_counter(&count, &METADATA),
            self.recorder.register_histogram(&time, &METADATA),
        )
    }

    /// Sets a gauge that is looked at when the figures are read.
    pub(crate) fn set(&self, name: &'static str, value: f64) {
        let key = Key::from_static_name(name);
        self.recorder.register_gauge(&key, &METADATA).set(value);
    }

    /// Sets a counter to what was counted elsewhere.
    pub(crate) fn count(&self, name: &'static str, count: u64) {
        let key = Key::from_static_name(name);
        self.recorder.register_counter(&key, &METADATA).absolute(count);
    }

    /// How long requests took, on average.
    pub(crate) fn mean_duration(&self) -> Duration {
        Duration::from_micros(self.took.load(Relaxed) / self.requests().max(1))
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// The part of all requests that was answered by 5xx.
    pub(crate) fn error_ratio(&self) -> f64 {
        let (failed, all) = (self.failed.load(Relaxed), self.requests().max(1));
        failed as f64 / all as f64
    }
}

#[cfg(test)]
mod tests {
    use tower_cassandra::prometheus::Exporter;

    use super::*;

    #[test]
    fn every_series_has_its_help_and_what_only_grows_is_a_counter() {
        let exporter = Exporter::new();
        let figures = HttpFigures::new(exporter.recorder());
        for (name, _) in COUNTERS {
            figures.count(name, 7);
        }
        for (name, _) in GAUGES {
            figures.set(name, 7.0);
        }
        for millis in [10, 30] {
            let took = Duration::from_millis(millis);
            figures.record(&Method::GET, &Arc::from("/"), StatusCode::OK, took);
        }
        assert_eq!(figures.mean_duration(), Duration::from_millis(20));
        let text = exporter.render();
        for line in text.lines() {
            let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|line| line.split_once(' '))
            else {
                continue;
            };
            assert!(text.contains(&format!("# HELP {name} ")), "{name}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
        }
        assert!(text.contains("\napp_cache_hits_total 7\n"), "{text}");
    }
}

//! Figures of requests.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, Unit};

const METADATA: Metadata<'static> = Metadata::new("axum_users", Level::INFO, None);

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
        let describe = |name: &'static str, help: &'static str| (KeyName::from_const_str(name), help.into());
        let (name, help) = describe("http_requests_total", "Requests that were answered.");
        recorder.describe_counter(name, None, help);
        let (name, help) = describe(
            "http_request_duration_seconds",
            "Time from the head of a request to the head of its answer.",
        );
        recorder.describe_histogram(name, Some(Unit::Seconds), help);
        let (name, help) = describe("http_requests_in_flight", "Requests that are being answered.");
        recorder.describe_gauge(name, None, help);
        let (name, help) = describe(
            "http_error_ratio",
            "The part of all requests that was answered by 5xx.",
        );
        recorder.describe_gauge(name, None, help);
        let (name, help) = describe(
            "app_connection_pools",
            "Pools of connections to nodes that are open.",
        );
        recorder.describe_gauge(name, None, help);
        let gauge = Key::from_static_name("http_requests_in_flight");
        Self {
            in_flight: recorder.register_gauge(&gauge, &METADATA),
            recorder,
            series: RwLock::default(),
            requests: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    pub(crate) fn record(&self, method: &Method, route: &Arc<str>, status: StatusCode, took: Duration) {
        self.requests.fetch_add(1, Relaxed);
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

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// The part of all requests that was answered by 5xx.
    pub(crate) fn error_ratio(&self) -> f64 {
        let (failed, all) = (self.failed.load(Relaxed), self.requests().max(1));
        failed as f64 / all as f64
    }
}

//! A recorder or a classifier that panics does no harm to the request.

use std::sync::Arc;

use ::metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cassandra_layers::classify::classify_fn;
use tower_cassandra_layers::metrics::{Metrics, MetricsLayer};
use tower_cassandra_layers::{Call, Outcome};

use crate::support::{Label, Ledger, by_label};

struct Angry {
    at_once: bool,
}

/// Panics when something ends. Counting in is let pass, so that something is under way that can end.
struct Handle;

impl CounterFn for Handle {
    fn increment(&self, _: u64) {
        panic!("counter")
    }
    fn absolute(&self, _: u64) {
        panic!("counter")
    }
}
impl GaugeFn for Handle {
    fn increment(&self, _: f64) {}
    fn decrement(&self, _: f64) {
        panic!("gauge")
    }
    fn set(&self, _: f64) {
        panic!("gauge")
    }
}
impl HistogramFn for Handle {
    fn record(&self, _: f64) {
        panic!("histogram")
    }
}

impl Recorder for Angry {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        assert!(!self.at_once, "describe");
    }
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        assert!(!self.at_once, "register");
        Counter::from_arc(Arc::new(Handle))
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        assert!(!self.at_once, "register");
        Gauge::from_arc(Arc::new(Handle))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        assert!(!self.at_once, "register");
        Histogram::from_arc(Arc::new(Handle))
    }
}

#[tokio::test]
async fn a_panicking_recorder_fails_no_request() {
    for at_once in [true, false] {
        let metrics = Metrics::on(Arc::new(Angry { at_once }));
        let leaf = service_fn(|call: Call<Result<(), Label>>| async move { call.value });
        let mut service = MetricsLayer::new(metrics.clone(), by_label()).layer(leaf);
        assert_eq!(
            service.ready().await.unwrap().call(Call::new(Ok(()))).await,
            Ok(())
        );
        assert_eq!(
            service.ready().await.unwrap().call(Call::new(Err("e"))).await,
            Err("e")
        );
        drop(service.call(Call::new(Ok(()))));
        metrics.retried("e");
        metrics.node("h").set_healthy(true);
        assert!(metrics.recording_failures() > 0);
    }
}

#[tokio::test]
async fn a_recorder_that_panics_while_a_thread_unwinds_does_not_abort_it() {
    let metrics = Metrics::on(Arc::new(Angry { at_once: false }));
    let leaf = service_fn(|_: Call<()>| std::future::pending::<Result<(), Label>>());
    let service = MetricsLayer::new(metrics, by_label()).layer(leaf);
    let task = tokio::spawn(async move {
        let mut service = service;
        let _held = service.ready().await.unwrap().call(Call::new(()));
        panic!("the caller's own");
    });
    assert!(task.await.unwrap_err().is_panic());
}

#[tokio::test]
async fn a_panicking_classifier_fails_no_request_and_leaves_the_gauge_right() {
    let (ledger, metrics) = Ledger::metrics();
    let classifier = classify_fn(|_: Result<&(), &Label>| -> Outcome { panic!("no idea") });
    let leaf = service_fn(|_: Call<()>| async { Ok::<(), Label>(()) });
    let service = MetricsLayer::new(metrics.clone(), classifier).layer(leaf);
    assert_eq!(service.oneshot(Call::new(())).await, Ok(()));
    assert_eq!(ledger.in_flight(), 0.0);
    assert_eq!(metrics.recording_failures(), 1);
}

//! Names, bounds, switches, and when handles are resolved.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ::metrics::with_local_recorder;
use tower::{Layer, ServiceExt, service_fn};
use tower_cassandra_layers::Call;
use tower_cassandra_layers::metrics::{AttemptMetricsLayer, MAX_LABELS, Metrics, MetricsLayer};

use crate::support::{Label, Ledger, by_label};

async fn ask(metrics: &Metrics, result: Result<(), Label>) {
    let leaf = service_fn(move |_: Call<()>| async move { result });
    let service = AttemptMetricsLayer::new(by_label())
        .only_node(metrics.node("10.0.0.1:9042"))
        .layer(leaf);
    let service = MetricsLayer::new(metrics.clone(), by_label()).layer(service);
    assert_eq!(service.oneshot(Call::new(()).with_class("simple")).await, result);
}

#[tokio::test]
async fn the_names_are_these() {
    let (ledger, metrics) = Ledger::metrics();
    ask(&metrics, Err("unavailable")).await;
    metrics.retried("unavailable");
    metrics.rejected("nodes_full");
    metrics.budget_exhausted();
    metrics.panicked();
    let node = metrics.node("h");
    node.set_healthy(true);
    node.set_in_flight(3);
    node.set_abandoned(2);
    node.ejected();
    node.probed(true);
    node.probed(false);
    node.attempt_cancelled();

    for counter in [
        r#"cassandra_queries_total{query_type="simple",success="failure"}"#,
        r#"cassandra_errors_total{error_type="unavailable"}"#,
        r#"cassandra_retries_total{reason="unavailable"}"#,
        r#"cassandra_rejected_total{reason="nodes_full"}"#,
        "cassandra_retry_budget_exhausted_total",
        "cassandra_panics_total",
        r#"cassandra_attempts_total{host="10.0.0.1:9042",success="failure"}"#,
        r#"cassandra_attempts_cancelled_total{host="h"}"#,
        r#"cassandra_node_ejections_total{host="h"}"#,
        r#"cassandra_probes_total{host="h",success="success"}"#,
        r#"cassandra_probes_total{host="h",success="failure"}"#,
    ] {
        assert_eq!(ledger.count(counter), 1, "{counter}");
    }
    assert_eq!(ledger.gauge("cassandra_requests_in_flight"), Some(0.0));
    assert_eq!(
        ledger.gauge(r#"cassandra_connection_healthy{host="h"}"#),
        Some(1.0)
    );
    assert_eq!(ledger.gauge(r#"cassandra_node_in_flight{host="h"}"#), Some(3.0));
    assert_eq!(ledger.gauge(r#"cassandra_abandoned{host="h"}"#), Some(2.0));
    for histogram in [
        r#"cassandra_query_duration_seconds{query_type="simple",success="failure"}"#,
        r#"cassandra_attempt_duration_seconds{host="10.0.0.1:9042"}"#,
    ] {
        assert_eq!(ledger.samples(histogram).len(), 1, "{histogram}");
    }
    for class in [
        "simple", "prepared", "batch", "page", "prepare", "request", "other",
    ] {
        let series = format!(r#"cassandra_requests_cancelled_total{{query_type="{class}"}} 0"#);
        assert!(ledger.everything().contains(&series), "{class}");
    }
}

#[tokio::test]
async fn every_series_has_a_unit_and_a_sentence_of_help() {
    let (ledger, metrics) = Ledger::metrics();
    ask(&metrics, Err("unavailable")).await;
    metrics.retried("unavailable");
    metrics.rejected("nodes_full");
    let descriptions = ledger.descriptions.lock().unwrap();
    for name in ledger.names() {
        let (unit, help) = descriptions.get(&name).unwrap_or_else(|| panic!("{name}"));
        assert!(unit.is_some() && help.ends_with('.'), "{name}");
    }
}

#[tokio::test]
async fn nothing_is_registered_during_requests() {
    let (ledger, metrics) = Ledger::metrics();
    ask(&metrics, Err("once")).await;
    let before = ledger.registered.load(Ordering::SeqCst);
    for _ in 0..1_000 {
        ask(&metrics, Ok(())).await;
        ask(&metrics, Err("once")).await;
        metrics.node("10.0.0.1:9042").set_healthy(true);
    }
    assert_eq!(ledger.registered.load(Ordering::SeqCst), before);
    assert_eq!(
        ledger.count(r#"cassandra_errors_total{error_type="once"}"#),
        1_001
    );
}

fn label(n: usize) -> Label {
    Box::leak(format!("e{n}").into_boxed_str())
}

#[tokio::test]
async fn labels_beyond_the_bound_are_counted_as_other() {
    let (ledger, metrics) = Ledger::metrics();
    for n in 0..MAX_LABELS {
        ask(&metrics, Err(label(n))).await;
    }
    assert_eq!(ledger.counted("cassandra_errors_total").len(), 64);
    assert_eq!(ledger.count(r#"cassandra_errors_total{error_type="other"}"#), 0);

    ask(&metrics, Err("the 65th")).await;
    ask(&metrics, Err("the 66th")).await;
    ask(&metrics, Err(label(0))).await;
    assert_eq!(ledger.counted("cassandra_errors_total").len(), 65);
    assert_eq!(ledger.count(r#"cassandra_errors_total{error_type="other"}"#), 2);
    assert_eq!(ledger.count(r#"cassandra_errors_total{error_type="e0"}"#), 2);
}

#[test]
fn threads_that_meet_a_label_for_the_first_time_share_one_counter() {
    let (ledger, metrics) = Ledger::metrics();
    let barrier = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                for n in 0..MAX_LABELS {
                    metrics.retried(label(n));
                }
            });
        }
    });
    let counted = ledger.counted("cassandra_retries_total");
    assert_eq!(counted.len(), MAX_LABELS);
    assert!(counted.iter().all(|(_, n)| *n == 8), "{counted:?}");
}

#[tokio::test]
async fn switched_off_nothing_is_recorded_and_switched_on_it_goes_on() {
    let (ledger, metrics) = Ledger::metrics();
    let clone = metrics.clone();
    let node = metrics.node("h");
    let before = ledger.everything();
    clone.set_enabled(false);
    assert!(!metrics.is_enabled());
    ask(&metrics, Ok(())).await;
    ask(&metrics, Err("e")).await;
    metrics.retried("e");
    metrics.rejected("e");
    metrics.budget_exhausted();
    metrics.panicked();
    node.set_healthy(true);
    node.attempt(std::time::Duration::from_secs(1), true);
    node.probed(true);
    let known = |all: Vec<String>| -> Vec<String> {
        all.into_iter()
            .filter(|line| !line.contains("10.0.0.1"))
            .collect()
    };
    assert_eq!(known(ledger.everything()), before);

    clone.set_enabled(true);
    ask(&metrics, Ok(())).await;
    assert_eq!(ledger.counted("cassandra_queries_total").len(), 1);
    assert_eq!(ledger.counted("cassandra_attempts_total").len(), 1);
}

#[tokio::test]
async fn a_request_under_way_when_it_is_switched_is_counted_to_its_end() {
    let (ledger, metrics) = Ledger::metrics();
    let leaf = service_fn(|_: Call<()>| std::future::pending::<Result<(), Label>>());
    let mut service = MetricsLayer::new(metrics.clone(), by_label()).layer(leaf);
    let counted_in = tower::Service::call(service.ready().await.unwrap(), Call::new(()));
    metrics.set_enabled(false);
    let never_counted = tower::Service::call(service.ready().await.unwrap(), Call::new(()));
    metrics.set_enabled(true);
    assert_eq!(ledger.in_flight(), 1.0);
    drop(never_counted);
    assert_eq!(ledger.in_flight(), 1.0);
    metrics.set_enabled(false);
    drop(counted_in);
    assert_eq!(ledger.in_flight(), 0.0);
    assert_eq!(ledger.counted("cassandra_requests_cancelled_total").len(), 1);
}

#[tokio::test]
async fn disabled_metrics_cannot_be_switched_on() {
    let metrics = Metrics::disabled();
    assert!(!metrics.is_enabled());
    metrics.set_enabled(true);
    assert!(!metrics.is_enabled());
    ask(&metrics, Err("e")).await;
    metrics.node("h").retire();
}

#[tokio::test]
async fn two_recorders_stay_apart() {
    let ((ours, metrics), (theirs, other)) = (Ledger::metrics(), Ledger::metrics());
    ask(&metrics, Ok(())).await;
    ask(&metrics, Ok(())).await;
    ask(&other, Ok(())).await;
    let series = r#"cassandra_queries_total{query_type="simple",success="success"}"#;
    assert_eq!((ours.count(series), theirs.count(series)), (2, 1));
}

#[tokio::test]
async fn two_clients_on_one_recorder_stay_apart() {
    let ledger = Arc::new(Ledger::default());
    let client = |name| {
        Metrics::builder()
            .recorder(ledger.clone())
            .prefix("shop")
            .client(name)
            .build()
            .unwrap()
    };
    let (orders, stock) = (client("orders"), client("stock"));
    ask(&orders, Ok(())).await;
    ask(&orders, Ok(())).await;
    ask(&stock, Err("e")).await;
    orders.node("h").set_healthy(true);

    let total = |success, client| {
        ledger.count(&format!(
            r#"shop_queries_total{{query_type="simple",success="{success}",client="{client}"}}"#
        ))
    };
    assert_eq!((total("success", "orders"), total("failure", "stock")), (2, 1));
    assert_eq!((total("failure", "orders"), total("success", "stock")), (0, 0));
    assert_eq!(
        ledger.count(r#"shop_errors_total{error_type="e",client="stock"}"#),
        1
    );
    assert_eq!(
        ledger.gauge(r#"shop_connection_healthy{host="h",client="orders"}"#),
        Some(1.0)
    );
}

#[test]
fn without_a_recorder_given_the_global_one_is_used() {
    let ledger = Ledger::default();
    with_local_recorder(&ledger, || Metrics::new().budget_exhausted());
    assert_eq!(ledger.count("cassandra_retry_budget_exhausted_total"), 1);
}

#[tokio::test]
async fn other_classes_can_be_counted_apart() {
    let ledger = Arc::new(Ledger::default());
    let metrics = Metrics::builder()
        .recorder(ledger.clone())
        .classes(["read"])
        .build()
        .unwrap();
    ask(&metrics, Ok(())).await;
    assert_eq!(
        ledger.counted("cassandra_queries_total"),
        [(r#"{query_type="other",success="success"}"#.to_owned(), 1)]
    );
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    for prefix in ["", "1st", "a-b", "a b", "é"] {
        let refused = Metrics::builder().prefix(prefix).build().unwrap_err();
        assert_eq!(refused.option(), "metrics.prefix", "{prefix:?}");
    }
    for client in [String::new(), "x".repeat(65)] {
        let refused = Metrics::builder().client(client).build().unwrap_err();
        assert_eq!(refused.option(), "metrics.client");
    }
    let refused = Metrics::builder().classes(["c"; 33]).build().unwrap_err();
    assert_eq!((refused.option(), refused.value()), ("metrics.classes", "33"));
}

//! The attempt layer records on the handles of a node.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cassandra_layers::Call;
use tower_cassandra_layers::metrics::AttemptMetricsLayer;

use crate::support::{Label, Ledger, by_label};

const ENDED: &str = "cassandra_attempts_total";

#[tokio::test(start_paused = true)]
async fn an_attempt_is_counted_for_its_node_with_its_exact_duration() {
    let (ledger, metrics) = Ledger::metrics();
    let leaf = service_fn(|call: Call<Result<(), Label>>| async move {
        sleep(Duration::from_millis(30)).await;
        call.value
    });
    let service = AttemptMetricsLayer::new(by_label())
        .only_node(metrics.node("h"))
        .layer(leaf);
    service.clone().oneshot(Call::new(Ok(()))).await.unwrap();
    service.clone().oneshot(Call::new(Err("e"))).await.unwrap_err();
    service.oneshot(Call::new(Err("e"))).await.unwrap_err();

    assert_eq!(
        ledger.count(r#"cassandra_attempts_total{host="h",success="success"}"#),
        1
    );
    assert_eq!(
        ledger.count(r#"cassandra_attempts_total{host="h",success="failure"}"#),
        2
    );
    assert_eq!(
        ledger.samples(r#"cassandra_attempt_duration_seconds{host="h"}"#),
        [0.03; 3]
    );
    assert_eq!(ledger.counted("cassandra_errors_total"), []);
}

#[tokio::test]
async fn a_dropped_attempt_is_cancelled_and_a_panic_is_a_failure() {
    let (ledger, metrics) = Ledger::metrics();
    let leaf = service_fn(|call: Call<bool>| {
        assert!(!call.value, "in call");
        std::future::pending::<Result<(), Label>>()
    });
    let mut service = AttemptMetricsLayer::new(by_label())
        .only_node(metrics.node("h"))
        .layer(leaf);
    drop(service.ready().await.unwrap().call(Call::new(false)));
    assert_eq!(ledger.count(r#"cassandra_attempts_cancelled_total{host="h"}"#), 1);
    assert_eq!(ledger.counted(ENDED), []);

    let died = std::panic::catch_unwind(AssertUnwindSafe(|| service.call(Call::new(true))));
    assert!(died.is_err());
    assert_eq!(
        ledger.counted(ENDED),
        [(r#"{host="h",success="failure"}"#.to_owned(), 1)]
    );
}

#[tokio::test]
async fn an_attempt_without_a_node_is_passed_on_unrecorded() {
    let leaf = service_fn(|_: Call<()>| async { Ok::<(), Label>(()) });
    let service = AttemptMetricsLayer::new(by_label()).layer(leaf);
    service.oneshot(Call::new(())).await.unwrap();
}

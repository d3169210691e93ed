//! Labels that the user chooses, and the names of OpenTelemetry.

use std::convert::Infallible;

use tower::{Layer, ServiceExt, service_fn};
use tower_cassandra_layers::Call;
use tower_cassandra_layers::metrics::{Metrics, MetricsLayer};

use crate::support::{Label, Ledger, by_label};

async fn ask(metrics: &Metrics, label: Option<&'static str>, result: Result<(), Label>) {
    let leaf = service_fn(move |_: Call<()>| async move { result });
    let call = Call::new(()).with_class("simple");
    let call = label.into_iter().fold(call, Call::with_label);
    let _ = MetricsLayer::new(metrics.clone(), by_label())
        .layer(leaf)
        .oneshot(call)
        .await;
}

fn made(
    change: impl FnOnce(tower_cassandra_layers::metrics::MetricsBuilder) -> Metrics,
) -> (std::sync::Arc<Ledger>, Metrics) {
    let ledger = std::sync::Arc::new(Ledger::default());
    let metrics = change(Metrics::builder().recorder(ledger.clone()));
    (ledger, metrics)
}

fn of(label: &str, success: &str) -> String {
    format!(r#"cassandra_statement_duration_seconds{{statement="{label}",success="{success}"}}"#)
}

#[tokio::test]
async fn labels_beyond_the_number_are_other_and_are_counted() {
    let (ledger, metrics) = made(|builder| builder.statement_labels(2).build().unwrap());
    for label in ["a", "b", "c", "a", "d"] {
        ask(&metrics, Some(label), Ok(())).await;
    }
    ask(&metrics, Some("a"), Err("late")).await;
    ask(&metrics, None, Ok(())).await;
    let samples = |label, success| ledger.samples(&of(label, success)).len();
    assert_eq!(
        [
            samples("a", "success"),
            samples("b", "success"),
            samples("other", "success")
        ],
        [2, 1, 2]
    );
    assert_eq!(samples("a", "failure"), 1);
    assert_eq!(ledger.count("cassandra_statement_labels_folded_total"), 2);
    assert_eq!(samples("c", "success") + samples("d", "success"), 0);
    // Labelled or not, they are counted by their class.
    assert_eq!(
        ledger.count(r#"cassandra_queries_total{query_type="simple",success="success"}"#),
        6
    );
}

#[tokio::test]
async fn labels_can_be_turned_off_and_are_bounded() {
    let (ledger, metrics) = made(|builder| builder.statement_labels(0).build().unwrap());
    ask(&metrics, Some("a"), Ok(())).await;
    assert!(ledger.names().iter().all(|name| !name.contains("statement")));
    let error = Metrics::builder().statement_labels(1_025).build().unwrap_err();
    assert_eq!(error.option(), "metrics.statement_labels");
}

#[tokio::test]
async fn control_characters_do_not_reach_the_recorder() {
    let (ledger, metrics) = made(|builder| builder.client("or\nders").build().unwrap());
    ask(&metrics, Some("nightly\njob\u{7}"), Ok(())).await;
    metrics.node("10.0.0.1\r:9042").set_healthy(true);
    let all = ledger.everything().join(" ");
    assert!(!all.contains(char::is_control), "{all:?}");
    assert!(
        all.contains(r#"statement="nightly_job_",success="success",client="or_ders""#),
        "{all}"
    );
}

#[tokio::test]
async fn durations_of_operations_have_the_names_of_open_telemetry() {
    let (ledger, metrics) = made(|builder| builder.operation_durations(true).build().unwrap());
    ask(&metrics, None, Ok(())).await;
    ask(&metrics, None, Err("late")).await;
    ask(&metrics, None, Err("late")).await;
    let samples = |labels: &str| {
        let series = format!(
            r#"db.client.operation.duration{{db.system.name="cassandra",db.operation.name="simple"{labels}}}"#
        );
        ledger.samples(&series).len()
    };
    assert_eq!((samples(""), samples(r#",error.type="late""#)), (1, 2));
    let (ledger, metrics) = Ledger::metrics();
    ask(&metrics, None, Ok(())).await;
    assert!(ledger.names().iter().all(|name| !name.starts_with("db.")));
}

#[tokio::test]
async fn what_may_have_been_applied_is_counted() {
    let (ledger, metrics) = Ledger::metrics();
    let judge = tower_cassandra_layers::classify::classify_fn(|result: Result<&bool, &Infallible>| {
        tower_cassandra_layers::Outcome::Failure(tower_cassandra_layers::Failure {
            applied: match result {
                Ok(true) => tower_cassandra_layers::Applied::Maybe,
                _ => tower_cassandra_layers::Applied::No,
            },
            advice: tower_cassandra_layers::Advice::Never,
            fault: tower_cassandra_layers::Fault::Node,
            label: "late",
        })
    });
    for maybe in [true, false, true] {
        let leaf = service_fn(move |_: Call<()>| async move { Ok::<_, Infallible>(maybe) });
        let service = MetricsLayer::new(metrics.clone(), judge).layer(leaf);
        let _ = service.oneshot(Call::new(()).with_class("batch")).await;
    }
    assert_eq!(
        ledger.counted("cassandra_requests_ambiguous_total"),
        [(r#"{query_type="batch"}"#.to_owned(), 2)]
    );
}

//! A request ends in exactly one way, and the gauge goes back.

use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_cassandra_layers::Call;
use tower_cassandra_layers::metrics::{MetricsLayer, MetricsService};

use crate::support::{Judge, Label, Ledger, by_label};

/// What the leaf shall do.
#[derive(Clone, Copy)]
enum Play {
    Answer(u64),
    Fail(u64, Label),
    Hang,
    Panic,
    PanicInCall,
}

type Boxed = Pin<Box<dyn Future<Output = Result<(), Label>> + Send>>;

fn leaf(request: Call<Play>) -> Boxed {
    match request.value {
        Play::PanicInCall => panic!("in call"),
        play => Box::pin(async move {
            match play {
                Play::Answer(ms) => sleep(Duration::from_millis(ms)).await,
                Play::Fail(ms, label) => {
                    sleep(Duration::from_millis(ms)).await;
                    return Err(label);
                }
                Play::Hang => pending().await,
                Play::Panic | Play::PanicInCall => {
                    sleep(Duration::from_millis(5)).await;
                    panic!("in the future")
                }
            }
            Ok(())
        }),
    }
}

type Leaf = tower::util::ServiceFn<fn(Call<Play>) -> Boxed>;

fn measured() -> (std::sync::Arc<Ledger>, MetricsService<Leaf, Judge>) {
    let (ledger, metrics) = Ledger::metrics();
    let service = MetricsLayer::new(metrics, by_label()).layer(service_fn(leaf as fn(Call<Play>) -> Boxed));
    (ledger, service)
}

fn call(play: Play) -> Call<Play> {
    Call::new(play).with_class("prepared")
}

#[tokio::test(start_paused = true)]
async fn a_success_is_counted_once_with_its_exact_duration() {
    let (ledger, mut service) = measured();
    let response = service.ready().await.unwrap().call(call(Play::Answer(250)));
    assert_eq!(ledger.in_flight(), 1.0);
    response.await.unwrap();

    let series = r#"{query_type="prepared",success="success"}"#;
    assert_eq!(
        ledger.counted("cassandra_queries_total"),
        [(series.to_owned(), 1)]
    );
    assert_eq!(
        ledger.samples(&format!("cassandra_query_duration_seconds{series}")),
        [0.25]
    );
    assert_eq!(ledger.counted("cassandra_errors_total"), []);
    assert_eq!(ledger.counted("cassandra_requests_cancelled_total"), []);
    assert_eq!(ledger.in_flight(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_counted_with_its_duration_and_its_label() {
    let (ledger, service) = measured();
    service
        .oneshot(call(Play::Fail(40, "read_timeout")))
        .await
        .unwrap_err();

    let series = r#"{query_type="prepared",success="failure"}"#;
    assert_eq!(
        ledger.counted("cassandra_queries_total"),
        [(series.to_owned(), 1)]
    );
    assert_eq!(
        ledger.samples(&format!("cassandra_query_duration_seconds{series}")),
        [0.04]
    );
    assert_eq!(
        ledger.count(r#"cassandra_errors_total{error_type="read_timeout"}"#),
        1
    );
    assert_eq!(ledger.in_flight(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn time_before_the_first_poll_counts() {
    let (ledger, mut service) = measured();
    let response = service.ready().await.unwrap().call(call(Play::Answer(10)));
    sleep(Duration::from_millis(100)).await;
    response.await.unwrap();
    assert_eq!(
        ledger.samples(r#"cassandra_query_duration_seconds{query_type="prepared",success="success"}"#),
        [0.11]
    );
}

fn assert_only_cancelled(ledger: &Ledger) {
    assert_eq!(
        ledger.count(r#"cassandra_requests_cancelled_total{query_type="prepared"}"#),
        1
    );
    assert_eq!(ledger.counted("cassandra_queries_total"), []);
    assert_eq!(ledger.counted("cassandra_errors_total"), []);
    assert_eq!(ledger.in_flight(), 0.0);
}

#[tokio::test]
async fn a_request_dropped_before_its_first_poll_is_cancelled() {
    let (ledger, mut service) = measured();
    drop(service.ready().await.unwrap().call(call(Play::Hang)));
    assert_only_cancelled(&ledger);
}

#[tokio::test(start_paused = true)]
async fn a_request_dropped_under_way_is_cancelled() {
    let (ledger, service) = measured();
    tokio::time::timeout(Duration::from_secs(1), service.oneshot(call(Play::Hang)))
        .await
        .unwrap_err();
    assert_only_cancelled(&ledger);
}

fn assert_only_a_panic(ledger: &Ledger) {
    assert_eq!(
        ledger.counted("cassandra_queries_total"),
        [(r#"{query_type="prepared",success="failure"}"#.to_owned(), 1)]
    );
    assert_eq!(
        ledger.counted("cassandra_errors_total"),
        [(r#"{error_type="panic"}"#.to_owned(), 1)]
    );
    assert_eq!(ledger.counted("cassandra_requests_cancelled_total"), []);
    assert_eq!(ledger.in_flight(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_under_way_is_a_failure_and_goes_on() {
    let (ledger, service) = measured();
    let died = tokio::spawn(service.oneshot(call(Play::Panic)))
        .await
        .unwrap_err();
    assert!(died.is_panic());
    assert_only_a_panic(&ledger);
    assert_eq!(
        ledger.samples(r#"cassandra_query_duration_seconds{query_type="prepared",success="failure"}"#),
        [0.005]
    );
}

#[tokio::test]
async fn a_panic_in_call_is_a_failure_and_goes_on() {
    let (ledger, mut service) = measured();
    let service = service.ready().await.unwrap();
    let died = std::panic::catch_unwind(AssertUnwindSafe(|| service.call(call(Play::PanicInCall))));
    assert!(died.is_err());
    assert_only_a_panic(&ledger);
}

#[tokio::test]
async fn a_panic_elsewhere_that_drops_a_request_makes_it_cancelled() {
    let (ledger, mut service) = measured();
    let response = service.ready().await.unwrap().call(call(Play::Hang));
    let died = std::panic::catch_unwind(AssertUnwindSafe(move || {
        let _response = response;
        panic!("the caller's own");
    }));
    assert!(died.is_err());
    assert_only_cancelled(&ledger);
}

#[tokio::test(start_paused = true)]
async fn clones_and_concurrent_requests_share_one_gauge() {
    let (ledger, service) = measured();
    let calls: Vec<_> = (0..10)
        .map(|_| tokio::spawn(service.clone().oneshot(call(Play::Answer(10)))))
        .collect();
    sleep(Duration::from_millis(5)).await;
    assert_eq!(ledger.in_flight(), 10.0);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(ledger.in_flight(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_class_nobody_named_is_counted_as_other() {
    let (ledger, service) = measured();
    service
        .oneshot(Call::new(Play::Answer(1)).with_class("made up"))
        .await
        .unwrap();
    assert_eq!(
        ledger.counted("cassandra_queries_total"),
        [(r#"{query_type="other",success="success"}"#.to_owned(), 1)]
    );
}

#[tokio::test]
async fn the_readied_inner_service_is_the_one_that_is_called() {
    let (_, metrics) = Ledger::metrics();
    let mut service = MetricsLayer::new(metrics, by_label()).layer(OnlyReadied(false));
    service.ready().await.unwrap().call(Call::new(())).await.unwrap();
    assert!(!service.get_ref().0);
    service.get_mut().0 = true;
    assert!(service.into_inner().0);
}

/// Panics when called without having been asked; a clone has to be asked again.
struct OnlyReadied(bool);

impl Service<Call<()>> for OnlyReadied {
    type Response = ();
    type Error = Label;
    type Future = std::future::Ready<Result<(), Label>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Label>> {
        self.0 = true;
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Call<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.0), "called before it was ready");
        std::future::ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn totals_can_be_read_without_a_recorder() {
    let (_ledger, metrics) = Ledger::metrics();
    let layer = MetricsLayer::new(metrics.clone(), by_label());
    let service = || layer.layer(service_fn(leaf as fn(Call<Play>) -> Boxed));
    for _ in 0..3 {
        service().oneshot(call(Play::Answer(1))).await.unwrap();
    }
    service()
        .oneshot(call(Play::Fail(1, "timeout")))
        .await
        .unwrap_err();
    drop(service().call(call(Play::Hang)));
    metrics.retried("timeout");
    metrics.rejected("queue_full");
    metrics.set_enabled(false);
    service().oneshot(call(Play::Answer(1))).await.unwrap();
    let totals = metrics.totals();
    assert_eq!((totals.succeeded, totals.failed, totals.cancelled), (3, 1, 1));
    assert_eq!((totals.retried, totals.rejected), (1, 1));
}

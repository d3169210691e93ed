//! Retries: what is repeated, when, how often, and what is left of it.

mod attempts;
mod budget;
mod time;

#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;
use support::{Error, JUDGE, Judge, Plan, Req, Seen, Strict, fails, ms, poll_once, read, send, start, write};
use tokio::time::{Instant, advance, sleep};
use tower::ServiceBuilder;
use tower_cassandra_layers::classify::Stop;
use tower_cassandra_layers::request::OwnLimit;
use tower_cassandra_layers::retry::{Backoff, Budget, Pauses, Retry, RetryBudget, RetryLayer, RetryPolicy};
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_cassandra_layers::{Advice, Applied, Call, Fault, Limit, NodeId, Request};
use tower_layer::Layer;
use tower_service::Service;

/// 10, 20, 40 ms, without jitter.
fn exact() -> RetryPolicy {
    RetryPolicy::default()
        .backoff(Backoff::exponential(ms(10), Duration::from_secs(1)).without_jitter())
        .seed(1)
}

fn retry(policy: RetryPolicy, inner: &Strict) -> Retry<Strict, Judge> {
    RetryLayer::new(policy, JUDGE).unwrap().layer(inner.clone())
}

/// When each attempt was made, in milliseconds after the first.
fn times(seen: &[Seen]) -> Vec<u64> {
    seen.iter()
        .map(|s| (s.at - seen[0].at).as_millis() as u64)
        .collect()
}

/// Pauses of one's own: always the same.
#[derive(Debug)]
struct Steady(Duration);

impl Pauses for Steady {
    fn pause(&self, _retry: u32, _random: u64) -> Duration {
        self.0
    }
}

const NODE: NodeId = NodeId(7);

fn on_node(advice: Advice, node: NodeId) -> Error {
    let failure = support::failure(Applied::Maybe, advice, Fault::Node);
    Error::of(support::Kind::Scripted(failure, Some(node)))
}

#[tokio::test(start_paused = true)]
async fn each_attempt_goes_to_a_service_that_was_polled_ready_for_it() {
    // The strict service panics otherwise.
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Next)));
    let mut service = retry(exact(), &inner);
    let first = start(&mut service, read()).await;
    let second = start(&mut service, read()).await;
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_err() && second.is_err());
    assert_eq!((inner.attempts(), inner.readied()), (8, 8));
}

#[tokio::test(start_paused = true)]
async fn an_error_of_readiness_keeps_what_the_attempts_before_left_behind() {
    let broken = fails(Applied::No, Advice::Never);
    let inner =
        Strict::failing_first([fails(Applied::Maybe, Advice::Next)]).readiness(vec![Ok(()), Err(broken)]);
    let error = send(&mut retry(exact(), &inner), read()).await.unwrap_err();
    let applied: Vec<_> = error.history.iter().map(|f| f.failure.applied).collect();
    assert_eq!(applied, [Applied::Maybe, Applied::No]);
    assert_eq!((error.stop, error.finished), (Some(Stop::NotRetryable), 1));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_dropped_before_the_pause_and_before_the_next() {
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Next)));
    let mut future = Box::pin(start(&mut retry(exact(), &inner), read()).await);
    assert!(poll_once(&mut future).is_pending(), "in the second pause");
    assert_eq!((inner.attempts(), inner.alive()), (2, 0));
    future.await.unwrap_err();
    assert!(inner.seen().iter().all(|s| s.alive == 0));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_leaves_nothing_behind() {
    let payload = Arc::new(());
    for script in [Plan::silence(), Plan::fail(fails(Applied::No, Advice::Backoff))] {
        let inner = Strict::always(script);
        let held = Arc::clone(&payload);
        let classifier =
            tower_cassandra_layers::classify::classify_fn(move |result: Result<&support::Answer, &Error>| {
                let _ = &held;
                tower_cassandra_layers::Classify::<Req, _, _>::classify(&JUDGE, &(), result)
            });
        let mut service = RetryLayer::new(exact(), classifier).unwrap().layer(inner.clone());
        let mut future = Box::pin(start(&mut service, read()).await);
        assert!(poll_once(&mut future).is_pending());
        drop(service);
        assert_eq!(Arc::strong_count(&payload), 2);
        drop(future);
        assert_eq!((Arc::strong_count(&payload), inner.alive()), (1, 0));
        sleep(Duration::from_secs(60)).await;
        assert_eq!(inner.attempts(), 1, "nothing goes on");
    }
}

#[tokio::test(start_paused = true)]
async fn the_copy_of_a_request_has_no_ticket() {
    use tower_cassandra_layers::balance::{AllNodes, BalanceLayer};
    use tower_cassandra_layers::health::{HealthSettings, Table};
    let table = Table::new(HealthSettings::default()).unwrap();
    table.replace([table.endpoint(NODE, "a", ())]);
    let kept = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&kept);
    let leaf = tower::service_fn(move |request: Req| {
        assert!(request.context().ticket().is_some());
        assert!(request.clone().context().ticket().is_none());
        assert_eq!(request.clone().context().target(), None);
        seen.fetch_add(1, SeqCst);
        std::future::ready(Err::<support::Answer, _>(fails(Applied::No, Advice::Next)))
    });
    let mut service = ServiceBuilder::new()
        .layer(RetryLayer::new(exact(), JUDGE).unwrap())
        .layer(BalanceLayer::new(
            table.clone(),
            AllNodes::new(table.clone()),
            JUDGE,
        ))
        .service(leaf);
    send(&mut service, read()).await.unwrap_err();
    assert_eq!(kept.load(SeqCst), 4);
    assert_eq!(table.endpoints()[0].in_flight(), 0);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let layer = |policy| RetryLayer::new(policy, JUDGE).map(|_| ()).map_err(|e| e.option());
    assert_eq!(layer(exact().max_retries(101)).unwrap_err(), "retry.max_retries");
    for (base, cap) in [(ms(2), ms(1)), (ms(1), Duration::MAX)] {
        let backoff = Backoff::exponential(base, cap);
        assert_eq!(layer(exact().backoff(backoff)).unwrap_err(), "retry.backoff");
    }
    assert!(layer(exact().backoff(Backoff::exponential(Duration::ZERO, Duration::ZERO))).is_ok());
}

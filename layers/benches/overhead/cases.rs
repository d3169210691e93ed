//! The layers of this crate, one by one and all together.

use std::pin::pin;
use std::time::Duration;

use tower::layer::util::Identity;
use tower::{Layer, Service, ServiceBuilder};
use tower_cassandra_layers::balance::{Balance, BalanceLayer};
use tower_cassandra_layers::health::{HealthSettings, Table};
use tower_cassandra_layers::hedge::{Hedge, HedgeLayer};
use tower_cassandra_layers::limit::{ConcurrencyLimit, ConcurrencyLimitLayer, RateLimit, RateLimitLayer};
use tower_cassandra_layers::metrics::{AttemptMetricsLayer, Metrics, MetricsLayer};
use tower_cassandra_layers::panic::CatchPanicLayer;
use tower_cassandra_layers::retry::{RetryLayer, RetryPolicy};
use tower_cassandra_layers::timeout::{Timeout, TimeoutLayer};
use tower_cassandra_layers::{Call, NodeId};

use crate::atomics::metrics;
use crate::beside::{Spanned, Wrapper};
use crate::drive::{Case, Rounds, poll};
use crate::leaf::{Error, Judge, Leaf, OtherLeaf, Request};
use crate::replicas::{Replicas, ask_each};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

const fn case(name: &'static str, run: fn(Leaf, &mut Rounds<'_>)) -> Case {
    Case {
        name,
        reaches_leaf: true,
        run,
    }
}

const fn refusal(name: &'static str, run: fn(Leaf, &mut Rounds<'_>)) -> Case {
    Case {
        name,
        reaches_leaf: false,
        run,
    }
}

pub(crate) const CASES: &[Case] = &[
    case("leaf", |leaf, rounds| rounds.drive(leaf)),
    crate::timer::CONTROL,
    case("timeout_call", |leaf, rounds| {
        rounds.drive(timeout().layer(leaf));
    }),
    case("timeout_call_timer", |leaf, rounds| {
        rounds.drive(TimeoutLayer::call(SECOND).unwrap().layer(leaf));
    }),
    case("timeout_attempt", |leaf, rounds| {
        rounds.drive(attempt_timeout().layer(leaf));
    }),
    case("concurrency_limit", |leaf, rounds| {
        rounds.drive(concurrency_limit().layer(leaf));
    }),
    case("rate_limit", |leaf, rounds| {
        rounds.drive(rate_limit().layer(leaf));
    }),
    case("retry", |leaf, rounds| rounds.drive(retry().layer(leaf))),
    case("hedge", |leaf, rounds| {
        rounds.drive(hedge().layer(attempt_timeout().layer(OtherLeaf(leaf))));
    }),
    case("metrics", |leaf, rounds| {
        rounds.drive(MetricsLayer::new(metrics(), Judge).layer(leaf));
    }),
    case("metrics_disabled", |leaf, rounds| {
        rounds.drive(MetricsLayer::new(Metrics::disabled(), Judge).layer(leaf));
    }),
    case("both_metrics", |leaf, rounds| {
        let metrics = metrics();
        let leaf = AttemptMetricsLayer::new(Judge)
            .only_node(metrics.node("10.0.0.1:9042"))
            .layer(leaf);
        rounds.drive(MetricsLayer::new(metrics, Judge).layer(leaf));
    }),
    case("wrapper", |leaf, rounds| rounds.drive(Wrapper(leaf))),
    case("span", |leaf, rounds| rounds.drive(Spanned(leaf))),
    case("attempt_metrics", |leaf, rounds| {
        let node = metrics().node("10.0.0.1:9042");
        rounds.drive(AttemptMetricsLayer::new(Judge).only_node(node).layer(leaf));
    }),
    case("catch_panic", |leaf, rounds| {
        rounds.drive(CatchPanicLayer::new().with_metrics(metrics()).layer(leaf));
    }),
    case("balance_3", |leaf, rounds| balanced(3, leaf, rounds)),
    case("balance_12", |leaf, rounds| balanced(12, leaf, rounds)),
    case("balance_1000", |leaf, rounds| balanced(1_000, leaf, rounds)),
    refusal("reject_full_queue", full_queue),
    refusal("reject_empty_bucket", empty_bucket),
    case("full_stack", |leaf, rounds| {
        full_stack(Identity::new(), leaf, rounds)
    }),
    case("full_stack_hedge", |leaf, rounds| {
        full_stack(hedge().with_metrics(&metrics()), OtherLeaf(leaf), rounds);
    }),
];

fn timeout() -> TimeoutLayer {
    TimeoutLayer::call(SECOND).unwrap().without_timer()
}

fn attempt_timeout() -> TimeoutLayer {
    TimeoutLayer::attempt(SECOND / 2).unwrap()
}

fn concurrency_limit() -> ConcurrencyLimitLayer {
    ConcurrencyLimitLayer::new(1_024).unwrap()
}

fn rate_limit() -> RateLimitLayer {
    RateLimitLayer::new(RateLimit::per_second(1_000_000_000).burst(1_000_000)).unwrap()
}

fn retry() -> RetryLayer<Judge> {
    RetryLayer::new(RetryPolicy::default().seed(1), Judge).unwrap()
}

/// It has learned its delay in the warm-up, is armed for every request after that, and never due.
fn hedge() -> HedgeLayer<Judge> {
    HedgeLayer::new(Hedge::default(), Judge).unwrap()
}

fn balance(nodes: u32, metrics: Option<Metrics>) -> BalanceLayer<Replicas, Judge> {
    let mut table = Table::new(HealthSettings::default().seed(1)).unwrap();
    if let Some(metrics) = metrics {
        table = table.with_metrics(metrics);
    }
    let nodes: Vec<_> = (0..nodes)
        .map(|id| table.endpoint(NodeId(u128::from(id)), &format!("node {id}"), ()))
        .collect();
    table.replace(nodes.iter().cloned());
    BalanceLayer::new(table, Replicas(nodes.into()), Judge)
}

fn balanced(nodes: u32, leaf: Leaf, rounds: &mut Rounds<'_>) {
    let mut service = balance(nodes, None).layer(leaf);
    acquaint(&mut service, nodes);
    rounds.drive(service);
}

/// The nodes of a small cluster are asked until their mean latencies are settled.
fn acquaint<S: Service<Request>>(service: &mut S, nodes: u32) {
    ask_each(service, nodes, if nodes < 100 { 300 } else { 1 });
}

fn full_stack<S, H, T>(hedge: H, leaf: S, rounds: &mut Rounds<'_>)
where
    S: Service<Request, Response = u32, Error = Error> + Clone,
    H: Layer<Attempt<S>, Service = T>,
    T: Service<Request, Response = u32, Error = Error> + Clone,
{
    let metrics = metrics();
    let mut service = ServiceBuilder::new()
        .layer(MetricsLayer::new(metrics.clone(), Judge))
        .layer(CatchPanicLayer::new().with_metrics(metrics.clone()))
        .layer(timeout())
        .layer(concurrency_limit())
        .layer(rate_limit())
        .layer(retry().with_metrics(metrics.clone()))
        .layer(hedge)
        .layer(balance(3, Some(metrics)))
        .layer(AttemptMetricsLayer::new(Judge))
        .layer(attempt_timeout())
        .service(leaf);
    acquaint(&mut service, 3);
    rounds.drive(service);
}

/// What is inside of a hedge.
type Attempt<S> = Balance<Measured<Timeout<S>>, Replicas, Judge>;
type Measured<S> = <AttemptMetricsLayer<Judge> as Layer<S>>::Service;

/// One request holds the only permit, nobody may wait.
fn full_queue(mut leaf: Leaf, rounds: &mut Rounds<'_>) {
    leaf.pending = true;
    let limit = ConcurrencyLimitLayer::new(ConcurrencyLimit::new(1).queue(0)).unwrap();
    let mut service = limit.layer(leaf);
    let mut holds = pin!(service.call(Call::new(0)));
    assert!(poll(holds.as_mut()).is_pending());
    rounds.drive_refused(service);
}

/// The one request of the hour has been sent, nobody may wait.
fn empty_bucket(leaf: Leaf, rounds: &mut Rounds<'_>) {
    let limit = RateLimit::per(1, HOUR).burst(1).queue(0);
    let mut service = RateLimitLayer::new(limit).unwrap().layer(leaf);
    let mut taken = pin!(service.call(Call::new(0)));
    while poll(taken.as_mut()).is_pending() {}
    rounds.drive_refused(service);
}

//! The layers of the default stack over simulated nodes.

use std::cell::Cell;
use std::time::Duration;

use tower::ServiceBuilder;
use tower_cassandra_layers::NodeId;
use tower_cassandra_layers::balance::BalanceLayer;
use tower_cassandra_layers::health::{HealthSettings, Table};
use tower_cassandra_layers::metrics::{AttemptMetricsLayer, MetricsLayer};
use tower_cassandra_layers::panic::CatchPanicLayer;
use tower_cassandra_layers::retry::{RetryLayer, RetryPolicy};
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_service::Service;

use crate::alloc;
use crate::atomics;
use crate::leaf::{Error, Judge, Leaf, Request};
use crate::replicas::{Replicas, ask_each};

const CALL: Duration = Duration::from_secs(10);
const ATTEMPT: Duration = Duration::from_secs(3);

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
}

/// What the last case had for all that it has many of, in bytes.
pub(crate) fn held() -> i64 {
    HELD.get()
}

/// Notes what lives because of this.
pub(crate) fn holding<T>(make: impl FnOnce() -> T) -> T {
    let before = alloc::live();
    let made = make();
    HELD.set(alloc::live() - before);
    made
}

/// A complete stack, each node of which has been asked once.
pub(crate) fn stack(
    nodes: u32,
    leaf: Leaf,
) -> impl Service<Request, Response = u32, Error = Error, Future: Send> + Clone {
    let metrics = atomics::metrics();
    let settings = HealthSettings::default().seed(1);
    #[expect(clippy::expect_used, reason = "defaults are sound")]
    let table = Table::new(settings)
        .expect("sound settings")
        .with_metrics(metrics.clone());
    let endpoints: Vec<_> = (0..nodes)
        .map(|id| table.endpoint(NodeId(u128::from(id)), &format!("node {id}"), ()))
        .collect();
    table.replace(endpoints.iter().cloned());
    let replicas = Replicas(endpoints.into());
    #[expect(clippy::expect_used, reason = "defaults are sound")]
    let mut service = ServiceBuilder::new()
        .layer(MetricsLayer::new(metrics.clone(), Judge))
        .layer(CatchPanicLayer::new().with_metrics(metrics.clone()))
        .layer(TimeoutLayer::call(CALL).expect("sound limits").without_timer())
        .layer(
            RetryLayer::new(RetryPolicy::default().seed(1), Judge)
                .expect("sound policy")
                .with_metrics(metrics),
        )
        .layer(BalanceLayer::new(table, replicas, Judge))
        .layer(AttemptMetricsLayer::new(Judge))
        .layer(TimeoutLayer::attempt(ATTEMPT).expect("sound limits"))
        .service(leaf);
    // The ledger of a node gets its storage at the first request. Those of a small cluster are asked until their mean latencies are settled.
    ask_each(&mut service, nodes, if nodes < 10 { 300 } else { 1 });
    service
}

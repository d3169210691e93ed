//! The layers of the default stack over simulated nodes.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tower::ServiceBuilder;
use tower_cassandra_layers::balance::{BalanceLayer, Directory, Endpoint, Group};
use tower_cassandra_layers::health::{HealthSettings, Table};
use tower_cassandra_layers::metrics::{AttemptMetricsLayer, Metrics, MetricsLayer};
use tower_cassandra_layers::panic::CatchPanicLayer;
use tower_cassandra_layers::retry::{RetryLayer, RetryPolicy};
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_cassandra_layers::{Call, NodeId};
use tower_service::Service;

use crate::alloc;
use crate::leaf::{Error, Judge, Leaf, Request};

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
    let metrics = Metrics::on(Arc::new(Atomics));
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

/// Sends requests for which there is one candidate each.
pub(crate) fn ask_each<S: Service<Request>>(service: &mut S, nodes: u32, times: u32) {
    for node in (0..nodes).cycle().take((nodes * times) as usize) {
        let mut asked = pin!(service.call(Call::new(ONLY + node)));
        while poll(asked.as_mut()).is_pending() {}
    }
}

pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// From this key on there is one candidate, the node of that number.
const ONLY: u32 = 1 << 31;

/// Three replicas of each key, however many nodes there are.
struct Replicas(Box<[Arc<Endpoint>]>);

impl Directory<Request> for Replicas {
    fn visit(
        &self,
        request: &Request,
        group: Group,
        each: &mut dyn FnMut(&Arc<Endpoint>, bool) -> ControlFlow<()>,
    ) {
        if group != Group::Preferred {
            return;
        }
        if request.value >= ONLY {
            let _ = each(&self.0[(request.value - ONLY) as usize], true);
            return;
        }
        let nodes = self.0.len();
        let first = (u64::from(request.value.wrapping_mul(0x9e37_79b9)) * nodes as u64) >> 32;
        for past in first as usize..first as usize + 3 {
            let replica = if past < nodes { past } else { past - nodes };
            if each(&self.0[replica], true).is_break() {
                return;
            }
        }
    }
}

/// Metrics whose handles are atomics: what is counted is ours and not the recorder's.
struct Atomics;

struct Last(AtomicU64);

impl HistogramFn for Last {
    fn record(&self, value: f64) {
        self.0
            .store(value.to_bits(), std::sync::atomic::Ordering::Relaxed);
    }
}

impl Recorder for Atomics {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(AtomicU64::new(0)))
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(AtomicU64::new(0)))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Last(AtomicU64::new(0))))
    }
}

//! Attempts that nobody waits for any more, and what they are good for.

mod drill;
mod task;

#[path = "../support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;
use support::{Answer, Error, JUDGE, Judge, Req, ms, poll_once, read, send};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, advance, sleep, sleep_until};
use tower::ServiceBuilder;
use tower_cassandra_layers::balance::{AllNodes, Balance, BalanceLayer, Endpoint, LONGEST_LIFE, Reaper};
use tower_cassandra_layers::health::{HealthSettings, State, Table};
use tower_cassandra_layers::limit::Reason;
use tower_cassandra_layers::retry::{RetryLayer, RetryPolicy};
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_cassandra_layers::{NodeId, Outcome, Request};
use tower_layer::Layer;
use tower_service::Service;

type Boxed = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

type Network = Arc<dyn Fn(NodeId) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A leaf as a driver's would be: one box per attempt, which owns the ticket until the node answers.
#[derive(Clone)]
struct Leaf {
    network: Network,
    /// Without one, an attempt that nobody waits for is forgotten.
    reaper: Option<Reaper<Boxed>>,
    sent: Arc<Mutex<HashMap<NodeId, usize>>>,
}

impl Leaf {
    fn new<F>(network: impl Fn(NodeId) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self {
            network: Arc::new(move |node| Box::pin(network(node))),
            reaper: Some(Reaper::spawn()),
            sent: Arc::default(),
        }
    }

    fn sent(&self, node: NodeId) -> usize {
        self.sent.lock().unwrap().get(&node).copied().unwrap_or(0)
    }
}

impl Service<Req> for Leaf {
    type Response = Answer;
    type Error = Error;
    type Future = Boxed;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Req) -> Boxed {
        let ticket = request.context_mut().take_ticket().expect("a ticket");
        let endpoint = Arc::clone(ticket.endpoint());
        let node = endpoint.id();
        *self.sent.lock().unwrap().entry(node).or_default() += 1;
        let answer = (self.network)(node);
        let attempt: Boxed = Box::pin(async move {
            answer.await;
            ticket.answered(&Outcome::Success);
            Ok(Answer {
                node: Some(node),
                attempts: 0,
            })
        });
        match &self.reaper {
            Some(reaper) => Box::pin(reaper.keep(attempt, Some(endpoint))),
            None => attempt,
        }
    }
}

struct OneNode {
    table: Table,
    node: Arc<Endpoint>,
    leaf: Leaf,
    service: Balance<Leaf, AllNodes, Judge>,
}

impl OneNode {
    fn new(settings: HealthSettings, leaf: Leaf) -> Self {
        let table = Table::new(settings).unwrap();
        let node = table.endpoint(NodeId(0), "silent", ());
        table.replace([Arc::clone(&node)]);
        let layer = BalanceLayer::new(table.clone(), AllNodes::new(table.clone()), JUDGE);
        Self {
            table,
            node,
            service: layer.layer(leaf.clone()),
            leaf,
        }
    }

    fn call(&mut self) -> Pin<Box<impl Future<Output = Result<Answer, Error>> + use<>>> {
        let mut cx = TaskContext::from_waker(std::task::Waker::noop());
        assert!(self.service.poll_ready(&mut cx).is_ready());
        Box::pin(self.service.call(read()))
    }

    /// Sends a request and gives it up.
    fn abandon(&mut self) {
        let mut call = self.call();
        assert!(poll_once(&mut call).is_pending());
    }

    /// In flight, abandoned, dropped without an answer.
    fn counts(&self) -> (u32, u32, u64) {
        let dropped = self.leaf.reaper.as_ref().map_or(0, Reaper::dropped);
        (self.node.in_flight(), self.node.abandoned(), dropped)
    }
}

fn after(time: Duration) -> Leaf {
    Leaf::new(move |_| sleep(time))
}

/// Lets every task that can run do so, without the clock moving.
async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_attempt_keeps_its_place_until_the_node_answers() {
    let mut rig = OneNode::new(HealthSettings::default(), after(ms(5_000)));
    rig.abandon();
    assert_eq!(rig.counts(), (1, 1, 0));
    sleep(ms(4_999)).await;
    assert_eq!(rig.counts(), (1, 1, 0));
    assert_eq!(rig.table.snapshot()[0].state, State::Stalled);
    sleep(ms(2)).await;
    assert_eq!(rig.counts(), (0, 0, 0));
    assert_eq!(
        rig.node.mean_latency(),
        Some(ms(5_000)),
        "the late answer says how slow the node is"
    );
    assert_eq!(rig.table.snapshot()[0].state, State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn what_was_never_polled_or_has_ended_is_not_kept() {
    let mut rig = OneNode::new(HealthSettings::default(), after(ms(5)));
    let call = rig.call();
    assert_eq!(rig.counts(), (1, 0, 0));
    drop(call);
    assert_eq!(rig.counts(), (0, 0, 0));
    let mut call = rig.call();
    (&mut call).await.unwrap();
    assert_eq!(rig.counts(), (0, 0, 0));
    drop(call);
    assert_eq!(rig.counts(), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_reaper_is_woken_by_the_answer_and_not_by_the_clock() {
    let (answer, waiting) = oneshot::channel();
    let waiting = Mutex::new(Some(waiting));
    let leaf = Leaf::new(move |_| {
        let waiting = waiting.lock().unwrap().take().unwrap();
        async move { waiting.await.unwrap() }
    });
    let mut rig = OneNode::new(HealthSettings::default(), leaf);
    let started = Instant::now();
    rig.abandon();
    settle().await;
    assert_eq!(rig.counts(), (1, 1, 0));
    answer.send(()).unwrap();
    settle().await;
    assert_eq!((rig.counts(), started.elapsed()), ((0, 0, 0), Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_during_the_hand_over_is_not_lost() {
    let (answer, waiting) = oneshot::channel();
    let waiting = Mutex::new(Some(waiting));
    let leaf = Leaf::new(move |_| {
        let waiting = waiting.lock().unwrap().take().unwrap();
        async move { waiting.await.unwrap() }
    });
    let mut rig = OneNode::new(HealthSettings::default(), leaf);
    rig.abandon();
    answer.send(()).unwrap();
    assert_eq!(rig.counts(), (1, 1, 0));
    settle().await;
    assert_eq!(rig.counts(), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_beyond_the_limit_is_dropped_and_the_node_is_full() {
    let settings = HealthSettings::default().abandoned_limit(2);
    let mut rig = OneNode::new(settings, after(ms(5_000)));
    let mut calls: Vec<_> = (0..5).map(|_| rig.call()).collect();
    for call in &mut calls {
        assert!(poll_once(call).is_pending());
    }
    drop(calls);
    assert_eq!(rig.counts(), (2, 2, 3));
    let error = send(&mut rig.service, read()).await.unwrap_err();
    assert_eq!(error.rejected().reason(), Reason::NodesFull);
    sleep(ms(5_001)).await;
    assert_eq!(rig.counts(), (0, 0, 3));
    send(&mut rig.service, read()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn after_its_longest_life_it_is_dropped_and_counted() {
    let mut rig = OneNode::new(HealthSettings::default(), after(LONGEST_LIFE * 2));
    rig.abandon();
    sleep(LONGEST_LIFE - ms(1)).await;
    assert_eq!(rig.counts(), (1, 1, 0));
    sleep(ms(3)).await;
    assert_eq!(rig.counts(), (0, 0, 1));
}

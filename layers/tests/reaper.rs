//! Attempts that nobody waits for any more, and what they are good for.

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
    reaper: Option<Reaper<Result<Answer, Error>>>,
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
        let attempt = Box::pin(async move {
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

#[tokio::test(start_paused = true)]
async fn stopping_drops_what_is_kept_and_keeps_nothing_more() {
    let mut rig = OneNode::new(HealthSettings::default(), after(ms(5_000)));
    rig.abandon();
    settle().await;
    rig.leaf.reaper.as_ref().unwrap().stop();
    settle().await;
    assert_eq!(rig.counts(), (0, 0, 0));
    rig.abandon();
    assert_eq!(rig.counts(), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_its_last_handle() {
    let mut rig = OneNode::new(HealthSettings::default(), after(ms(5_000)));
    let mut last = rig.call();
    assert!(poll_once(&mut last).is_pending());
    rig.abandon();
    let node = Arc::clone(&rig.node);
    drop(rig);
    settle().await;
    assert_eq!(
        (node.in_flight(), node.abandoned()),
        (2, 1),
        "the call is a handle too"
    );
    drop(last);
    settle().await;
    assert_eq!((node.in_flight(), node.abandoned()), (0, 0));
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_one_attempt_does_not_end_the_others() {
    let count = Arc::new(Mutex::new(0));
    let leaf = Leaf::new(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        let panics = *count == 1;
        async move {
            sleep(ms(if panics { 100 } else { 5_000 })).await;
            assert!(!panics, "as asked");
        }
    });
    let mut rig = OneNode::new(HealthSettings::default(), leaf);
    rig.abandon();
    rig.abandon();
    sleep(ms(200)).await;
    assert_eq!(rig.counts(), (1, 1, 0));
    rig.abandon();
    sleep(ms(4_900)).await;
    assert_eq!(rig.counts(), (1, 1, 0));
    sleep(ms(400)).await;
    assert_eq!(rig.counts(), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_its_own_ends_an_attempt_and_that_of_another_does_not() {
    let leaf = Leaf::new(|_| async { panic!("as asked") });
    let mut rig = OneNode::new(HealthSettings::default(), leaf);
    let mut call = rig.call();
    assert!(catch_unwind(AssertUnwindSafe(|| poll_once(&mut call))).is_err());
    drop(call);
    settle().await;
    assert_eq!(rig.counts(), (0, 0, 0));

    let mut rig = OneNode::new(HealthSettings::default(), after(ms(5_000)));
    let mut call = rig.call();
    assert!(poll_once(&mut call).is_pending());
    let other = AssertUnwindSafe(move || {
        let _call = call;
        panic!("as asked");
    });
    assert!(catch_unwind(other).is_err());
    assert_eq!(rig.counts(), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn without_an_endpoint_dropping_is_dropping() {
    let reaper = Reaper::spawn();
    let held = Arc::new(());
    let inside = Arc::clone(&held);
    let mut kept = reaper.keep(
        Box::pin(async move {
            sleep(ms(10)).await;
            drop(inside);
        }),
        None,
    );
    assert!(poll_once(&mut kept).is_pending());
    drop(kept);
    assert_eq!((Arc::strong_count(&held), reaper.dropped()), (1, 0));
}

const RATE: u64 = 1_000;
const FROZEN: Duration = Duration::from_secs(20);

struct Drill {
    failed: usize,
    to_the_silent_node: usize,
    slowest: Duration,
    left_over: (u32, u32),
}

/// The whole stack over three nodes of which one answers nothing for 20 s, at 1,000 calls a second.
///
/// Passive ejection is off: it would hide what holding a place does.
async fn drill(with_reaper: bool) -> Drill {
    let settings = HealthSettings::default().consecutive_failures(u32::MAX).seed(11);
    let table = Table::new(settings).unwrap();
    let nodes: Vec<_> = (0..3).map(|id| table.endpoint(NodeId(id), "", ())).collect();
    table.replace(nodes.iter().cloned());
    let silent = Arc::clone(&nodes[0]);
    let freezes = Instant::now() + Duration::from_secs(1);
    let mut leaf = Leaf::new(move |node| async move {
        let thaws = freezes + FROZEN;
        let now = Instant::now();
        if node == NodeId(0) && now >= freezes && now < thaws {
            sleep_until(thaws).await;
        }
        sleep(ms(2)).await;
    });
    if !with_reaper {
        leaf.reaper = None;
    }
    let service = ServiceBuilder::new()
        .layer(TimeoutLayer::call(ms(2_000)).unwrap().without_timer())
        .layer(RetryLayer::new(RetryPolicy::default().seed(12), JUDGE).unwrap())
        .layer(BalanceLayer::new(
            table.clone(),
            AllNodes::new(table.clone()),
            JUDGE,
        ))
        .layer(TimeoutLayer::attempt(ms(500)).unwrap())
        .service(leaf.clone());
    let mut calls = JoinSet::new();
    let mut before = 0;
    while Instant::now() < freezes + FROZEN - ms(1) {
        if before == 0 && Instant::now() >= freezes {
            before = leaf.sent(NodeId(0));
        }
        let mut service = service.clone();
        calls.spawn(async move {
            let started = Instant::now();
            (send(&mut service, read()).await.is_ok(), started.elapsed())
        });
        sleep(Duration::from_secs(1) / RATE as u32).await;
    }
    let to_the_silent_node = leaf.sent(NodeId(0)) - before;
    let mut failed = 0;
    let mut slowest = Duration::ZERO;
    while let Some(call) = calls.join_next().await {
        let (ok, took) = call.unwrap();
        failed += usize::from(!ok);
        slowest = slowest.max(took);
    }
    sleep(ms(100)).await;
    Drill {
        failed,
        to_the_silent_node,
        slowest,
        left_over: (silent.in_flight(), silent.abandoned()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_frozen_node_gets_no_more_than_the_calls_of_one_stall_limit() {
    let drill = drill(true).await;
    assert_eq!(drill.failed, 0);
    // The stall limit of nodes that answer within 2 ms is its lower bound, 10 ms.
    let bound = (RATE * 10 / 1_000) as usize;
    assert!(
        (1..=bound).contains(&drill.to_the_silent_node),
        "{}",
        drill.to_the_silent_node
    );
    assert!(drill.slowest < ms(600), "{:?}", drill.slowest);
    assert_eq!(drill.left_over, (0, 0), "after it has answered");
}

#[tokio::test(start_paused = true)]
async fn without_the_reaper_the_same_node_attracts_calls_again_and_again() {
    let kept = drill(true).await.to_the_silent_node;
    let forgotten = drill(false).await.to_the_silent_node;
    assert!(
        forgotten > 20 * kept,
        "{forgotten} forgotten, {kept} with a held place"
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_given_up_on_is_asked_again_after_its_answer() {
    let mut rig = OneNode::new(HealthSettings::default(), after(ms(300)));
    rig.abandon();
    advance(ms(200)).await;
    assert_eq!(rig.table.snapshot()[0].state, State::Stalled);
    sleep(ms(101)).await;
    assert_eq!(rig.table.snapshot()[0].state, State::Healthy);
}

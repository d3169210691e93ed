//! Nodes that were ejected.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::time::advance;
use tower_cassandra_layers::balance::{BalanceLayer, Group};
use tower_cassandra_layers::health::State;
use tower_cassandra_layers::retry::{Backoff, RetryLayer, RetryPolicy};
use tower_cassandra_layers::{Advice, Applied, Fault, NodeId};
use tower_layer::Layer;
use tower_service::Service;

use crate::shares;
use crate::support::rig::Rig;
use crate::support::{Error, JUDGE, Kind, Plan, Strict, fails, failure, fault, ms, read, send};

#[tokio::test(start_paused = true)]
async fn an_ejected_node_is_not_asked_until_its_time_is_over() {
    let mut rig = Rig::new(2);
    rig.fail(0, fails(Applied::No, Advice::Never), 5).await;
    assert_eq!(rig.state(0), State::Ejected);
    assert_eq!(shares(&mut rig, 1_000).await, [0, 1_000]);
    advance(Duration::from_millis(1_300)).await;
    assert_eq!(rig.state(0), State::Ejected, "on probation");
    let shares = shares(&mut rig, 1_000).await;
    assert!(shares[0] > 400, "its first answer has re-admitted it: {shares:?}");
    assert_eq!(rig.state(0), State::Healthy);
}

/// How many of a request's replicas are not asked when all the nodes that may be are ejected.
async fn left_out(replicas: &[usize], ejected: &[usize], nodes: u128) -> usize {
    let mut rig = Rig::new(nodes);
    for node in ejected {
        rig.fail(*node, fails(Applied::No, Advice::Never), 5).await;
        assert_eq!(rig.state(*node), State::Ejected);
        advance(ms(10)).await;
    }
    rig.prefer(replicas);
    rig.candidates.set(Group::Nearby, rig.connected(&[0, 1, 2, 3]));
    // What fails stays ejected.
    for node in ejected {
        rig.plan(*node, Plan::fail(fault(Fault::Load)));
    }
    let shares = shares(&mut rig, 500).await;
    replicas.iter().filter(|node| shares[**node] == 0).count()
}

#[tokio::test(start_paused = true)]
async fn no_more_than_a_minority_of_the_replicas_is_left_out() {
    assert_eq!(left_out(&[0, 1, 2], &[0], 10).await, 1);
    assert_eq!(left_out(&[0, 1, 2], &[0, 1], 10).await, 1);
    assert_eq!(left_out(&[0, 1, 2], &[0, 1, 2], 10).await, 1);
    assert_eq!(left_out(&[2, 3, 4], &[0, 1, 2], 10).await, 1, "of other ranges");
    assert_eq!(left_out(&[0, 1, 2, 3, 4], &[0, 1, 2], 10).await, 2);
    assert_eq!(left_out(&[0, 1], &[0], 10).await, 1, "one of two all the same");
}

/// How often nodes 0 and 1, which are preferred and ejected, are asked beside these others.
async fn asked_although_ejected(group: Group, others: &[usize], no_replicas: bool) -> usize {
    let mut rig = Rig::new(10);
    for node in [0, 1] {
        rig.fail(node, fails(Applied::No, Advice::Never), 5).await;
        rig.plan(node, Plan::fail(fault(Fault::Load)));
    }
    rig.prefer(&[0, 1]);
    rig.candidates.set(group, rig.connected(others));
    if no_replicas {
        rig.candidates.no_replicas();
    }
    let shares = shares(&mut rig, 500).await;
    shares[0] + shares[1]
}

#[tokio::test(start_paused = true)]
async fn the_majority_is_that_of_all_replicas_and_not_of_the_preferred_ones() {
    assert_eq!(
        asked_although_ejected(Group::OtherReplicas, &[2, 3, 4], false).await,
        0
    );
    assert_eq!(
        asked_although_ejected(Group::Nearby, &[2, 3, 4], false).await,
        500,
        "two replicas in all"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_preferred_without_having_the_data_stays_ejected() {
    assert_eq!(asked_although_ejected(Group::Nearby, &[2, 3, 4], true).await, 0);
}

#[tokio::test(start_paused = true)]
async fn other_replicas_come_before_other_nodes() {
    let mut rig = Rig::new(4);
    rig.prefer(&[0]);
    rig.candidates.set(Group::OtherReplicas, rig.connected(&[1, 2]));
    rig.candidates.set(Group::Nearby, rig.connected(&[3]));
    assert_eq!(shares(&mut rig, 100).await, [100, 0, 0, 0]);
    let _held = rig.occupy(0);
    rig.prefer(&[0]);
    advance(ms(200)).await;
    let shares = shares(&mut rig, 100).await;
    assert_eq!((shares[0], shares[1] + shares[2], shares[3]), (0, 100, 0));
}

#[tokio::test(start_paused = true)]
async fn the_only_candidate_is_asked_although_it_is_ejected() {
    let mut rig = Rig::new(2);
    rig.fail(0, fails(Applied::No, Advice::Never), 5).await;
    rig.prefer(&[0]);
    assert_eq!(rig.send().await, 0);
    assert_eq!(rig.state(0), State::Healthy, "its answer counts");
}

#[tokio::test(start_paused = true)]
async fn on_probation_one_request_decides_and_a_dropped_one_gives_its_turn_back() {
    let mut rig = Rig::new(2);
    rig.fail(0, fails(Applied::No, Advice::Never), 5).await;
    advance(Duration::from_millis(1_300)).await;
    let _busy: Vec<_> = (0..3).map(|_| rig.occupy(1)).collect();
    rig.plan(0, Plan::silence());
    for round in 0..9 {
        let (target, probe) = rig.start();
        assert_eq!(target, 0, "round {round}");
        for _ in 0..5 {
            assert_eq!(rig.send().await, 1, "the other has its turn: round {round}");
        }
        drop(probe);
    }
    rig.plan(0, Plan::fail(fault(Fault::Load)));
    for _ in 0..10 {
        assert_eq!(rig.send().await, 0, "saturation decides nothing either");
    }
    rig.plan(0, Plan::answer(ms(0)));
    assert_eq!(rig.send().await, 0);
    assert_eq!(rig.state(0), State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_inner_service_gives_the_turn_back() {
    #[derive(Clone)]
    struct Panics(Strict);
    impl Service<crate::support::Req> for Panics {
        type Response = crate::support::Answer;
        type Error = Error;
        type Future = crate::support::Attempted;
        fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Error>> {
            self.0.poll_ready(cx)
        }
        fn call(&mut self, request: crate::support::Req) -> Self::Future {
            assert_ne!(request.value, 99, "as asked");
            self.0.call(request)
        }
    }
    let mut rig = Rig::new(2);
    rig.fail(0, fails(Applied::No, Advice::Never), 5).await;
    advance(Duration::from_millis(1_300)).await;
    let _busy = rig.occupy(1);
    let layer = BalanceLayer::new(rig.table.clone(), rig.candidates.clone(), JUDGE);
    let mut service = layer.layer(Panics(rig.inner.clone()));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut request = read();
    request.value = 99;
    assert!(service.poll_ready(&mut cx).is_ready());
    assert!(catch_unwind(AssertUnwindSafe(|| service.call(request))).is_err());
    assert_eq!(rig.nodes[0].in_flight(), 0);
    assert_eq!(rig.send().await, 0, "the node is still on probation");
    assert_eq!(rig.state(0), State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_call_over_failing_nodes_reaches_the_good_one() {
    let rig = Rig::new(3);
    let broken = Error::of(Kind::Scripted(
        failure(Applied::Maybe, Advice::Next, Fault::Node),
        None,
    ));
    rig.plan(0, Plan::fail(broken.clone()));
    rig.plan(1, Plan::fail(broken));
    let policy = RetryPolicy::default()
        .backoff(Backoff::default())
        .without_budget();
    let mut service = RetryLayer::new(policy, JUDGE).unwrap().layer(rig.service.clone());
    for _ in 0..500 {
        let answer = send(&mut service, read()).await.unwrap();
        assert_eq!(answer.node, Some(NodeId(2)));
    }
}

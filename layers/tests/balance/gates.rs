//! Nodes that are passed over.

use std::sync::Arc;

use tokio::time::advance;
use tower_cassandra_layers::balance::Group;
use tower_cassandra_layers::health::{HealthSettings, State};
use tower_cassandra_layers::limit::Reason;
use tower_cassandra_layers::retry::{RetryLayer, RetryPolicy};
use tower_cassandra_layers::{Advice, Applied, Fault, NodeId};
use tower_layer::Layer;

use crate::shares;
use crate::support::rig::Rig;
use crate::support::{Error, JUDGE, Kind, Plan, failure, ms, read, send};

#[tokio::test(start_paused = true)]
async fn a_node_that_was_asked_before_is_asked_last() {
    let rig = Rig::new(3);
    let failure = failure(Applied::No, Advice::NextBackoff, Fault::Replicas);
    let error = Error::of(Kind::Scripted(failure, None));
    (0..3).for_each(|n| rig.plan(n, Plan::fail(error.clone())));
    let mut service = RetryLayer::new(RetryPolicy::default().without_budget(), JUDGE)
        .unwrap()
        .layer(rig.service.clone());
    for _ in 0..50 {
        let before = rig.inner.attempts();
        send(&mut service, read()).await.unwrap_err();
        let mut targets: Vec<_> = rig.inner.seen()[before..before + 3]
            .iter()
            .map(|s| s.target.unwrap())
            .collect();
        targets.sort();
        assert_eq!(targets, [NodeId(0), NodeId(1), NodeId(2)]);
        assert_eq!(
            rig.inner.attempts() - before,
            4,
            "when all were asked, one is asked again"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_is_not_asked() {
    let mut rig = Rig::new(3);
    let _held = rig.occupy(1);
    advance(ms(100)).await;
    assert_eq!(rig.state(1), State::Healthy);
    // It has the fewest in flight all the same.
    let _busy: Vec<_> = (0..5).flat_map(|_| [0, 2]).map(|n| rig.occupy(n)).collect();
    advance(ms(1)).await;
    let shares = shares(&mut rig, 100).await;
    assert_eq!((rig.state(1), shares[1]), (State::Stalled, 0));
}

#[tokio::test(start_paused = true)]
async fn when_all_are_silent_the_one_with_the_youngest_request_is_asked() {
    for youngest in 0..3 {
        let mut rig = Rig::new(3);
        let mut held: Vec<_> = (0..3).filter(|n| *n != youngest).map(|n| rig.occupy(n)).collect();
        advance(ms(10)).await;
        // More in flight, to be sure that it is not the load that decides.
        held.extend((0..5).map(|_| rig.occupy(youngest)));
        advance(ms(1_000)).await;
        assert!((0..3).all(|n| rig.state(n) == State::Stalled));
        assert_eq!(shares(&mut rig, 1).await[youngest], 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_without_a_connection_is_the_last_resort() {
    let mut rig = Rig::new(2);
    let _held = rig.occupy(0);
    advance(ms(1_000)).await;
    rig.candidates.set(
        Group::Preferred,
        vec![
            (Arc::clone(&rig.nodes[1]), false),
            (Arc::clone(&rig.nodes[0]), true),
        ],
    );
    assert_eq!(rig.send().await, 0, "even a silent one is better");
    rig.candidates
        .set(Group::Preferred, vec![(Arc::clone(&rig.nodes[1]), false)]);
    assert_eq!(rig.send().await, 1, "it never fails closed");
}

#[tokio::test(start_paused = true)]
async fn full_nodes_are_passed_over_and_when_all_are_nothing_is_sent() {
    let mut rig = Rig::with(2, HealthSettings::default().node_limit(2));
    let mut held: Vec<_> = (0..2).map(|_| rig.occupy(0)).collect();
    assert_eq!(rig.state(0), State::Full);
    for _ in 0..100 {
        assert_eq!(rig.send().await, 1);
    }
    held.extend((0..2).map(|_| rig.occupy(1)));
    let sent = rig.inner.attempts();
    let error = send(&mut rig.service, read()).await.unwrap_err();
    assert_eq!(error.rejected().reason(), Reason::NodesFull);
    assert_eq!(rig.inner.attempts(), sent);
    held.remove(0);
    assert_eq!(rig.send().await, 0, "a place is free again");
}

#[tokio::test(start_paused = true)]
async fn without_a_candidate_nothing_is_sent() {
    let mut rig = Rig::new(1);
    rig.prefer(&[]);
    let error = send(&mut rig.service, read()).await.unwrap_err();
    assert!(matches!(error.kind, Kind::NoCandidate));
    assert_eq!(rig.inner.attempts(), 0);
}

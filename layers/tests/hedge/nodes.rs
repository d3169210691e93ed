//! Where the second attempt goes, and where it does not.

use tower_cassandra_layers::hedge::HedgeLayer;
use tower_cassandra_layers::retry::{RetryLayer, RetryPolicy};
use tower_cassandra_layers::{Advice, Applied, NodeId};
use tower_layer::Layer;

use super::{DELAY, Events, around, events, hedge};
use crate::support::rig::Rig;
use crate::support::{JUDGE, Judge, Plan, Strict, fails, ms, read, send};

fn targets(rig: &Rig) -> Vec<u128> {
    let seen = rig.inner.seen();
    seen.iter()
        .filter_map(|seen| seen.target)
        .map(|node| node.0)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn it_never_goes_to_the_node_that_has_the_first_one() {
    let rig = Rig::new(3);
    for node in 0..3 {
        rig.plan(node, Plan::answer(ms(50)));
    }
    let mut service = around(hedge(), rig.service.clone());
    for _ in 0..500 {
        send(&mut service, read()).await.unwrap();
    }
    let targets = targets(&rig);
    assert_eq!(targets.len(), 1_000);
    assert!(targets.chunks(2).all(|pair| pair[0] != pair[1]));
}

#[tokio::test(start_paused = true)]
async fn it_never_goes_to_a_node_that_an_earlier_attempt_of_the_call_was_sent_to() {
    let rig = Rig::new(3);
    let retry = RetryLayer::new(RetryPolicy::default(), JUDGE).unwrap();
    rig.plan(0, Plan::fail(fails(Applied::Maybe, Advice::Next)));
    rig.plan(1, Plan::answer(ms(50)));
    rig.plan(2, Plan::answer(ms(50)));
    let mut service = retry.layer(around(hedge(), rig.service.clone()));
    for _ in 0..20 {
        rig.prefer(&[0]);
        let call = crate::support::start(&mut service, read()).await;
        rig.prefer_all();
        call.await.unwrap();
    }
    for call in targets(&rig).chunks(3) {
        let mut nodes = call.to_vec();
        nodes.sort_unstable();
        assert_eq!(nodes, [0, 1, 2], "{call:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_two_that_failed_the_retry_goes_to_neither_of_their_nodes() {
    for _ in 0..20 {
        let rig = Rig::new(3);
        for node in 0..3 {
            let fails = Plan::fail(fails(Applied::Maybe, Advice::Next));
            rig.plan(node, fails.after(ms(100)));
        }
        let retry = RetryLayer::new(RetryPolicy::default().max_retries(1), JUDGE).unwrap();
        let mut service = retry.layer(around(hedge().burst(1), rig.service.clone()));
        let error = send(&mut service, read()).await.unwrap_err();
        let mut nodes = targets(&rig);
        nodes.sort_unstable();
        assert_eq!(nodes, [0, 1, 2], "the third one is left for the retry");
        assert_eq!(error.history.len(), 3, "and has no other beside it");
    }
}

#[tokio::test(start_paused = true)]
async fn where_no_other_node_is_well_there_is_none_and_it_costs_nothing() {
    for case in ["silent", "ejected", "unconnected", "full", "none"] {
        let (seen, metrics) = Events::new();
        let mut rig = Rig::with(
            2,
            tower_cassandra_layers::health::HealthSettings::default().node_limit(4),
        );
        let mut flights = Vec::new();
        match case {
            "silent" => {
                flights.push(rig.occupy(1));
                tokio::time::sleep(ms(200)).await;
            }
            "ejected" => rig.fail(1, fails(Applied::Maybe, Advice::Next), 5).await,
            "full" => flights.extend((0..4).map(|_| rig.occupy(1))),
            _ => {}
        }
        rig.plan(0, Plan::answer(ms(100)));
        let layer = HedgeLayer::new(hedge().burst(1), JUDGE)
            .unwrap()
            .with_metrics(&metrics);
        let mut service = layer.layer(rig.service.clone());
        let before = rig.inner.attempts();
        for _ in 0..3 {
            rig.prefer(&[0]);
            let call = crate::support::start(&mut service, read()).await;
            match case {
                "none" => {}
                "unconnected" => {
                    let mut both = rig.connected(&[0, 1]);
                    both[1].1 = false;
                    rig.candidates
                        .set(tower_cassandra_layers::balance::Group::Preferred, both);
                }
                _ => rig.prefer_all(),
            }
            let answer = call.await.unwrap();
            assert_eq!(answer.node, Some(NodeId(0)), "{case}");
        }
        assert_eq!(rig.inner.attempts() - before, 3, "{case}");
        assert_eq!(seen.all(), events([("no_candidate", 3)]), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_one_node_it_is_idle() {
    let strict = Strict::always(Plan::answer(ms(100)));
    let judge = Judge { alternatives: false };
    let mut service = HedgeLayer::new(hedge(), judge).unwrap().layer(strict.clone());
    for _ in 0..10 {
        send(&mut service, read()).await.unwrap();
    }
    assert_eq!(strict.attempts(), 10);
    assert!(DELAY < ms(100));
}

//! How many nodes may be left out at a time.

use tokio::time::advance;
use tower_cassandra_layers::balance::Group;
use tower_cassandra_layers::health::State;

use crate::broken;
use crate::support::rig::Rig;
use crate::support::{Plan, ms};

#[tokio::test(start_paused = true)]
async fn never_more_than_half_of_the_nodes_are_ejected() {
    for (nodes, ejected) in [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2), (10, 5)] {
        let mut rig = Rig::new(nodes);
        for node in 0..nodes as usize {
            rig.fail(node, broken(), 20).await;
        }
        let out = |rig: &Rig| {
            let snapshot = rig.table.snapshot();
            snapshot.iter().filter(|h| h.state == State::Ejected).count()
        };
        assert_eq!(out(&rig), ejected, "of {nodes}");
        // One that comes back makes room for another.
        if ejected > 0 {
            rig.send_to(0).await.unwrap();
            assert_eq!(out(&rig), ejected - 1);
            rig.fail(nodes as usize - 1, broken(), 5).await;
            assert_eq!(out(&rig), ejected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_success_of_a_removed_node_does_not_free_a_place() {
    let mut rig = Rig::new(4);
    rig.plan(0, Plan::answer(ms(50)));
    rig.prefer(&[0]);
    let (_, late) = rig.start();
    rig.fail(0, broken(), 5).await;
    rig.table.replace(rig.nodes[1..].iter().cloned());
    rig.fail(1, broken(), 5).await;
    late.await.unwrap();
    rig.fail(2, broken(), 20).await;
    assert_eq!((rig.state(1), rig.state(2)), (State::Ejected, State::Healthy));
}

#[tokio::test(start_paused = true)]
async fn late_failures_of_a_removed_node_do_not_take_a_place() {
    let mut rig = Rig::new(3);
    rig.table.replace(rig.nodes[1..].iter().cloned());
    rig.fail(0, broken(), 20).await;
    rig.fail(1, broken(), 5).await;
    assert_eq!(rig.state(1), State::Ejected);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_comes_back_is_counted_as_it_is() {
    let mut rig = Rig::new(4);
    rig.fail(0, broken(), 5).await;
    rig.table.replace(rig.nodes[1..].iter().cloned());
    rig.table.replace(rig.nodes.iter().cloned());
    assert_eq!(rig.state(0), State::Ejected);
    for node in 1..4 {
        rig.fail(node, broken(), 20).await;
    }
    let out = (0..4).filter(|n| rig.state(*n) == State::Ejected).count();
    assert_eq!(out, 2);
}

#[tokio::test(start_paused = true)]
async fn with_more_than_half_ejected_ejection_is_ignored_but_silence_is_not() {
    let mut rig = Rig::new(5);
    rig.fail(0, broken(), 5).await;
    rig.fail(1, broken(), 5).await;
    let silent = rig.occupy(1);
    advance(ms(200)).await;
    let _busy: Vec<_> = (0..9).map(|_| rig.occupy(2)).collect();
    // No replicas, of which a majority would stay in any case.
    rig.prefer(&[]);
    rig.candidates.set(Group::Nearby, rig.connected(&[0, 1, 2]));
    rig.plan(0, Plan::fail(broken()));
    for _ in 0..40 {
        assert_eq!(rig.send().await, 2, "two of five are out");
    }
    rig.table.replace(rig.nodes[..3].iter().cloned());
    for _ in 0..50 {
        assert_eq!(
            rig.send().await,
            0,
            "two of three: then it is rather us, and it has fewest in flight"
        );
    }
    drop(silent);
    assert_eq!(rig.table.len(), 3);
}

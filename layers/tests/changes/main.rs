//! What readers are told of the nodes, and how little is asked for it.

mod probes;

#[path = "../support/mod.rs"]
mod support;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use support::rig::Rig;
use support::{Error, Kind, Plan, failure, ms};
use tokio::task::unconstrained;
use tokio::time::{Instant, advance, sleep};
use tower_cassandra_layers::balance::Endpoint;
use tower_cassandra_layers::health::{
    CHANGES_KEPT, ChangeKind, Changes, Event, HealthCheck, Prober, State, Status,
};
use tower_cassandra_layers::{Advice, Applied, Failure, Fault, NodeId};

type Answer = Result<Arc<str>, Arc<str>>;

fn broken_as(label: &'static str) -> Error {
    let failure = Failure {
        label,
        ..failure(Applied::No, Advice::Never, Fault::Node)
    };
    Error::of(Kind::Scripted(failure, None))
}

fn broken() -> Error {
    broken_as("connection")
}

/// What waits to be read, as `name kind: reason`.
fn read(changes: &mut Changes) -> Vec<String> {
    std::iter::from_fn(|| unconstrained(changes.next()).now_or_never().flatten())
        .map(|event| match event {
            Event::Change(change) => change.to_string(),
            Event::Lagged(missed) => format!("lagged {missed}"),
            _ => unreachable!("no such event"),
        })
        .collect()
}

async fn probe(rig: &Rig, node: usize, answer: Result<&str, &str>) {
    let answer = |_| ready(answer.map(Arc::from).map_err(Arc::from) as Answer);
    Prober::ask(&rig.nodes[node], ms(100), &answer).await;
}

#[tokio::test(start_paused = true)]
async fn each_change_of_status_is_told_once_with_its_reason() {
    let rig = Rig::new(2);
    let mut changes = rig.table.changes();
    let node = &rig.nodes[0];
    assert_eq!(node.status(), Status::Up);
    node.set_connected(true, "nothing new");
    probe(&rig, 0, Ok("5.0.4")).await;
    assert_eq!(read(&mut changes), [""; 0]);

    for _ in 0..3 {
        probe(&rig, 0, Err("overloaded")).await;
        assert_eq!(node.status(), Status::Unknown);
    }
    let detail = rig.health(0).probe.unwrap().detail;
    assert_eq!(detail.as_deref(), Some("5.0.4"), "what it said before is kept");
    assert_eq!(
        read(&mut changes),
        ["node 0 unknown: the probe failed: overloaded"]
    );
    for _ in 0..3 {
        node.set_connected(false, "connection refused");
        assert_eq!(node.status(), Status::Down);
        probe(&rig, 0, Err("connection refused")).await;
    }
    assert_eq!(read(&mut changes), ["node 0 down: connection refused"]);
    node.set_connected(true, "connected again");
    assert_eq!(
        node.status(),
        Status::Up,
        "what failed before says nothing of the new connection"
    );
    assert_eq!(read(&mut changes), ["node 0 up: connected again"]);
    probe(&rig, 0, Err("overloaded")).await;
    let answer = |_| sleep(ms(3)).map(|()| Ok("5.0.4".into()) as Answer);
    Prober::ask(&rig.nodes[0], ms(100), &answer).await;
    assert_eq!(
        read(&mut changes),
        [
            "node 0 unknown: the probe failed: overloaded",
            "node 0 up: a probe was answered in 3 ms"
        ]
    );
    assert_eq!(rig.nodes[1].status(), Status::Up);
}

#[tokio::test(start_paused = true)]
async fn an_ejection_says_why_for_how_long_and_when_it_is_over() {
    let mut rig = Rig::new(2);
    let mut changes = rig.table.changes();
    rig.fail(0, broken(), 4).await;
    assert_eq!((read(&mut changes).len(), rig.health(0).reason), (0, None));
    rig.fail(0, broken(), 1).await;
    let told = read(&mut changes);
    let row = "ejected: 5 connection failures in a row, next try in ";
    assert!(
        told.len() == 1 && told[0].starts_with(&format!("node 0 {row}")),
        "{told:?}"
    );
    let reason = rig.health(0).reason.unwrap();
    assert!(reason.starts_with(row) && told[0].ends_with(&reason), "{reason}");
    advance(ms(1_250)).await;
    let reason = rig.health(0).reason.unwrap();
    assert!(reason.ends_with(", the next request is its trial"), "{reason}");

    // The trial fails: it stays out, and longer.
    rig.fail(0, broken(), 1).await;
    let told = read(&mut changes);
    assert!(told.len() == 1 && told[0].contains("6 "), "{told:?}");
    assert_eq!(rig.state(0), State::Ejected);
    advance(ms(2_500)).await;
    rig.send_to(0).await.unwrap();
    assert_eq!(read(&mut changes), ["node 0 re-admitted: a request succeeded"]);
    assert_eq!(rig.health(0).reason, None);
    rig.send_to(0).await.unwrap();
    assert_eq!(read(&mut changes), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn failures_of_several_kinds_are_not_called_by_one() {
    let mut rig = Rig::new(2);
    let mut changes = rig.table.changes();
    rig.fail(0, broken(), 4).await;
    rig.fail(0, broken_as("server_error"), 1).await;
    let told = read(&mut changes);
    assert!(
        told[0].contains("5 failures in a row, the last one: server error, next try in"),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_says_since_when() {
    let mut rig = Rig::new(2);
    let _held = rig.occupy(0);
    advance(ms(1_500)).await;
    let health = rig.health(0);
    assert_eq!(health.state, State::Stalled);
    assert_eq!(
        health.reason.as_deref(),
        Some("silent, its oldest request is 1.5 s old")
    );
}

#[tokio::test(start_paused = true)]
async fn who_joins_leaves_or_moves_is_told_but_not_who_was_there() {
    let rig = Rig::new(3);
    let mut changes = rig.table.changes();
    let all: Vec<Arc<Endpoint>> = rig.nodes.clone();
    rig.table.replace(all.clone());
    assert_eq!(read(&mut changes), [""; 0]);
    rig.table.replace(all[..2].iter().cloned());
    assert_eq!(
        read(&mut changes),
        ["node 2 left: it is no node of the cluster any more"]
    );
    all[2].set_connected(false, "nobody cares");
    assert_eq!(read(&mut changes), [""; 0], "of one that left nobody is told");
    rig.table.replace(all.clone());
    assert_eq!(
        read(&mut changes),
        ["node 2 joined: it is a node of the cluster now"]
    );
    all[2].set_connected(true, "connected");
    assert_eq!(read(&mut changes), ["node 2 up: connected"]);

    let moved = rig.table.endpoint(NodeId(1), "node x", ());
    rig.table.replace([all[0].clone(), moved.clone(), all[2].clone()]);
    assert_eq!(
        read(&mut changes),
        [
            "node 1 left: it has another address: node x",
            "node x joined: its address was node 1"
        ]
    );

    // Made anew for another reason: what is known of it stays.
    let answer = |_| ready(Ok("5.0.4".into()) as Answer);
    Prober::ask(&moved, ms(100), &answer).await;
    let anew = rig.table.endpoint(NodeId(1), "node x", ());
    anew.set_connected(false, "not told");
    rig.table.replace([all[0].clone(), anew, all[2].clone()]);
    assert_eq!(
        read(&mut changes),
        ["node x down: its place in the cluster has changed"]
    );
    assert_eq!(rig.health(1).probe.unwrap().detail.as_deref(), Some("5.0.4"));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_behind_learns_how_much_it_missed() {
    let rig = Rig::new(1);
    let (mut slow, mut quick) = (rig.table.changes(), rig.table.changes());
    let kept = CHANGES_KEPT.next_power_of_two();
    for n in 0..kept / 2 + 5 {
        rig.nodes[0].set_connected(false, &format!("lost {n}"));
        rig.nodes[0].set_connected(true, &format!("back {n}"));
        assert_eq!(read(&mut quick).len(), 2);
    }
    let told = read(&mut slow);
    assert_eq!((told.len(), &*told[0]), (kept + 1, "lagged 10"));
    assert_eq!(told[1], "node 0 down: lost 5");
    assert_eq!(told[kept], format!("node 0 up: back {}", kept / 2 + 4));
}

#[tokio::test(start_paused = true)]
async fn closing_ends_all_readers() {
    let rig = Rig::new(2);
    let mut changes = rig.table.changes();
    rig.nodes[0].set_connected(false, "gone");
    rig.table.close();
    assert!(matches!(changes.next().await, Some(Event::Change(change)) if change.kind == ChangeKind::Down));
    assert!(changes.next().await.is_none());
    assert!(
        rig.table.changes().next().await.is_none(),
        "also those that come late"
    );
    assert!(rig.table.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_ejected_shows_so_whatever_connections_say() {
    let mut rig = Rig::new(2);
    rig.fail(0, broken(), 5).await;
    rig.plan(0, Plan::answer(ms(0)));
    probe(&rig, 0, Ok("5.0.4")).await;
    let health = rig.health(0);
    assert_eq!((health.status, health.state), (Status::Up, State::Ejected));
}

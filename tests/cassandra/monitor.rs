//! Monitoring of real nodes: one is killed, frozen, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tower_cassandra::monitor::{ChangeKind, Changes, Status};
use tower_cassandra::{NodeChange, NodeEvent};

use crate::support::{PATIENCE, at_rest, builder, host_id, one_node};
use crate::three::three_nodes;

/// The next change of this kind, within so many seconds.
async fn next(changes: &mut Changes, kind: ChangeKind, seconds: u64) -> NodeChange {
    let started = Instant::now();
    let found = async {
        loop {
            match changes.next().await.expect("the session is open") {
                NodeEvent::Change(change) if change.kind == kind => return change,
                other => println!("before that: {other:?}"),
            }
        }
    };
    let change = timeout(Duration::from_secs(seconds), found).await;
    let change = change.unwrap_or_else(|_| panic!("not {kind} within {seconds} s"));
    println!("after {:?}: {change}", started.elapsed());
    change
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_node_is_down_within_10_s_and_up_again_when_it_is_back() {
    let Some(three) = three_nodes("a_killed_node_is_down").await else {
        return;
    };
    let cluster = three.cluster;
    let session = three.session().await;
    let monitor = session.monitor().unwrap();
    let report = monitor.warm_up().await.unwrap();
    println!("warm-up: {report}");
    assert_eq!((report.ok(), report.failed(), report.skipped()), (3, 0, 0));
    let least = Arc::new(AtomicUsize::new(usize::MAX));
    let seen = Arc::clone(&least);
    monitor
        .on_update(move |health| {
            seen.fetch_min(health.healthy_hosts, SeqCst);
        })
        .unwrap();
    let running = monitor.start(Duration::from_secs(1)).unwrap();
    let health = monitor.check_cluster().await.unwrap();
    assert_eq!((health.healthy_hosts, health.total_connections), (3, 3));
    assert!(
        health
            .hosts
            .iter()
            .all(|host| host.latency.is_some() && host.version.is_some())
    );

    let node = cluster.node(1);
    let id = host_id(&session, node);
    let mut changes = monitor.changes();
    node.kill().await.unwrap();
    let down = next(&mut changes, ChangeKind::Down, 10).await;
    assert_eq!((down.host_id, &*down.address), (id, node.address()));
    assert!(down.reason.starts_with("no connection"), "{down}");
    let host = monitor.check_host(id).await.unwrap();
    assert_eq!(
        (host.status, host.latency, host.connections),
        (Status::Down, None, 0)
    );
    assert_eq!(monitor.connection_summary().down_hosts, 1);
    session.check_ready().unwrap();

    node.restart().await.unwrap();
    let up = next(&mut changes, ChangeKind::Up, 60).await;
    assert_eq!(up.host_id, id);
    let host = monitor.check_host(id).await.unwrap();
    assert_eq!((host.status, host.connections), (Status::Up, 1));
    assert_eq!(least.load(SeqCst), 2, "the callback has seen it");

    node.freeze().unwrap();
    // Nobody else is told of it: the kernel keeps its connections open.
    let unknown = next(&mut changes, ChangeKind::Unknown, 10).await;
    assert_eq!(unknown.host_id, id);
    assert!(unknown.reason.contains("no answer within"), "{unknown}");
    node.resume().unwrap();
    next(&mut changes, ChangeKind::Up, 30).await;

    running.stop().await;
    cluster.ready().await.unwrap();
    at_rest(&session).await;
    session.close(PATIENCE).await.unwrap();
    while changes.next().await.is_some() {}
}

/// V3: what a first statement costs with and without.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monitored_session_answers_at_once() {
    let Some(cluster) = one_node("a_monitored_session").await else {
        return;
    };
    for warm_up in [false, true] {
        let monitored = builder(&cluster)
            .monitored()
            .interval(Duration::from_secs(5))
            .warm_up(warm_up)
            .connect()
            .await
            .unwrap();
        let session = &monitored.session;
        let started = Instant::now();
        session.execute("SELECT key FROM system.local").await.unwrap();
        println!("first statement, warmed up: {warm_up}: {:?}", started.elapsed());
        if let Some(report) = &monitored.warm_up {
            assert_eq!(report.failed() + report.skipped(), 0, "{report}");
        }
        let mut updates = monitored.monitor.updates();
        let health = match updates.latest() {
            Some(health) => health,
            None => updates.next().await.unwrap(),
        };
        assert_eq!(health.unhealthy_hosts, 0, "{health:?}");
        monitored.monitor.stop().await;
        at_rest(session).await;
        session.close(PATIENCE).await.unwrap();
        sleep(Duration::from_millis(10)).await;
    }
}

//! Monitoring of real nodes: one is killed, frozen, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tower_cassandra::monitor::{ChangeKind, Changes, Status};
use tower_cassandra::{HealthCheck, HostHealth, Monitor, NodeChange, NodeEvent};
use uuid::Uuid;

use crate::support::{PATIENCE, at_rest, builder, eventually, host_id, one_node};
use crate::three::three_nodes;

/// The next change of this kind to that node.
async fn next(changes: &mut Changes, id: Uuid, kind: ChangeKind) -> NodeChange {
    let started = Instant::now();
    let found = async {
        loop {
            match changes.next().await.expect("the session is open") {
                NodeEvent::Change(change) if (change.host_id, change.kind) == (id, kind) => return change,
                other => println!("before that: {other:?}"),
            }
        }
    };
    let change = timeout(PATIENCE, found).await;
    let change = change.unwrap_or_else(|_| panic!("not {kind} within {PATIENCE:?}"));
    println!("after {:?}: {change}", started.elapsed());
    change
}

/// Asks the node until it is as it should be: one that has just started may take its time for the first answers.
async fn until_host(monitor: &Monitor, id: Uuid, what: impl Fn(&HostHealth) -> bool) {
    let started = Instant::now();
    loop {
        let host = monitor.check_host(id).await.unwrap();
        if what(&host) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{host:?}");
        sleep(Duration::from_millis(100)).await;
    }
}

/// How long a probe may take: longer than a busy machine takes for one, shorter than the test waits for one that does not come.
const PROBE: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_node_is_down_at_once_and_up_again_when_it_is_back() {
    let Some(three) = three_nodes("a_killed_node_is_down").await else {
        return;
    };
    let cluster = three.cluster;
    // Probes alone find out that it is frozen: its connection stays. That a connection is gone is seen without any probe, so neither
    // limit has a part in that.
    let client = three.client().health(HealthCheck::every(PROBE).timeout(PROBE));
    let client = client.keepalive(Duration::from_secs(1), PATIENCE * 5);
    let session = client.connect().await.unwrap();
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
    let running = monitor.start(PROBE).unwrap();
    eventually(PATIENCE, "all are connected", || session.health().healthy == 3).await;
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
    let down = next(&mut changes, id, ChangeKind::Down).await;
    assert_eq!(&*down.address, node.address());
    assert!(down.reason.starts_with("no connection"), "{down}");
    let host = monitor.check_host(id).await.unwrap();
    assert_eq!(
        (host.status, host.latency, host.connections),
        (Status::Down, None, 0)
    );
    assert_eq!(monitor.connection_summary().down_hosts, 1);
    session.check_ready().unwrap();
    eventually(PATIENCE, "the callback has seen it", || least.load(SeqCst) <= 2).await;

    node.restart().await.unwrap();
    next(&mut changes, id, ChangeKind::Up).await;
    until_host(&monitor, id, |host| {
        (host.status, host.connections) == (Status::Up, 1)
    })
    .await;

    let mut changes = monitor.changes();
    node.freeze().unwrap();
    // Nobody else is told of it: the kernel keeps its connections open.
    let unknown = next(&mut changes, id, ChangeKind::Unknown).await;
    assert!(unknown.reason.contains("no answer within"), "{unknown}");
    node.resume().unwrap();
    next(&mut changes, id, ChangeKind::Up).await;

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
            .health(HealthCheck::every(PATIENCE).timeout(PATIENCE))
            .monitored()
            .interval(PATIENCE)
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

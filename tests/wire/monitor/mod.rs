//! MON-05, MON-06, and the rest of monitoring that needs nodes which misbehave on demand.

mod life;
mod probes;

use std::time::Duration;

use futures_util::future::join_all;
use scripted_cassandra::{Action, ErrorFrame, Match, Node, Opcode};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};
use tower_cassandra::monitor::{ChangeKind, Changes, State, Status, WarmUpOutcome};
use tower_cassandra::{
    ErrorKind, HealthCheck, HealthSettings, HostHealth, Monitor, NodeChange, NodeEvent, Session,
};

use crate::support::{Bed, PATIENCE, SELECT, client, ms, requests, server, tasks_at_rest, until};

const PROBE: &str = "SELECT release_version FROM system.local";

fn probes(bed: &Bed, node: usize) -> u64 {
    bed.cluster.ledger().count_at(node, Opcode::Query, PROBE)
}

fn host(bed: &Bed, hosts: Vec<HostHealth>, node: usize) -> HostHealth {
    let id = bed.cluster.node(node).host_id();
    hosts.into_iter().find(|host| host.host_id == id).unwrap()
}

async fn crash(bed: &Bed, node: usize) {
    bed.cluster.node(node).crash().await.unwrap();
    until("the node is lost", || !bed.health(node).connected).await;
}

async fn health_check_has_asked(monitor: &Monitor) {
    let hosts = || monitor.health().hosts;
    let checked = || hosts().iter().all(|host| host.checked_at.is_some());
    until("the health check has asked", checked).await;
}

fn fails_the_probe(bed: &Bed, node: usize) {
    let probe = Match::opcode(Opcode::Query).statement(PROBE).node(node);
    bed.cluster.on(probe).then(ErrorFrame::overloaded("busy"));
}

/// The next change of that kind to that node; what comes before it is passed over.
async fn next(changes: &mut Changes, node: &Node, kind: ChangeKind) -> NodeChange {
    let id = node.host_id();
    let found = async {
        loop {
            match changes.next().await.expect("the session is open") {
                NodeEvent::Change(change) if (change.host_id, change.kind) == (id, kind) => return change,
                NodeEvent::Change(change) => println!("before that: {change}"),
                other => panic!("{other:?}"),
            }
        }
    };
    let change = timeout(PATIENCE, found).await.expect("a change");
    println!("{change}");
    change
}

#[tokio::test]
async fn mon_05_each_node_shows_as_it_is() {
    let bed = Bed::with(2, |client| client.no_metrics()).await;
    let monitor = bed.session.monitor().unwrap();
    crash(&bed, 1).await;
    bed.cluster.ledger().clear();
    let health = monitor.check_cluster().await.unwrap();
    assert_eq!(
        (
            health.healthy_hosts,
            health.unhealthy_hosts,
            health.total_connections
        ),
        (1, 1, 1)
    );
    assert_eq!(health.protocol_version, 4);
    assert!(health.cluster_name.is_some() && health.requests.is_none());
    let up = host(&bed, health.hosts.clone(), 0);
    assert_eq!(
        (up.status, up.connections, up.error.as_deref()),
        (Status::Up, 1, None)
    );
    assert!(up.latency.is_some() && up.version.is_some() && up.checked_at.is_some() && up.is_healthy());
    assert!(up.datacenter.is_some() && up.rack.is_some());
    let down = host(&bed, health.hosts, 1);
    assert_eq!(
        (down.status, down.connections, down.latency),
        (Status::Down, 0, None)
    );
    let reason = down.error.unwrap();
    println!("down: {reason}");
    assert!(reason.starts_with("no connection"), "{reason}");
    assert_eq!((probes(&bed, 0), probes(&bed, 1)), (1, 0));
    let summary = monitor.connection_summary();
    assert_eq!(
        (summary.total_hosts, summary.up_hosts, summary.down_hosts),
        (2, 1, 1)
    );
    assert_eq!(
        (summary.protocol_version, summary.max_requests_per_connection),
        (4, 32_768)
    );

    fails_the_probe(&bed, 0);
    let unknown = monitor.check_host(bed.cluster.node(0).host_id()).await.unwrap();
    assert_eq!(
        (unknown.status, unknown.connections, unknown.latency),
        (Status::Unknown, 0, None)
    );
    assert!(unknown.error.unwrap().contains("busy"));
    assert_eq!(unknown.version, up.version, "it told before");
    assert_eq!(probes(&bed, 0), 2, "one more, and no retry");
    assert_eq!(monitor.health().total_connections, 0);
    let missing = monitor
        .check_host(tower_cassandra::uuid::Uuid::from_u128(1))
        .await
        .unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NoHost);
    bed.cluster.node(1).listen_again().await.unwrap();
    bed.connected().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn mon_06_warm_up_reports_each_node() {
    let bed = Bed::make(3).await;
    crash(&bed, 1).await;
    fails_the_probe(&bed, 2);
    bed.cluster.ledger().clear();
    let report = bed.session.monitor().unwrap().warm_up().await.unwrap();
    println!("{report}");
    assert_eq!((report.ok(), report.failed(), report.skipped()), (1, 1, 1));
    let outcome = |node: usize| {
        let id = bed.cluster.node(node).host_id();
        let hosts = &mut report.hosts.iter();
        hosts.find(|host| host.host_id == id).unwrap().outcome.clone()
    };
    assert!(matches!(outcome(0), WarmUpOutcome::Ok(took) if took < PATIENCE));
    assert_eq!(outcome(1), WarmUpOutcome::Skipped);
    assert!(matches!(outcome(2), WarmUpOutcome::Failed(reason) if reason.contains("busy")));
    assert_eq!([0, 1, 2].map(|node| probes(&bed, node)), [1, 0, 1]);
    bed.cluster.node(1).listen_again().await.unwrap();
    bed.connected().await;
    bed.at_rest().await;
}

//! A cluster whose nodes leave, move, fail or fall silent.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use scripted_cassandra::{ErrorFrame, Event, Node, ScriptedCluster};
use tokio::time::{Instant, sleep};
use tower_cassandra::monitor::{ChangeKind, State, Status};
use tower_cassandra::scylla::cluster::metadata::Peer;
use tower_cassandra::scylla::policies::host_filter::HostFilter;
use tower_cassandra::uuid::Uuid;
use tower_cassandra::{
    Applied, ClusterBuilder, ErrorKind, HealthCheck, HealthSettings, NodeEvent, Session, Statement,
};

use super::{bed, node_of, nodes_of, small, three_racks};
use crate::support::{Bed, INSERT, PATIENCE, SELECT, client, ms, requests, until};

const TEXT: &str = "SELECT key FROM system.local";

#[tokio::test]
async fn a_node_that_left_is_forgotten_with_its_connections() {
    let bed = Bed::make(3).await;
    let select = bed.prepare(SELECT).await;
    // Not the one that the driver has its list of nodes from.
    let gone = bed
        .cluster
        .nodes()
        .iter()
        .find(|node| node.connections() == 1)
        .unwrap();
    let host = Statement::from(TEXT).on_host(gone.host_id());
    assert_eq!(node_of(&bed, host).await, gone.index());
    gone.set_member(false);
    bed.cluster.push(&Event::RemovedNode(gone.address()));
    until("two nodes are left", || bed.session.health().nodes.len() == 2).await;
    // Nobody holds the driver's node any more, and with it the pool.
    until("its connections are closed", || gone.connections() == 0).await;
    let nodes = nodes_of(&bed, &select, 0..60).await;
    assert!(!nodes.contains(&gone.index()), "{nodes:?}");
    let error = bed.fails(Statement::from(TEXT).on_host(gone.host_id())).await;
    assert_eq!((error.kind(), bed.frames().len()), (ErrorKind::NoHost, 0));
    let text = error.source().unwrap().to_string();
    assert!(text.contains(&gone.host_id().to_string()), "{text}");
    let nobody = Uuid::new_v4();
    let error = bed.fails(Statement::from(TEXT).on_host(nobody)).await;
    assert_eq!(error.kind(), ErrorKind::NoHost);
    bed.at_rest().await;
}

#[tokio::test]
async fn a_node_that_moves_to_another_rack_is_followed() {
    let bed = bed(three_racks(), |client| client.prefer_rack("rack2")).await;
    let moved = bed.cluster.node(0);
    moved.set_place("datacenter1", "rack2");
    bed.cluster.push(&Event::NewNode(moved.address()));
    let rack = |bed: &Bed| bed.health(0).rack;
    until("it is in the other rack", || {
        rack(&bed).as_deref() == Some("rack2")
    })
    .await;
    bed.connected().await;
    let mut nodes = Vec::new();
    for _ in 0..60 {
        nodes.push(node_of(&bed, TEXT).await);
    }
    nodes.sort_unstable();
    nodes.dedup();
    assert_eq!(nodes, [0, 1, 4]);
    assert_eq!(bed.session.health().nodes.len(), 6, "nobody is there twice");
}

#[tokio::test]
async fn a_node_that_comes_back_under_another_address_is_followed_there() {
    let cluster = small(ScriptedCluster::builder().nodes(3).keyspace("ks", 2))
        .start()
        .await
        .unwrap();
    let (before, after) = (cluster.node(1), cluster.node(2));
    after.set_member(false);
    let known = ClusterBuilder::new().contact_points([cluster.node(0).address().to_string()]);
    let session = known.no_metrics().no_health_check().connect().await.unwrap();
    let connected = |session: &Session, node: &Node| {
        let nodes = session.health().nodes;
        let address = node.address().to_string();
        nodes.len() == 2 && nodes.iter().any(|node| node.address == address && node.connected)
    };
    until("it is connected", || connected(&session, before)).await;
    let mut changes = session.monitor().unwrap().changes();
    let host = before.host_id();
    before.crash().await.unwrap();
    before.set_member(false);
    before.set_host_id(Uuid::new_v4());
    after.set_host_id(host);
    after.set_member(true);
    cluster.push(&Event::NewNode(after.address()));
    until("it is connected where it is now", || connected(&session, after)).await;
    cluster.ledger().clear();
    session
        .execute(Statement::from(TEXT).on_host(host))
        .await
        .unwrap();
    let frames = cluster.ledger().filter(|_| true);
    assert!(frames.iter().all(|frame| frame.node == 2), "{frames:?}");
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let Some(NodeEvent::Change(change)) = changes.next().await else {
            panic!("{heard:?}");
        };
        if matches!(change.kind, ChangeKind::Left | ChangeKind::Joined) {
            heard.push((change.kind, change.reason));
        }
    }
    assert_eq!((heard[0].0, heard[1].0), (ChangeKind::Left, ChangeKind::Joined));
    assert!(heard[0].1.contains(&after.address().to_string()), "{heard:?}");
}

/// Accepts one node.
#[derive(Debug)]
struct Only(Uuid);

impl HostFilter for Only {
    fn accept(&self, peer: &Peer) -> bool {
        peer.host_id == self.0
    }
}

#[tokio::test]
async fn when_no_node_is_left_requests_fail_at_once_and_figures_are_zero() {
    let cluster = small(ScriptedCluster::builder().nodes(2).keyspace("ks", 1))
        .start()
        .await
        .unwrap();
    let only = cluster.node(1);
    let filter = Arc::new(Only(only.host_id()));
    let session = client(&cluster).host_filter(filter).connect().await.unwrap();
    session.execute(TEXT).await.unwrap();
    only.set_member(false);
    only.crash().await.unwrap();
    cluster.push(&Event::RemovedNode(only.address()));
    until("the last node has left", || session.health().nodes.is_empty()).await;
    let error = session.execute(TEXT).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::NoHost, Applied::No));
    let health = session.monitor().unwrap().check_cluster().await.unwrap();
    assert_eq!(
        (health.hosts.len(), health.healthy_hosts, health.total_connections),
        (0, 0, 0)
    );
    only.set_member(true);
    only.listen_again().await.unwrap();
    cluster.push(&Event::NewNode(only.address()));
    until("it is back", || {
        session.health().nodes.iter().any(|node| node.connected)
    })
    .await;
    session.execute(TEXT).await.unwrap();
}

#[tokio::test]
async fn a_silent_node_has_one_probe_to_answer_however_often_it_is_asked() {
    let check = HealthCheck::every(ms(100)).timeout(ms(100));
    let bed = Bed::with(2, |client| client.health(check)).await;
    let silent = bed.cluster.node(1);
    let probes = || {
        let sent = bed.cluster.ledger();
        sent.filter(|frame| frame.node == 1 && frame.text().contains("release_version"))
            .len()
    };
    until("it is probed", || probes() > 1).await;
    silent.freeze();
    until("its probe is late", || bed.health(1).abandoned == 1).await;
    bed.cluster.ledger().clear();
    until("that is known", || bed.health(1).status == Status::Unknown).await;
    // Some ten intervals.
    sleep(ms(1_000)).await;
    assert_eq!(
        (bed.health(1).abandoned, bed.health(1).status),
        (1, Status::Unknown)
    );
    // While it is frozen nothing is read, so what comes now was sent before.
    silent.thaw();
    until("it answers", || bed.health(1).status == Status::Up).await;
    assert!(probes() <= 3, "the late one and those after it: {}", probes());
    bed.at_rest().await;
}

#[tokio::test]
async fn a_frozen_control_connection_holds_up_nobody() {
    let bed = Bed::with(3, |client| client.attempt_timeout(ms(300))).await;
    let select = bed.prepare(SELECT).await;
    for id in 0..300 {
        bed.session.execute(select.bind((id,)).unwrap()).await.unwrap();
    }
    let is_control = |node: &&Node| node.connections() == 2;
    let control = bed.cluster.nodes().iter().find(is_control).unwrap();
    control.freeze();
    let started = Instant::now();
    for id in 0..300 {
        bed.session.execute(select.bind((id,)).unwrap()).await.unwrap();
    }
    // Some of them were under way there until its silence was noticed.
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(bed.session.health().nodes.len(), 3, "what is known stays known");
    control.thaw();
    let is_back = || bed.health(control.index()).state == State::Healthy;
    until("it is back", is_back).await;
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn when_all_nodes_fail_some_go_on_being_asked_and_all_come_back() {
    let settings = HealthSettings::default().ejection(ms(50), ms(100));
    let bed = Bed::with(3, |client| client.health_settings(settings)).await;
    let insert = bed.prepare(INSERT).await;
    bed.cluster
        .on(requests())
        .always()
        .then(ErrorFrame::server_error("disk"));
    bed.cluster.ledger().clear();
    for id in 0..60 {
        let error = bed
            .session
            .execute(insert.bind((id, "v")).unwrap())
            .await
            .unwrap_err();
        assert_ne!(error.kind(), ErrorKind::NoHost, "it never fails closed");
        let out = bed.session.health().nodes;
        let out = out.iter().filter(|node| node.state == State::Ejected).count();
        assert!(out <= 1, "no more than half of three: {out}");
    }
    bed.cluster.clear_rules();
    // What is ejected needs a request as its way back.
    let started = Instant::now();
    let all = || {
        let nodes = bed.session.health().nodes;
        nodes.iter().all(|node| node.state == State::Healthy)
    };
    while !all() {
        assert!(started.elapsed() < PATIENCE, "{:?}", bed.session.health());
        bed.session.execute(insert.bind((1, "v")).unwrap()).await.unwrap();
        sleep(ms(1)).await;
    }
    bed.at_rest().await;
}

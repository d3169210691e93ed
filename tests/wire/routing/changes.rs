//! A cluster whose nodes leave, move, fail or fall silent.

use std::time::Duration;

use scripted_cassandra::{ErrorFrame, Event, Node};
use tokio::time::{Instant, sleep};
use tower_cassandra::monitor::State;
use tower_cassandra::uuid::Uuid;
use tower_cassandra::{ErrorKind, HealthSettings, Statement};

use super::{bed, node_of, nodes_of, three_racks};
use crate::support::{Bed, INSERT, PATIENCE, SELECT, ms, requests, until};

const TEXT: &str = "SELECT key FROM system.local";

#[tokio::test]
async fn a_node_that_left_is_forgotten_with_its_connections() {
    let bed = Bed::make(3).await;
    let select = bed.prepare(SELECT).await;
    let gone = bed.cluster.node(2);
    assert_eq!(
        node_of(&bed, Statement::from(TEXT).on_host(gone.host_id())).await,
        2
    );
    gone.set_member(false);
    bed.cluster.push(&Event::RemovedNode(gone.address()));
    until("two nodes are left", || bed.session.health().nodes.len() == 2).await;
    // Nobody holds the driver's node any more, and with it the pool.
    until("its connections are closed", || gone.connections() == 0).await;
    let nodes = nodes_of(&bed, &select, 0..60).await;
    assert!(nodes.iter().all(|node| *node < 2), "{nodes:?}");
    let error = bed.fails(Statement::from(TEXT).on_host(gone.host_id())).await;
    assert_eq!((error.kind(), bed.frames().len()), (ErrorKind::NoHost, 0));
    let text = error.to_string();
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

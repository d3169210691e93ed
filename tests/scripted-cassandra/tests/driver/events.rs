use std::time::Duration;

use scripted_cassandra::{Event, SchemaChange};
use scylla::client::session::Session;
use tokio::time::Instant;

use crate::support::{builder, cluster, connected, session, session_builder, session_builder_to, until};

fn nodes(session: &Session) -> usize {
    session.get_cluster_state().get_nodes_info().len()
}

#[tokio::test]
async fn a_node_that_comes_and_goes_is_seen() {
    let cluster = cluster(3).await;
    cluster.node(2).set_member(false);
    let session = session_builder_to(&cluster.contact_points()[..1])
        .cluster_metadata_refresh_interval(Duration::from_secs(60))
        .build()
        .await
        .unwrap();
    assert_eq!(nodes(&session), 2);
    cluster.node(2).set_member(true);
    let pushed = cluster.push(&Event::NewNode(cluster.node(2).address()));
    assert_eq!(pushed, 1);
    until("there are three", || nodes(&session) == 3).await;
    cluster.node(2).set_member(false);
    cluster.push(&Event::RemovedNode(cluster.node(2).address()));
    until("there are two", || nodes(&session) == 2).await;
}

#[tokio::test]
async fn a_frozen_node_is_found_at_once_when_it_is_said_to_be_down() {
    let cluster = builder(2).start().await.unwrap();
    let session = session_builder(&cluster)
        .keepalive_interval(Duration::from_secs(30))
        .keepalive_timeout(Duration::from_secs(3))
        .build()
        .await
        .unwrap();
    until("both are connected", || connected(&session) == 2).await;
    // Freeze the one that does not have the control connection.
    let node = (0..2).find(|&node| cluster.node(node).push(&Event::Up(cluster.node(node).address())) == 0);
    let node = cluster.node(node.unwrap());
    node.freeze();
    let start = Instant::now();
    cluster.push(&Event::Down(node.address()));
    until("it is found dead", || connected(&session) == 1).await;
    // Not when its turn comes.
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_schema_change_and_nonsense_are_told_to_the_control_connection() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    let change = SchemaChange {
        change: "UPDATED",
        keyspace: "ks".to_owned(),
        table: Some("t".to_owned()),
    };
    assert_eq!(cluster.push(&Event::Schema(change)), 1);
    let accepted = cluster.node(0).accepted();
    cluster.push(&Event::Other("NONSENSE".to_owned(), vec![1]));
    until("the control connection is made anew", || {
        cluster.node(0).accepted() > accepted
    })
    .await;
    drop(session);
    until("all connections are closed", || {
        cluster.node(0).connections() == 0
    })
    .await;
}

//! Options of connecting: logins, contact points, metadata.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use local_cassandra::forward::Forward;
use scripted_cassandra::Opcode;
use tokio::time::Instant;
use tower_cassandra::{ErrorKind, Statement};

use crate::support::{Bed, PATIENCE, client, ms, server, until};

const QUERY: &str = "SELECT key FROM system.local";

#[tokio::test]
async fn a_refused_login_is_sent_to_one_of_three_nodes() {
    let cluster = server(3).login("me", "secret").start().await.unwrap();
    let error = client(&cluster)
        .credentials("me", "guess")
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error:?}");
    let logins = cluster.logins();
    assert_eq!((logins.accepted, logins.refused), (0, 1));

    // Accepted once, it is sent to all.
    let session = client(&cluster)
        .credentials("me", "secret")
        .connect()
        .await
        .unwrap();
    until("all nodes are connected", || session.health().healthy == 3).await;
    let logins = cluster.logins();
    assert_eq!((logins.accepted, logins.refused), (4, 1));
    session.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn net_03_one_contact_point_of_three_may_be_away() {
    let cluster = server(3).start().await.unwrap();
    cluster.node(0).stop_listening().await.unwrap();
    let start = Instant::now();
    let session = client(&cluster).connect().await.unwrap();
    // The limit of connecting is 30 s.
    assert!(start.elapsed() < PATIENCE / 4, "{:?}", start.elapsed());
    for _ in 0..10 {
        assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
    }
    session.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn contact_names_are_resolved_anew_when_all_known_nodes_are_gone() {
    let cluster = server(2).start().await.unwrap();
    let (old, new) = (cluster.node(0), cluster.node(1));
    new.set_member(false);
    let gate = Forward::at("127.0.0.1:0", &old.address().to_string())
        .await
        .unwrap();
    // The driver takes the port of the contact point for all nodes, so the nodes' own addresses are translated.
    let port = gate.address().port();
    let rule = |node: SocketAddr| (SocketAddr::new(node.ip(), port), node);
    let rules = HashMap::from([rule(old.address()), rule(new.address())]);
    let session = client(&cluster)
        .contact_points([format!("localhost:{port}")])
        .address_translator(Arc::new(rules))
        .connect()
        .await
        .unwrap();
    assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
    let known = || {
        session
            .health()
            .nodes
            .into_iter()
            .map(|node| node.host_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(known(), [old.host_id()]);
    // All that was known is gone, and the name leads to where the data are now.
    new.set_member(true);
    old.set_member(false);
    gate.redirect(&new.address().to_string());
    old.crash().await.unwrap();
    let start = Instant::now();
    while session.execute(QUERY).await.is_err() {
        assert!(
            start.elapsed() < PATIENCE,
            "not found again: {:?}",
            session.health()
        );
        tokio::time::sleep(ms(20)).await;
    }
    println!("found at the new address after {:?}", start.elapsed());
    assert_eq!(known(), [new.host_id()]);
    session.close(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn metadata_are_read_when_asked_for() {
    let cluster = server(2).start().await.unwrap();
    // The node that is asked must not be the one that leaves: it would still count itself.
    let points = cluster.contact_points().into_iter().take(1);
    let session = client(&cluster).contact_points(points).connect().await.unwrap();
    assert_eq!(session.protocol_version(), 4);
    assert_eq!(session.cluster_state().unwrap().cluster_name(), "scripted");
    assert_eq!(session.health().nodes.len(), 2);
    cluster.node(1).set_member(false);
    session.refresh_metadata().await.unwrap();
    // At once, and not when the session looks by itself.
    assert_eq!(session.health().nodes.len(), 1);
    cluster.node(1).set_member(true);
    session.refresh_metadata().await.unwrap();
    assert_eq!(session.cluster_state().unwrap().get_nodes_info().len(), 2);
    session.close(PATIENCE).await.unwrap();
    for error in [
        session.refresh_metadata().await.unwrap_err(),
        session.cluster_state().map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Closed);
    }
}

#[tokio::test]
async fn ddl_is_sent_once_and_waits_for_agreement_as_a_step_of_its_own() {
    let bed = Bed::with(2, |client| client.schema_agreement_timeout(ms(400))).await;
    bed.cluster.node(1).disagree_on_schema(true);
    bed.cluster.ledger().clear();
    let ddl = "CREATE TABLE ks.later (id int PRIMARY KEY, v text)";
    let error = bed.session.execute(ddl).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaAgreement, "{error:?}");
    assert_eq!(error.applied(), tower_cassandra::Applied::Yes);
    let sent = |opcode| {
        bed.frames()
            .iter()
            .filter(|frame| frame.opcode == opcode && frame.text() == ddl)
            .count()
    };
    assert_eq!(sent(Opcode::Query), 1);
    bed.cluster.node(1).disagree_on_schema(false);
    bed.at_rest().await;

    // Where the deadline of the whole is over before that.
    let bed = Bed::with(2, |client| client.schema_agreement_timeout(PATIENCE)).await;
    bed.cluster.node(1).disagree_on_schema(true);
    let started = Instant::now();
    let ddl = Statement::new("CREATE TABLE ks.soon (id int PRIMARY KEY)").deadline(ms(2_500));
    let error = bed.session.execute(ddl).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SchemaAgreement, "{error:?}");
    assert_eq!(error.applied(), tower_cassandra::Applied::Yes);
    let took = started.elapsed();
    assert!((ms(2_500)..PATIENCE / 2).contains(&took), "{took:?}");
    bed.cluster.node(1).disagree_on_schema(false);
    bed.at_rest().await;
}

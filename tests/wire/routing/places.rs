//! Replicas, racks and data centres.

use std::collections::BTreeSet;

use scripted_cassandra::ScriptedCluster;
use tower_cassandra::scylla::statement::Consistency;
use tower_cassandra::{Batch, ErrorKind, Statement};

use super::{bed, node_of, nodes_of, second_session, small, three_racks};
use crate::support::{CONDITIONAL, INSERT, SELECT, until};

const TEXT: &str = "SELECT key FROM system.local";

#[tokio::test]
async fn the_replica_in_the_preferred_rack_is_asked_and_without_it_another_replica() {
    let bed = bed(three_racks(), |client| client.prefer_rack("rack2")).await;
    let select = bed.prepare(SELECT).await;
    let in_rack = BTreeSet::from([1, 4]);
    let nodes: BTreeSet<usize> = nodes_of(&bed, &select, 0..60).await.into_iter().collect();
    assert_eq!(nodes, in_rack);
    // Each has one replica in each rack: which of the two it is depends on the token alone.
    let home = node_of(&bed, select.bind((7,)).unwrap()).await;
    for _ in 0..10 {
        assert_eq!(node_of(&bed, select.bind((7,)).unwrap()).await, home);
    }
    bed.cluster.node(home).crash().await.unwrap();
    until("it is not connected", || !bed.health(home).connected).await;
    let mut others = BTreeSet::new();
    for _ in 0..40 {
        others.insert(node_of(&bed, select.bind((7,)).unwrap()).await);
    }
    assert_eq!(
        others.len(),
        2,
        "the two other replicas, and no other node: {others:?}"
    );
    assert!(others.is_disjoint(&in_rack), "{others:?}");
}

#[tokio::test]
async fn without_a_token_a_node_of_the_preferred_rack_is_asked() {
    let bed = bed(three_racks(), |client| client.prefer_rack("rack3")).await;
    let mut nodes = BTreeSet::new();
    for _ in 0..40 {
        nodes.insert(node_of(&bed, TEXT).await);
    }
    assert_eq!(nodes, BTreeSet::from([2, 5]));
}

#[tokio::test]
async fn without_a_token_any_node_nearby_is_asked() {
    let server = ScriptedCluster::builder().datacenters([("near", 3), ("far", 3)]);
    let bed = bed(small(server.keyspace("ks", 1)), |client| {
        client.prefer_datacenter("near")
    })
    .await;
    let mut nodes = BTreeSet::new();
    for _ in 0..100 {
        nodes.insert(node_of(&bed, TEXT).await);
    }
    assert_eq!(nodes, BTreeSet::from([0, 1, 2]));
}

#[tokio::test]
async fn conditional_writes_of_a_partition_meet_at_one_node_whatever_the_rack() {
    let bed = bed(three_racks(), |client| client).await;
    let there = second_session(&bed, |client| client.prefer_rack("rack3")).await;
    let (here, there_prepared) = (
        bed.prepare(CONDITIONAL).await,
        there.prepare(CONDITIONAL).await.unwrap(),
    );
    let mut firsts = BTreeSet::new();
    for id in 0..10 {
        let mut nodes = BTreeSet::new();
        for _ in 0..5 {
            nodes.insert(node_of(&bed, here.bind((id, "a")).unwrap()).await);
            bed.cluster.ledger().clear();
            there
                .execute(there_prepared.bind((id, "b")).unwrap())
                .await
                .unwrap();
            nodes.extend(bed.nodes());
        }
        assert_eq!(nodes.len(), 1, "{id}: {nodes:?}");
        firsts.extend(nodes);
    }
    assert!(firsts.len() > 1, "each partition has its own: {firsts:?}");
}

#[tokio::test]
async fn a_batch_goes_where_its_first_statement_belongs() {
    let server = small(ScriptedCluster::builder().nodes(6).keyspace("ks", 1));
    let bed = bed(server, |client| client).await;
    let insert = bed.prepare(INSERT).await;
    let mut homes = BTreeSet::new();
    for id in 0..10 {
        let first = insert.bind((id, "a")).unwrap();
        let home = node_of(&bed, &first).await;
        let batch = Batch::unlogged()
            .with(&first)
            .with(insert.bind((id + 100, "b")).unwrap())
            .with(insert.bind((id + 200, "c")).unwrap());
        assert_eq!(node_of(&bed, batch).await, home, "{id}");
        homes.insert(home);
    }
    assert!(homes.len() > 1, "{homes:?}");
}

#[tokio::test]
async fn another_data_centre_is_asked_only_when_that_is_permitted() {
    let server = ScriptedCluster::builder()
        .datacenters([("near", 2), ("far", 2)])
        .keyspace_in("ks", [("near", 2), ("far", 2)]);
    let bed = bed(small(server), |client| client.prefer_datacenter("near")).await;
    let may = second_session(&bed, |client| {
        client.prefer_datacenter("near").permit_dc_failover(true)
    })
    .await;
    let connected = || may.health().nodes.iter().filter(|node| node.connected).count();
    until("the other session is connected", || connected() == 4).await;
    let select = may.prepare(SELECT).await.unwrap().bind((1,)).unwrap();
    let quorum = |statement: &Statement| statement.clone().consistency(Consistency::Quorum);
    for _ in 0..30 {
        may.execute(quorum(&select)).await.unwrap();
    }
    assert!(bed.nodes().iter().all(|node| *node < 2), "nearby is preferred");
    for node in [0, 1] {
        bed.cluster.node(node).crash().await.unwrap();
    }
    until("the near ones are gone", || {
        connected() == 2 && !bed.health(0).connected && !bed.health(1).connected
    })
    .await;
    bed.cluster.ledger().clear();
    may.execute(quorum(&select)).await.unwrap();
    assert!(bed.nodes().iter().all(|node| *node >= 2));
    bed.cluster.ledger().clear();
    let local = select.clone().consistency(Consistency::LocalQuorum);
    let error = may.execute(local).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoHost, "a local consistency stays");
    let error = bed.session.execute(quorum(&select)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoHost, "nobody has permitted it");
    assert_eq!(bed.frames().len(), 0);
}

use std::time::Duration;

use scripted_cassandra::{Consistency, Match, Opcode, ScriptedCluster};
use tokio::time::Instant;

use crate::support::{
    INSERT, SELECT, builder, cluster, connected, insert, query, session, session_builder, until,
};

#[tokio::test]
async fn a_cluster_starts_and_ends_in_milliseconds() {
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let start = Instant::now();
        let cluster = cluster(3).await;
        starts.push(start.elapsed());
        let address = cluster.node(0).address();
        let start = Instant::now();
        drop(cluster);
        ends.push(start.elapsed());
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
    }
    println!("started in {starts:?}, ended in {ends:?}");
    // The machine may be busy now and then.
    for times in [starts, ends] {
        let best = times.iter().min().copied().unwrap_or_default();
        assert!(best < Duration::from_millis(100), "{times:?}");
    }
}

#[tokio::test]
async fn the_driver_sees_all_nodes_and_the_schema() {
    let cluster = builder(1)
        .datacenters([("dc1", 2), ("dc2", 1)])
        .racks(2)
        .cluster_name("mine")
        .start()
        .await
        .unwrap();
    let session = session(&cluster).await;
    let state = session.get_cluster_state();
    assert_eq!(state.cluster_name(), "mine");
    for node in cluster.nodes() {
        let seen = state.get_node_by_host_id(node.host_id()).unwrap();
        assert_eq!(seen.address.ip(), node.address().ip());
        assert_eq!(
            seen.datacenter.as_deref(),
            Some(if node.index() < 2 { "dc1" } else { "dc2" })
        );
        assert_eq!(
            seen.rack.as_deref(),
            Some(if node.index() == 1 { "rack2" } else { "rack1" })
        );
    }
    let keyspace = state.get_keyspace("ks").unwrap();
    assert_eq!(keyspace.tables["wide"].partition_key, ["a", "b"]);
    assert_eq!(keyspace.tables["wide"].clustering_key, ["c"]);
    assert_eq!(keyspace.tables["t"].columns.len(), 2);
    assert!(session.check_schema_agreement().await.unwrap().is_some());
    cluster.node(1).disagree_on_schema(true);
    assert!(session.check_schema_agreement().await.unwrap().is_none());
}

#[tokio::test]
async fn one_node_is_enough() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    let prepared = session.prepare(INSERT).await.unwrap();
    insert(&session, &prepared, 1).await.unwrap();
    let select = session.prepare(SELECT).await.unwrap();
    let rows = session
        .execute_unpaged(&select, (1,))
        .await
        .unwrap()
        .into_rows_result()
        .unwrap();
    assert_eq!(
        rows.single_row::<(i32, String)>().unwrap(),
        (1, "text".to_owned())
    );
}

#[tokio::test]
async fn requests_reach_the_replicas_of_their_keys() {
    let cluster = builder(5).keyspace("ks", 2).start().await.unwrap();
    let session = session(&cluster).await;
    let prepared = session.prepare(INSERT).await.unwrap();
    assert_eq!(prepared.get_variable_pk_indexes().len(), 1);
    for id in 0..100 {
        insert(&session, &prepared, id).await.unwrap();
    }
    let state = session.get_cluster_state();
    let frames = cluster.ledger().of(Opcode::Execute, "INSERT");
    assert_eq!(frames.len(), 100);
    for frame in &frames {
        let id = i32::from_be_bytes(frame.statements[0].key.as_deref().unwrap().try_into().unwrap());
        let token = prepared.calculate_token(&(id, "text")).unwrap().unwrap();
        let replicas = state.get_token_endpoints("ks", "t", token);
        assert_eq!(replicas.len(), 2);
        let node = cluster.node(frame.node).host_id();
        assert!(
            replicas.iter().any(|(replica, _)| replica.host_id == node),
            "{id}"
        );
    }
    let per_node = (0..5).map(|node| cluster.ledger().count_at(node, Opcode::Execute, "INSERT"));
    assert!(
        per_node.clone().all(|count| count > 0),
        "{:?}",
        per_node.collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn clusters_stand_side_by_side() {
    let mut clusters = Vec::new();
    for _ in 0..4 {
        clusters.push(cluster(2).await);
    }
    for (number, cluster) in clusters.iter().enumerate() {
        let session = session(cluster).await;
        for _ in 0..=number {
            query(&session, "SELECT * FROM ks.t").await.unwrap();
        }
    }
    let counts = clusters.iter().map(|cluster| cluster.ledger().requests());
    assert_eq!(counts.collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn the_password_decides() {
    let cluster = builder(2).login("me", "secret").start().await.unwrap();
    let right = session_builder(&cluster)
        .user("me", "secret")
        .build()
        .await
        .unwrap();
    until("connected", || connected(&right) == 2).await;
    query(&right, "SELECT * FROM ks.t").await.unwrap();
    let before = cluster.logins();
    assert!(before.accepted >= 3 && before.refused == 0, "{before:?}");

    let wrong = session_builder(&cluster).user("me", "public").build().await;
    let refused = match wrong {
        Ok(session) => session.get_cluster_state().get_keyspace("ks").is_none(),
        Err(_) => true,
    };
    assert!(refused);
    assert!(cluster.logins().refused > 0);
    assert_eq!(cluster.logins().accepted, before.accepted);
}

#[tokio::test]
async fn the_frames_of_the_driver_itself_are_not_counted() {
    let cluster = ScriptedCluster::builder().nodes(2).start().await.unwrap();
    let rule = cluster.on(Match::any()).then(scripted_cassandra::Action::Silence);
    let session = session_builder(&cluster).build().await.unwrap();
    until("connected", || connected(&session) == 2).await;
    session.refresh_metadata().await.unwrap();
    assert_eq!(cluster.ledger().count_if(|_, _, _| true), 0);
    assert_eq!(rule.matched(), 0);
    cluster.clear_rules();
    query(&session, "SELECT release_version FROM system.local")
        .await
        .unwrap();
    let frames = cluster.ledger().frames();
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].consistency, Some(Consistency::LOCAL_QUORUM));
}

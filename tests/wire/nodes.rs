//! Which nodes there are to go to, and who holds them.

use std::sync::Arc;

use scripted_cassandra::{Action, ScriptedCluster};
use tower_cassandra::cluster::Nodes;
use tower_cassandra::layers::health::Table;
use tower_cassandra::scylla::client::session_builder::SessionBuilder;
use tower_cassandra::{HealthSettings, Hedge, Statement};

use crate::heard::Heard;
use crate::support::{PATIENCE, client, ms, requests, server, until};

#[tokio::test]
async fn nodes_that_nobody_holds_any_more_lose_their_connections_also_beside_a_monitor() {
    let cluster = server(2).start().await.unwrap();
    let driver = SessionBuilder::new()
        .known_nodes(cluster.contact_points())
        .build()
        .await
        .unwrap();
    let driver = Arc::new(driver);
    let table = Table::new(HealthSettings::default()).unwrap();
    let nodes = Nodes::new(&driver, table, None, None).unwrap();
    let monitor = nodes.monitor();
    let mut changes = monitor.changes();
    let connections = || (0..2).map(|node| cluster.node(node).connections()).sum::<usize>();
    assert!(connections() > 0 && monitor.health().hosts.len() == 2);
    drop((nodes, driver));
    until("the connections are gone", || connections() == 0).await;
    assert!(monitor.health().hosts.is_empty());
    while let Some(change) = changes.next().await {
        println!("{change:?}");
    }
}

/// Of two data centres the nearby one has one node.
async fn beside_another_datacenter() -> ScriptedCluster {
    let cluster = server(1).datacenters([("east", 1), ("west", 1)]);
    let cluster = cluster.start().await.unwrap();
    cluster.on(requests()).then(Action::delay(ms(20)));
    cluster
}

#[tokio::test]
async fn with_one_node_to_go_to_hedging_is_idle_and_says_so_once() {
    let (heard, _guard) = Heard::listen(|metadata| metadata.target().starts_with("tower_cassandra"));
    for (permitted, said) in [(false, 1), (true, 0)] {
        let cluster = beside_another_datacenter().await;
        let client = client(&cluster)
            .prefer_datacenter("east")
            .permit_dc_failover(permitted);
        let session = client
            .hedge(Hedge::default().after(ms(2)).share(1.0))
            .connect()
            .await
            .unwrap();
        let before = heard.lines().len();
        for _ in 0..10 {
            let text = Statement::new("SELECT v FROM ks.t").idempotent(true);
            session.execute(text).await.unwrap();
        }
        let lines = heard.lines();
        let idle = lines[before..]
            .iter()
            .filter(|line| line.contains("hedging is idle"));
        assert_eq!(idle.count(), said, "{lines:?}");
        session.close(PATIENCE).await.unwrap();
    }
}

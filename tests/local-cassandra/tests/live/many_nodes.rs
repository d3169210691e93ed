//! Three nodes in two data centres.

use local_cassandra::{LocalCluster, testing};

use crate::support::{READY, greet, processes_with, text_of};

fn up(status: &str) -> usize {
    let lines = status.lines();
    lines.filter(|line| line.starts_with("UN ")).count()
}

#[tokio::test]
async fn nodes_that_start_together_reach_each_other_and_end_together() {
    let builder = LocalCluster::builder()
        .data_centers(["dc1", "dc1", "dc2"])
        .heap_mb(384);
    let test = "nodes_that_start_together_reach_each_other_and_end_together";
    let Some(cluster) = testing::start(test, builder).await else {
        return;
    };
    assert_eq!(cluster.nodes().len(), 3);
    let status = cluster.node(2).node_tool(["status"]).await.unwrap();
    assert_eq!(up(&status), 3, "{status}");
    assert!(status.contains("Datacenter: dc2"), "{status}");

    let node = cluster.node(1);
    node.kill().await.unwrap();
    for other in [0, 2] {
        let address = cluster.node(other).address();
        assert_eq!(greet(address).await, Some(READY));
    }
    node.restart().await.unwrap();
    let status = cluster.node(0).node_tool(["status"]).await.unwrap();
    assert_eq!(up(&status), 3, "{status}");

    cluster.node(2).freeze().unwrap();
    cluster.node(2).resume().unwrap();
    cluster.ready().await.unwrap();

    // A frozen node ends as well as the others.
    cluster.node(2).freeze().unwrap();
    let dir = cluster.data_dir().unwrap().to_owned();
    cluster.stop().await;
    assert_eq!(processes_with(&text_of(&dir)), []);
    assert!(!dir.exists());
}

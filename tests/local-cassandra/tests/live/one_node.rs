//! One node, shared by the tests of this module.

use std::process::Command;
use std::time::Duration;

use local_cassandra::{ErrorKind, LocalCluster, testing};
use tokio::net::TcpStream;

use crate::support::{PATIENCE, READY, eventually, greet, greet_within};

async fn host_id(cluster: &LocalCluster) -> String {
    let info = cluster.node(0).node_tool(["info"]).await.unwrap();
    let id = info.lines().find(|line| line.starts_with("ID")).unwrap();
    id.split(':').nth(1).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_node_answers_when_its_start_returns() {
    let test = "a_node_answers_when_its_start_returns";
    let Some(cluster) = testing::shared(test, LocalCluster::builder).await else {
        return;
    };
    assert!(!cluster.is_external());
    assert_eq!(cluster.contact_points(), [cluster.node(0).address()]);
    assert_eq!(greet(cluster.node(0).address()).await, Some(READY));
    assert!(cluster.node(0).is_running());
    assert!(cluster.credentials().is_none());
}

#[tokio::test]
async fn node_tool_reports_and_its_failures_are_errors() {
    let test = "node_tool_reports_and_its_failures_are_errors";
    let Some(cluster) = testing::shared(test, LocalCluster::builder).await else {
        return;
    };
    let node = cluster.node(0);
    let status = node.node_tool(["status"]).await.unwrap();
    let line = format!("UN  {}", node.ip().unwrap());
    assert!(status.contains(&line), "{status}");
    let error = node.node_tool(["no-such-command"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Command);
    assert!(error.to_string().contains("no-such-command"), "{error}");
}

#[tokio::test]
async fn a_frozen_node_accepts_and_says_nothing_until_it_is_resumed() {
    let test = "a_frozen_node_accepts_and_says_nothing_until_it_is_resumed";
    let Some(cluster) = testing::exclusive(test, LocalCluster::builder).await else {
        return;
    };
    let node = cluster.node(0);
    node.freeze().unwrap();
    let connected = TcpStream::connect(node.address()).await;
    let answer = greet_within(Duration::from_secs(1), node.address()).await;
    let running = node.is_running();
    node.resume().unwrap();
    assert!(connected.is_ok());
    assert_eq!(answer, None);
    assert!(running);
    assert_eq!(greet(node.address()).await, Some(READY));
}

#[tokio::test]
async fn a_killed_node_comes_back_as_the_same_host() {
    let test = "a_killed_node_comes_back_as_the_same_host";
    let Some(cluster) = testing::exclusive(test, LocalCluster::builder).await else {
        return;
    };
    let node = cluster.node(0);
    let (id, pid) = (host_id(&cluster).await, node.pid());
    node.kill().await.unwrap();
    assert!(!node.is_running());
    assert!(TcpStream::connect(node.address()).await.is_err());
    assert_eq!(node.freeze().unwrap_err().kind(), ErrorKind::Command);

    node.restart().await.unwrap();
    assert!(node.is_running());
    assert_ne!(node.pid(), pid);
    assert_eq!(greet(node.address()).await, Some(READY));
    assert_eq!(host_id(&cluster).await, id);
}

#[tokio::test]
async fn the_client_port_closes_and_opens_while_the_node_lives() {
    let test = "the_client_port_closes_and_opens_while_the_node_lives";
    let Some(cluster) = testing::exclusive(test, LocalCluster::builder).await else {
        return;
    };
    let node = cluster.node(0);
    node.disable_client_port().await.unwrap();
    let refused = TcpStream::connect(node.address()).await.is_err();
    let running = node.is_running();
    node.enable_client_port().await.unwrap();
    assert!(refused);
    assert!(running);
    assert_eq!(greet(node.address()).await, Some(READY));
}

#[tokio::test]
async fn a_node_that_dies_by_itself_is_noticed() {
    let test = "a_node_that_dies_by_itself_is_noticed";
    let Some(cluster) = testing::exclusive(test, LocalCluster::builder).await else {
        return;
    };
    let node = cluster.node(0);
    let pid = node.pid().unwrap().to_string();
    let kill = Command::new("kill").args(["-KILL", &pid]).status();
    assert!(kill.unwrap().success());
    let noticed = eventually(PATIENCE, || !node.is_running()).await;
    node.restart().await.unwrap();
    assert!(noticed);
}

//! The status page of a session with nodes.

use std::future::poll_fn;
use std::pin::pin;

use http::Request;
use http_body::Body as _;
use scripted_cassandra::ScriptedCluster;
use tower::ServiceExt;
use tower_cassandra::ClusterBuilder;
use tower_cassandra::status_page::StatusPage;

use crate::support::{Bed, INSERT, client, until};

/// Page or JSON as text.
pub(crate) async fn get(page: &StatusPage, path: &str) -> String {
    let answer = page.clone().oneshot(Request::get(path).body(()).unwrap()).await;
    let (mut text, mut body) = (Vec::new(), pin!(answer.unwrap().into_body()));
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        text.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn names_that_are_markup_are_data_and_not_in_the_page() {
    const NAME: &str = "<script>alert(1)</script>";
    let cluster = ScriptedCluster::builder()
        .datacenters([(NAME, 2)])
        .cluster_name(NAME)
        .start()
        .await
        .unwrap();
    let session = client(&cluster).connect().await.unwrap();
    let page = StatusPage::new(session.clone());
    let json: serde_json::Value = serde_json::from_str(&get(&page, "/status.json").await).unwrap();
    assert_eq!(json["nodes"].as_array().unwrap().len(), 2);
    for node in json["nodes"].as_array().unwrap() {
        assert_eq!(node["datacenter"], NAME);
    }
    assert_eq!(
        (&json["session"]["cluster"], &json["session"]["local_datacenter"]),
        (&NAME.into(), &NAME.into())
    );
    assert!(!get(&page, "/").await.contains("alert(1)"));
    drop(page);
    session.close(crate::support::PATIENCE).await.unwrap();
}

#[tokio::test]
async fn what_a_node_was_sent_is_counted_and_a_node_that_is_gone_is_shown_with_its_reason() {
    let bed = Bed::make(2).await;
    let insert = bed.prepare(INSERT).await;
    let sent = |bed: &Bed| -> u64 { (0..2).map(|node| bed.health(node).sent).sum() };
    let before = sent(&bed);
    for id in 0..20 {
        bed.session
            .execute(insert.bind((id, "v")).unwrap().idempotent(true))
            .await
            .unwrap();
    }
    assert_eq!(sent(&bed) - before, 20);

    bed.cluster.node(1).crash().await.unwrap();
    until("it is not connected", || !bed.health(1).connected).await;
    // A page of its own has no older snapshot.
    let page = StatusPage::new(bed.session.clone());
    let json: serde_json::Value = serde_json::from_str(&get(&page, "/status.json").await).unwrap();
    let id = bed.cluster.node(1).host_id().to_string();
    let gone = json["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|node| node["id"] == id.as_str())
        .unwrap();
    assert_eq!(
        (&gone["condition"], &gone["level"]),
        (&"down".into(), &"bad".into()),
        "{gone}"
    );
    assert!(
        gone["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
        "{gone}"
    );
    assert_eq!(
        (&json["session"]["healthy"], &json["session"]["ready"]),
        (&1.into(), &true.into())
    );
}

#[tokio::test]
async fn a_session_that_is_not_connected_yet_says_why() {
    // Nobody listens there: it was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let client = ClusterBuilder::new().contact_points([free.to_string()]);
    let session = client.connect_lazy().unwrap();
    let page = StatusPage::new(session.clone());
    let json: serde_json::Value = serde_json::from_str(&get(&page, "/status.json").await).unwrap();
    let state = &json["session"];
    assert_eq!(
        (&state["ready"], &state["closed"]),
        (&false.into(), &false.into()),
        "{state}"
    );
    assert!(
        state["not_ready"]
            .as_str()
            .is_some_and(|why| why.contains("connect")),
        "{state}"
    );
    assert_eq!(json["nodes_total"], 0);
    session.close(crate::support::PATIENCE).await.unwrap();
}

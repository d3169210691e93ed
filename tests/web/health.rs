//! Liveness and readiness.

use std::time::Duration;

use http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER};
use http::{Method, Request};
use scripted_cassandra::ScriptedCluster;
use tower::ServiceExt;
use tower_cassandra::axum::{Liveness, Readiness, Shutdown};
use tower_cassandra::test_util::Script;
use tower_cassandra::{ClusterBuilder, HealthCheck};

use crate::text;

async fn ask(readiness: &Readiness) -> (u16, String) {
    let response = readiness.clone().oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    let status = response.status().as_u16();
    assert_eq!(response.headers().contains_key(RETRY_AFTER), status == 503);
    (status, text(response).await)
}

#[tokio::test]
async fn the_process_is_alive_whatever_the_database_does() {
    let response = Liveness.oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(text(response).await, r#"{"status":"alive"}"#);
    let head = Request::builder().method(Method::HEAD).body(()).unwrap();
    assert_eq!(Liveness.oneshot(head).await.unwrap().status(), 200);
    let post = Request::builder().method(Method::POST).body(()).unwrap();
    let response = Liveness.oneshot(post).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()[ALLOW]),
        (405, &"GET, HEAD".parse().unwrap())
    );
}

#[tokio::test]
async fn readiness_follows_the_node_and_says_nothing_of_it() {
    let cluster = ScriptedCluster::builder().start().await.unwrap();
    let check = HealthCheck::every(Duration::from_millis(300)).timeout(Duration::from_millis(200));
    let session = ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .health(check)
        .connect()
        .await
        .unwrap();
    let readiness = Readiness::new(session.clone());
    let until = async |status| loop {
        let (now, body) = ask(&readiness).await;
        if now == status {
            return body;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(until(200).await, r#"{"status":"ready"}"#);
    cluster.node(0).freeze();
    assert_eq!(
        until(503).await,
        r#"{"status":"unavailable","reason":"the database does not answer"}"#
    );
    cluster.node(0).thaw();
    until(200).await;
    session.close(Duration::from_secs(60)).await.unwrap();
    assert_eq!(
        until(503).await,
        r#"{"status":"unavailable","reason":"shutting down"}"#
    );
}

#[tokio::test]
async fn a_session_over_a_mock_is_ready_until_the_shutdown_begins() {
    let session = Script::new().session();
    let shutdown = Shutdown::new(session.clone(), Duration::from_secs(1));
    let readiness = Readiness::new(session).with_shutdown(&shutdown);
    assert_eq!(ask(&readiness).await.0, 200);
    shutdown.begin();
    assert_eq!(ask(&readiness).await.0, 503);
}

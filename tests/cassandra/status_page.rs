//! The status page while one of three nodes is frozen.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use http::Request;
use http_body::Body as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;
use tower_cassandra::status_page::StatusPage;

use crate::support::PATIENCE;
use crate::three::three_nodes;

async fn node(page: &StatusPage, address: &str) -> serde_json::Value {
    let request = Request::get("/status.json").body(()).unwrap();
    let answer = page.clone().oneshot(request).await.unwrap();
    let mut body = pin!(answer.into_body());
    let frame = poll_fn(|cx| body.as_mut().poll_frame(cx)).await.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&frame.unwrap().into_data().unwrap()).unwrap();
    let nodes = json["nodes"].as_array().unwrap();
    nodes
        .iter()
        .find(|node| node["address"] == address)
        .unwrap()
        .clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_node_is_bad_with_its_reason_and_good_again() {
    let Some(three) = three_nodes("status_page").await else {
        return;
    };
    let session = three.session().await;
    let page = StatusPage::new(session.clone());
    let victim = three.cluster.node(1);
    let until = async |level: &str| {
        let began = Instant::now();
        loop {
            let seen = node(&page, victim.address()).await;
            if seen["level"] == level {
                println!("{level} after {:?}: {seen}", began.elapsed());
                return seen;
            }
            assert!(began.elapsed() < PATIENCE, "{seen}");
            sleep(Duration::from_millis(20)).await;
        }
    };
    // A little traffic: a silent node is found out by it, and one request is the way back of a node that was ejected.
    let mut load = JoinSet::new();
    let client = session.clone();
    load.spawn(async move {
        let mut calls = JoinSet::new();
        loop {
            while calls.len() < 16 {
                let client = client.clone();
                calls.spawn(async move { client.execute("SELECT release_version FROM system.local").await });
            }
            sleep(Duration::from_millis(20)).await;
            while calls.try_join_next().is_some() {}
        }
    });
    until("good").await;
    victim.freeze().unwrap();
    let frozen = until("bad").await;
    assert!(
        frozen["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
        "{frozen}"
    );
    victim.resume().unwrap();
    let again = until("good").await;
    assert!(again["reason"].is_null(), "{again}");
    load.shutdown().await;
    three.cluster.ready().await.unwrap();
    session.close(PATIENCE).await.unwrap();
}

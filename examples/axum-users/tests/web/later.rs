//! What is done after the answer, and what is not done again.

use std::time::Duration;

use local_cassandra::testing;
use serde_json::json;
use tokio::time::{Instant, sleep};
use tower_cassandra::ClusterBuilder;

use crate::support::{App, PATIENCE, crowd, keyspace, node, within};

/// Rows written in the background, counted by a session of the test's own.
async fn written(points: Vec<String>, test: &str) -> i64 {
    let session = ClusterBuilder::new().contact_points(points).no_metrics();
    let session = session.connect_timeout(PATIENCE).connect().await.unwrap();
    let count = format!("SELECT count(*) FROM {}.background_writes", keyspace(test));
    let response = session.execute(count).await.unwrap();
    session.close(PATIENCE).await.unwrap();
    response.maybe_first_row::<(i64,)>().unwrap().unwrap().0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_06_background_writes_are_accepted_at_once_and_written_soon() {
    let Some(node) = node("web_06").await else { return };
    let app = App::ready(&node, "web_06", |_| ()).await;
    for n in 0..10 {
        let began = Instant::now();
        let note = json!({ "note": format!("note {n}") });
        app.client.post("/background-write", note).await.expect(202);
        within("web_06: one write", began.elapsed(), Duration::from_millis(100));
    }
    let began = Instant::now();
    while written(node.contact_points(), "web_06").await < 10 {
        assert!(began.elapsed() < PATIENCE, "not all were written");
        sleep(Duration::from_millis(50)).await;
    }
    within("web_06: all rows", began.elapsed(), Duration::from_secs(3));
    app.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_refused_and_what_was_accepted_is_written_at_the_end() {
    let Some(cluster) = testing::exclusive("drain", testing::patient_node).await else {
        return;
    };
    let app = App::ready(&cluster, "drain", |settings| settings.background_queue = 50).await;
    // Nothing is written meanwhile.
    cluster.node(0).freeze().unwrap();
    let answers = crowd(100, 20, |n| {
        let client = app.client.clone();
        async move {
            client
                .post("/background-write", json!({ "note": format!("note {n}") }))
                .await
        }
    });
    let (mut accepted, mut refused) = (0, 0);
    for answer in answers.await {
        if answer.status == 202 {
            accepted += 1;
        } else {
            assert_eq!(answer.expect(503).header("retry-after"), "1");
            refused += 1;
        }
    }
    println!("drain: {accepted} accepted, {refused} refused");
    assert!(accepted >= 50 && refused > 0);
    app.state.shutdown().begin();
    // Longer than late requests are answered: by then nothing else holds the end up.
    sleep(Duration::from_secs(1)).await;
    cluster.node(0).resume().unwrap();
    app.end().await;
    assert_eq!(written(cluster.contact_points(), "drain").await, accepted);
    app.drop_keyspaces().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_13_a_value_is_cached_until_it_is_written_or_too_old() {
    let Some(node) = node("web_13").await else { return };
    // Its life is 60 s by default; waiting for that is for nobody. Long enough for a machine that stands still.
    let life = Duration::from_secs(6);
    let app = App::ready(&node, "web_13", |settings| settings.cache_life = life).await;
    let client = &app.client;
    client.get("/cached-data/key").await.expect(404);
    client
        .post("/cached-data/key", json!({ "value": "one" }))
        .await
        .expect(204);
    let get = async || {
        let found = client.get("/cached-data/key").await.expect(200).json();
        let text = |name: &str| found[name].as_str().unwrap().to_owned();
        (text("cache"), text("value"))
    };
    let is = |cache: &str, value: &str| (cache.to_owned(), value.to_owned());
    assert_eq!(get().await, is("miss", "one"));
    let began = Instant::now();
    for _ in 0..2 {
        let found = get().await;
        if began.elapsed() < life {
            assert_eq!(found, is("hit", "one"));
        }
    }
    client
        .post("/cached-data/key", json!({ "value": "two" }))
        .await
        .expect(204);
    assert_eq!(get().await, is("miss", "two"));
    sleep(life).await;
    assert_eq!(get().await, is("miss", "two"));
    app.done().await;
}

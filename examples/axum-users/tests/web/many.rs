//! Products, several queries, pages, rows while they come.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use local_cassandra::testing;
use serde_json::Value;
use tokio::time::Instant;
use tower_cassandra::ClusterBuilder;

use crate::support::{App, PATIENCE, crowd, node, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_02_a_search_finds_products_for_many_clients() {
    let Some(node) = node("web_02").await else { return };
    let app = App::ready(&node, "web_02", |_| ()).await;
    let began = Instant::now();
    let found = crowd(100, 20, |_| {
        let client = app.client.clone();
        async move {
            let found = client.get("/products/search?q=Product").await.expect(200).json();
            found["products"].as_array().unwrap().len()
        }
    });
    assert!(found.await.iter().all(|products| *products >= 1));
    within(
        "web_02: 100 searches",
        began.elapsed(),
        Duration::from_millis(500),
    );
    let none = app
        .client
        .get("/products/search?category=games&q=nothing")
        .await
        .expect(200);
    assert_eq!(none.json()["total"], 0);
    app.client.get("/products/search?category=cars").await.expect(422);
    app.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_05_four_queries_make_one_answer_and_no_connection() {
    // Nobody else connects to it.
    let Some(node) = testing::exclusive("web_05", testing::patient_node).await else {
        return;
    };
    let observer = ClusterBuilder::new()
        .contact_points(node.contact_points())
        .no_metrics();
    let observer = observer.connect_timeout(PATIENCE).connect().await.unwrap();
    // As the node sees them: one that is closed and opened anew has another port.
    let connections = async || {
        let open = observer.execute("SELECT address, port FROM system_views.clients");
        let open = open.await.unwrap().rows::<(IpAddr, i32)>().unwrap();
        open.into_iter().collect::<BTreeSet<_>>()
    };
    let of_observer = connections().await;
    let app = App::ready(&node, "web_05", |_| ()).await;
    app.client.get("/multi-query").await.expect(200);
    let before = connections().await;
    println!("web_05: {} connections", before.len() - of_observer.len());
    assert!(before.len() > of_observer.len() && before.is_superset(&of_observer));
    let began = Instant::now();
    for _ in 0..50 {
        let answer = app.client.get("/multi-query").await.expect(200);
        assert!(answer.header("server-timing").contains("4 queries"));
        assert_eq!(answer.json()["queries"], 4);
    }
    within(
        "web_05: mean of 50",
        began.elapsed() / 50,
        Duration::from_millis(20),
    );
    assert_eq!(connections().await, before);
    observer.close(PATIENCE).await.unwrap();
    app.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_follow_each_other_by_cursor_and_no_row_is_lost_or_comes_twice() {
    let Some(node) = node("cursor").await else { return };
    let app = App::ready(&node, "cursor", |settings| settings.demo_items = 105).await;
    let (mut seen, mut pages) = (Vec::new(), 0);
    let mut path = "/paginated-items?limit=20".to_owned();
    loop {
        let page = app.client.get(&path).await.expect(200).json();
        pages += 1;
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["seq"].as_i64().unwrap()));
        match &page["next_cursor"] {
            Value::String(cursor) => path = format!("/paginated-items?limit=20&cursor={cursor}"),
            _ => break,
        }
    }
    seen.sort_unstable();
    assert!(seen.iter().copied().eq(0..105), "{seen:?}");
    assert!(pages >= 6);
    app.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_come_as_lines_or_as_one_document() {
    let Some(node) = node("lines").await else { return };
    let app = App::ready(&node, "lines", |settings| settings.demo_items = 1_500).await;
    let client = &app.client;
    let lines = client.get("/stream-data?limit=1200").await.expect(200);
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let text = lines.text();
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 1_200);
    let document = client.get("/large-dataset?limit=1200").await.expect(200).json();
    assert_eq!(
        (
            document["count"].as_u64(),
            document["items"].as_array().unwrap().len()
        ),
        (Some(1_200), 1_200)
    );
    assert_eq!(client.get("/large-dataset?limit=1").await.json()["count"], 1);

    for n in 0..3 {
        client.user(&format!("user {n}")).await;
    }
    let streamed = client.get("/users/stream?fetch_size=10").await.expect(200).json();
    assert_eq!(streamed["metadata"]["total_returned"], 3);
    assert_eq!(streamed["users"].as_array().unwrap().len(), 3);
    let ndjson = [("accept", "application/x-ndjson")];
    assert_eq!(
        client
            .get_with("/users/stream?limit=2", &ndjson)
            .await
            .text()
            .lines()
            .count(),
        2
    );
    let none = client.get("/users/stream?limit=0").await.expect(200).json();
    assert_eq!(none["metadata"]["total_returned"], 0);
    let advanced = client
        .get("/users/stream/advanced?fetch_size=10&max_pages=5")
        .await
        .expect(200)
        .json();
    assert_eq!(advanced["metadata"]["total_returned"], 3);
    app.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_have_keyspaces_and_sessions_of_their_own_and_only_so_many_are_open() {
    let Some(node) = node("tenants").await else { return };
    let names = ["ann", "ben", "cleo"];
    let app = App::ready(&node, "tenants", |settings| {
        settings.tenants = names.map(str::to_owned).to_vec();
        settings.tenant_sessions = 2;
    });
    let app = app.await;
    for _ in 0..2 {
        for name in names {
            let data = app
                .client
                .get(&format!("/user-data?user={name}"))
                .await
                .expect(200)
                .json();
            assert!(
                data["keyspace"]
                    .as_str()
                    .unwrap()
                    .ends_with(&format!("_of_{name}"))
            );
            assert_eq!(data["data"][0]["note"], format!("the first note of {name}"));
            assert!(app.state.open_tenants() <= 2);
        }
    }
    app.client.get("/user-data?user=mallory").await.expect(404);
    assert!(app.state.session().keyspace().is_none());
    crate::support::eventually("sessions that made room have ended", || {
        app.state.tenant_sessions_alive() <= 2
    })
    .await;
    app.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_ends_and_cancellations_leave_open_what_lies_further_out() {
    let Some(node) = node("safety").await else { return };
    let app = App::ready(&node, "safety", |settings| settings.demo_items = 20).await;
    let client = &app.client;
    let status = client
        .get("/context_manager_safety/status")
        .await
        .expect(200)
        .json();
    let flags = [
        (
            "query_error",
            &["session_unchanged", "session_open", "session_still_works"][..],
        ),
        (
            "streaming_error",
            &["session_unchanged", "session_open", "session_still_works"],
        ),
        (
            "concurrent_streams",
            &["all_streams_independent", "session_still_open"],
        ),
        ("nested_contexts", &["correct_order", "main_session_unaffected"]),
        (
            "cancellation",
            &[
                "was_cancelled",
                "session_still_works",
                "new_stream_worked",
                "session_open",
            ],
        ),
    ];
    for (test, flags) in flags {
        let path = format!("/context_manager_safety/{test}");
        let report = client
            .ask("POST", &path, &[], None)
            .await
            .unwrap()
            .expect(200)
            .json();
        for flag in flags {
            assert_eq!(report[flag], true, "{test}: {report}");
        }
        match test {
            "query_error" | "streaming_error" => assert_eq!(report["error_caught"], "invalid"),
            "concurrent_streams" => {
                let streams = report["results"].as_array().unwrap();
                assert!(streams.len() == 3 && streams.iter().all(|one| one["count"] == 10));
            }
            "nested_contexts" => assert_eq!(report["row_count"], 5),
            _ => {}
        }
    }
    assert_eq!(client.get("/context_manager_safety/status").await.json(), status);
    app.done().await;
}

//! Much data goes through little memory.

use serde_json::json;

use crate::child::Child;
use crate::support::{crowd, node};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_08_large_answers_are_never_in_memory() {
    let Some(node) = node("web_08").await else { return };
    let child = Child::ready(&node, "web_08", &[("DEMO_ITEMS", "10000")]).await;
    let large = "/large-dataset?limit=10000";
    let before = child.memory();
    let counts = crowd(5, 5, |_| {
        let client = child.client.clone();
        async move { client.get(large).await.expect(200).json()["count"].as_u64() }
    });
    assert_eq!(counts.await, [Some(10_000); 5]);
    let after = child.memory();
    println!("web_08: {before:?} MB before, {after:?} MB after");
    if let (Some(before), Some(after)) = (before, after) {
        assert!(after - before < 50.0, "{before} MB, then {after} MB");
    }
    assert_eq!(
        child
            .client
            .get("/large-dataset?limit=1")
            .await
            .expect(200)
            .json()["count"],
        1
    );
    child.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_10_pages_are_not_kept() {
    let Some(node) = node("web_10").await else { return };
    let child = Child::ready(&node, "web_10", &[("MAX_BODY", "200000")]).await;
    let users: Vec<_> = (0..1_000)
        .map(|n| json!({ "name": format!("user {n}"), "email": format!("user{n}@example.org") }))
        .collect();
    child
        .client
        .post("/users/batch", json!({ "users": users }))
        .await
        .expect(201);
    let before = child.memory();
    let mut samples = Vec::new();
    for _ in 0..5 {
        let path = "/users/stream/pages?limit=1000&fetch_size=100";
        let pages = child.client.get(path).await.expect(200).json();
        assert_eq!(pages["total_rows_processed"], 1_000);
        assert_eq!(pages["pages_info"].as_array().unwrap().len(), 10);
        samples.extend(child.memory());
    }
    println!("web_10: {before:?} MB before, then {samples:?}");
    if let (Some(before), Some(last)) = (before, samples.last()) {
        assert!(last - before < 50.0);
        let last = &samples[2..];
        let (least, most) = last
            .iter()
            .fold((f64::MAX, 0.0_f64), |(l, m), one| (l.min(*one), m.max(*one)));
        assert!(most - least < 10.0, "{samples:?}");
    }
    child.done().await;
}

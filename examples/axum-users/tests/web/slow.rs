//! Limits of time that the client sets.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{App, node, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_09_the_header_bounds_the_query_and_nobody_else_waits() {
    let Some(node) = node("web_09").await else { return };
    let app = App::ready(&node, "web_09", |settings| settings.demo_items = 500).await;
    let client = &app.client;
    let timed = async |path: &str, limit: &str| {
        let began = Instant::now();
        (
            client.get_with(path, &[("x-request-timeout", limit)]).await,
            began.elapsed(),
        )
    };
    for path in ["/slow_query", "/long_running_query"] {
        let (late, took) = timed(path, "0.1").await;
        late.expect(504).is_silent();
        within("web_09: 504", took, Duration::from_millis(600));
    }
    let (slow, took) = timed("/slow_query", "10").await;
    assert!(slow.expect(200).json()["seconds"].as_f64().unwrap() >= 2.0);
    println!("web_09: slow query {took:?}");

    let long = tokio::spawn({
        let client = client.clone();
        async move {
            client
                .get_with("/long_running_query", &[("x-request-timeout", "60")])
                .await
        }
    });
    while app.state.session().running() == 0 {
        assert!(!long.is_finished(), "it did not run");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let began = Instant::now();
    for _ in 0..5 {
        client.get("/health").await.expect(200);
    }
    within(
        "web_09: five times /health",
        began.elapsed(),
        Duration::from_secs(1),
    );
    long.await.unwrap().expect(200);
    app.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_of_time_end_what_is_silent() {
    let Some(node) = node("silent").await else { return };
    let app = App::ready(&node, "silent", |_| ()).await;
    let post = async |path: &str| app.client.ask("POST", path, &[], None).await.unwrap();
    let connect = post("/test/timeout?operation=connect&timeout=0.1")
        .await
        .expect(200)
        .json();
    assert_eq!(connect["timed_out"], true, "{connect}");
    for operation in ["prepare", "execute"] {
        let path = format!("/test/timeout?operation={operation}&timeout=30");
        assert_eq!(post(&path).await.expect(200).json()["timed_out"], false);
    }
    post("/test/timeout?timeout=0").await.expect(422);
    post("/test/timeout?operation=sleep").await.expect(422);
    for mode in ["async", "sync"] {
        let report = app
            .client
            .get(&format!("/performance/{mode}?requests=20"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            (report["successful_requests"].as_u64(), &report["mode"]),
            (Some(20), &mode.into())
        );
    }
    app.done().await;
}

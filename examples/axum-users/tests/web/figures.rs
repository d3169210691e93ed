//! Figures move with the traffic.

use std::collections::BTreeMap;

use crate::support::{App, node};

/// Series of the text, with their labels.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

/// The sum over all labels, and over those alone that contain a text.
fn sum(series: &BTreeMap<String, f64>, name: &str, with: &str) -> f64 {
    let of_name = |key: &&String| key.split('{').next() == Some(name) && key.contains(with);
    series.keys().filter(of_name).map(|key| series[key]).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_14_figures_are_there_and_move_with_the_traffic() {
    let Some(node) = node("web_14").await else { return };
    let app = App::ready(&node, "web_14", |_| ()).await;
    let client = &app.client;
    let figures = async || parse(&client.get("/metrics").await.expect(200).text());
    let before = figures().await;
    for _ in 0..10 {
        client.get("/users").await.expect(200);
    }
    for _ in 0..3 {
        client.get("/test/query_error").await.expect(500);
    }
    client.get("/users/no-uuid").await.expect(400);
    let after = figures().await;
    let grown = |name: &str, with: &str| sum(&after, name, with) - sum(&before, name, with);
    let list = r#"method="GET",route="/users",status="200""#;
    assert_eq!(grown("http_requests_total", list), 10.0);
    assert_eq!(grown("http_request_duration_seconds_count", list), 10.0);
    assert_eq!(
        grown("http_requests_total", r#"route="/users/{id}",status="400""#),
        1.0
    );
    assert_eq!(grown("http_requests_total", r#"status="500""#), 3.0);
    assert!(grown("cassandra_queries_total", "") >= 10.0);
    assert!(grown("cassandra_query_duration_seconds_count", "") >= 13.0);
    assert!(grown("cassandra_errors_total", r#"error_type="invalid""#) >= 3.0);
    assert_eq!(sum(&after, "app_connection_pools", ""), 1.0);
    let ratio = |series: &BTreeMap<String, f64>| sum(series, "http_error_ratio", "");
    assert!(ratio(&after) > 0.0 && ratio(&after) < 1.0, "{}", ratio(&after));

    let json = client
        .get_with("/metrics", &[("accept", "application/json")])
        .await
        .expect(200)
        .json();
    assert!(json["total_requests"].as_u64().unwrap() >= 15);
    assert!(json["error_rate"].as_f64().unwrap() > 0.0);
    assert!(json["avg_request_duration_ms"].as_f64().unwrap() > 0.0);
    let queries = client.get("/metrics/queries").await.expect(200).json();
    let total = queries["query_performance"]["total_queries"].as_u64().unwrap();
    assert!(
        total >= 13 && queries["error_summary"]["invalid"].as_u64() == Some(3),
        "{queries}"
    );
    let hosts = client.get("/monitoring/hosts").await.expect(200).json();
    assert_eq!(hosts["hosts"][0]["status"], "up");
    assert!(hosts["hosts"][0]["error"].is_null());
    assert_eq!(
        client.get("/monitoring/summary").await.expect(200).json()["up_hosts"],
        1
    );
    let limit = client.get("/rate_limit/status").await.expect(200).json();
    assert_eq!(
        (limit["limit"].as_u64(), limit["running"].as_u64()),
        (Some(100), Some(0))
    );
    app.done().await;
}

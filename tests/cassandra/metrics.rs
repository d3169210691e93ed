//! What the metrics say after some queries.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower_cassandra::prometheus::Exporter;
use tower_cassandra::{Batch, Statement};

use crate::support::Bed;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_numbers_are_those_of_the_queries() {
    let exporter = Exporter::new();
    let metrics = exporter.metrics();
    let Some(bed) = Bed::make_with("metrics", |builder| builder.metrics(metrics)).await else {
        return;
    };
    let session = &bed.session;
    // One text to make the keyspace, one for the table.
    bed.run("CREATE TABLE t (id int PRIMARY KEY, v int)").await;
    let insert = bed.prepare("INSERT INTO t (id, v) VALUES (?, ?)").await;
    for id in 0..7 {
        session.execute(insert.bind((id, id)).unwrap()).await.unwrap();
    }
    session.query("SELECT v FROM t WHERE id = ?", (1,)).await.unwrap();
    let batch = Batch::logged()
        .with(insert.bind((8, 8)).unwrap())
        .with(insert.bind((9, 9)).unwrap());
    session.execute(batch).await.unwrap();
    // Nine rows, four at a time: one first page and two further ones.
    let scan = Statement::new("SELECT id FROM t").page_size(4);
    assert_eq!(session.execute(scan).await.unwrap().page_count(), 3);
    session.execute("SELECT x FROM t").await.unwrap_err();
    session.execute("SELEKT").await.unwrap_err();
    session.prepare("SELECT x FROM t").await.unwrap_err();
    let gone = session.execute("SELECT id FROM t");
    drop(gone);
    let labelled = insert.bind((10, 10)).unwrap().label("signup");
    session.execute(labelled).await.unwrap();
    let mut pages = session.pages(Statement::new("SELECT id FROM t").page_size(4));
    pages.next().await.unwrap().unwrap();
    assert!(exporter.render().contains("cassandra_streams_open 1"));
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    // What is shown from time to time is shown once a second.
    let cached = r#"cassandra_prepared_cache_lookups_total{outcome="miss"} 3"#;
    let start = Instant::now();
    while !exporter.render().lines().any(|line| line == cached) {
        assert!(start.elapsed() < Duration::from_secs(20), "{}", exporter.render());
        sleep(Duration::from_millis(50)).await;
    }

    exporter.run_upkeep();
    let text = exporter.render();
    let queries = |class: &str, success: &str| {
        format!(r#"cassandra_queries_total{{query_type="{class}",success="{success}"}}"#)
    };
    let address = bed.cluster.node(0).address();
    let node = |name: &str, labels: &str| format!(r#"cassandra_{name}{{host="{address}"{labels}}}"#);
    for (series, expected) in [
        (queries("simple", "success"), 4),
        (queries("simple", "failure"), 2),
        (queries("prepared", "success"), 9),
        (queries("prepared", "failure"), 0),
        (queries("batch", "success"), 1),
        (queries("page", "success"), 4),
        (queries("prepare", "success"), 2),
        (queries("prepare", "failure"), 1),
        (r#"cassandra_errors_total{error_type="syntax"}"#.to_owned(), 1),
        (r#"cassandra_errors_total{error_type="invalid"}"#.to_owned(), 2),
        ("cassandra_requests_in_flight".to_owned(), 0),
        (node("attempts_total", r#",success="success""#), 18),
        (node("attempts_total", r#",success="failure""#), 2),
        (node("attempt_duration_seconds_count", ""), 20),
        (node("connection_healthy", ""), 1),
        (node("node_in_flight", ""), 0),
        (node("abandoned", ""), 0),
        (node("node_state", r#",state="healthy""#), 1),
        (node("node_state", r#",state="down""#), 0),
        ("cassandra_prepared_cache_entries".to_owned(), 2),
        ("cassandra_retry_budget_left".to_owned(), 50),
        ("cassandra_stream_pages_total".to_owned(), 3),
        ("cassandra_stream_rows_total".to_owned(), 10),
        ("cassandra_streams_open".to_owned(), 0),
        (
            r#"cassandra_statement_duration_seconds_count{statement="signup",success="success"}"#.to_owned(),
            1,
        ),
    ] {
        let line = format!("{series} {expected}");
        assert!(text.lines().any(|it| it == line), "no line {line}\n{text}");
    }
    assert!(!text.contains("cassandra_retries_total{"), "{text}");
    bed.done().await;
}

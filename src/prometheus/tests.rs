use std::time::Duration;

use tower::{Layer, ServiceExt, service_fn};
use tower_cassandra_layers::classify::classify_fn;
use tower_cassandra_layers::metrics::MetricsLayer;
use tower_cassandra_layers::{Advice, Applied, Call, Failure, Fault, Outcome};

use super::*;

async fn ask(metrics: &Metrics, result: Result<(), &'static str>) {
    let classifier = classify_fn(|result: Result<&(), &&'static str>| match result {
        Ok(()) => Outcome::Success,
        Err(label) => Outcome::Failure(Failure {
            applied: Applied::No,
            advice: Advice::Never,
            fault: Fault::Request,
            label,
        }),
    });
    let leaf = service_fn(move |_: Call<()>| async move {
        tokio::time::sleep(Duration::from_millis(40)).await;
        result
    });
    let service = MetricsLayer::new(metrics.clone(), classifier).layer(leaf);
    let _ = service.oneshot(Call::new(()).with_class("prepared")).await;
}

fn assert_line(text: &str, line: &str) {
    assert!(text.lines().any(|it| it == line), "no line {line}\n{text}");
}

#[tokio::test(start_paused = true)]
async fn the_rendered_names_are_these() {
    let exporter = Exporter::new();
    let metrics = exporter.metrics();
    let node = metrics.node("10.0.0.1:9042");
    node.set_healthy(true);
    node.attempt(Duration::from_micros(700), true);
    ask(&metrics, Ok(())).await;
    ask(&metrics, Ok(())).await;
    ask(&metrics, Err("unavailable")).await;
    let text = exporter.render();

    let labels = r#"query_type="prepared",success="success""#;
    for line in [
        format!("cassandra_queries_total{{{labels}}} 2"),
        format!(r#"cassandra_query_duration_seconds_bucket{{{labels},le="0.025"}} 0"#),
        format!(r#"cassandra_query_duration_seconds_bucket{{{labels},le="0.05"}} 2"#),
        format!(r#"cassandra_query_duration_seconds_bucket{{{labels},le="+Inf"}} 2"#),
        format!("cassandra_query_duration_seconds_sum{{{labels}}} 0.08"),
        format!("cassandra_query_duration_seconds_count{{{labels}}} 2"),
        r#"cassandra_queries_total{query_type="prepared",success="failure"} 1"#.to_owned(),
        r#"cassandra_errors_total{error_type="unavailable"} 1"#.to_owned(),
        r#"cassandra_connection_healthy{host="10.0.0.1:9042"} 1"#.to_owned(),
        r#"cassandra_attempt_duration_seconds_bucket{host="10.0.0.1:9042",le="0.001"} 1"#.to_owned(),
        "cassandra_requests_in_flight 0".to_owned(),
        "# TYPE cassandra_queries_total counter".to_owned(),
        "# TYPE cassandra_query_duration_seconds histogram".to_owned(),
        "# TYPE cassandra_connection_healthy gauge".to_owned(),
        "# HELP cassandra_requests_in_flight Queries under way now.".to_owned(),
    ] {
        assert_line(&text, &line);
    }
    for bound in BUCKETS {
        assert!(text.contains(&format!("le=\"{bound}\"")), "{bound}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_exporters_live_side_by_side() {
    let (ours, theirs) = (Exporter::new(), Exporter::default());
    ask(&ours.metrics(), Ok(())).await;
    let _ = theirs.metrics();
    let series = r#"cassandra_queries_total{query_type="prepared",success="success"}"#;
    assert_line(&ours.render(), &format!("{series} 1"));
    assert_line(&theirs.render(), &format!("{series} 0"));
}

#[test]
fn upkeep_keeps_what_was_recorded() {
    let exporter = Exporter::new();
    let node = exporter.metrics().node("h");
    for _ in 0..1_000 {
        node.attempt(Duration::from_secs(3), false);
        exporter.run_upkeep();
    }
    assert_line(
        &exporter.render(),
        r#"cassandra_attempt_duration_seconds_count{host="h"} 1000"#,
    );
}

#[test]
fn buckets_that_make_no_sense_are_refused() {
    for buckets in [
        &[][..],
        &[0.0],
        &[2.0, 1.0],
        &[1.0, 1.0],
        &[f64::NAN],
        &[1.0, f64::INFINITY],
    ] {
        let refused = Exporter::with_buckets(buckets).unwrap_err();
        assert_eq!(refused.option(), "prometheus.buckets", "{buckets:?}");
    }
    let exporter = Exporter::with_buckets(&[0.1, 3.0]).unwrap();
    exporter.metrics().node("h").attempt(Duration::from_secs(2), true);
    assert_line(
        &exporter.render(),
        r#"cassandra_attempt_duration_seconds_bucket{host="h",le="3"} 1"#,
    );
}

#[test]
fn series_of_a_node_that_is_forgotten_are_gone_and_nothing_else() {
    let exporter = Exporter::new();
    let (one, two) = (
        exporter.builder().client("one").build().unwrap(),
        exporter.builder().client("two").build().unwrap(),
    );
    for metrics in [&one, &two] {
        metrics
            .node("10.0.0.1:9042")
            .attempt(Duration::from_millis(1), true);
        metrics
            .node("10.0.0.2:9042")
            .attempt(Duration::from_millis(1), true);
    }
    let of = |client: &str, host: &str| {
        let labels = format!(r#"{{host="{host}",client="{client}"}} 1"#);
        format!("cassandra_attempt_duration_seconds_count{labels}")
    };
    let text = exporter.render();
    assert_line(&text, &of("one", "10.0.0.1:9042"));
    let heads = text.lines().filter(|line| line.starts_with("# TYPE")).count();

    exporter.shared.forget_node(Some("one"), "10.0.0.1:9042");
    let text = exporter.render();
    assert!(!text.contains(r#"host="10.0.0.1:9042",client="one""#), "{text}");
    assert!(
        !text.contains(r#"host="10.0.0.1:9042",success="success",client="one""#),
        "{text}"
    );
    assert_line(&text, &of("two", "10.0.0.1:9042"));
    assert_line(&text, &of("one", "10.0.0.2:9042"));
    // It comes back, and is counted anew.
    let again = exporter.builder().client("one").build().unwrap();
    again
        .node("10.0.0.1:9042")
        .attempt(Duration::from_millis(1), true);
    let text = exporter.render();
    assert_line(&text, &of("one", "10.0.0.1:9042"));
    assert_eq!(
        text.lines().filter(|line| line.starts_with("# TYPE")).count(),
        heads
    );
}

#[test]
fn every_metric_is_one_block_with_its_help() {
    let exporter = Exporter::new();
    let metrics = exporter.metrics();
    for host in ["a", "b", "c"] {
        metrics.node(host).attempt(Duration::from_millis(1), true);
    }
    let text = exporter.render();
    let mut seen = std::collections::BTreeSet::new();
    let mut current = "";
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(head) = line.strip_prefix("# TYPE ") {
            current = head.split(' ').next().unwrap();
            assert!(seen.insert(current), "{current} has two blocks");
            assert!(
                text.contains(&format!("# HELP {current} ")),
                "{current} has no help"
            );
        } else if !line.starts_with('#') {
            assert!(
                line.starts_with(current),
                "{line} stands in the block of {current}"
            );
        }
    }
}

#[test]
fn help_of_your_own_is_escaped() {
    let exporter = Exporter::new();
    let recorder = exporter.recorder();
    recorder.describe_counter("app.jobs".into(), None, "one\ntwo \\ three".into());
    let metadata = metrics::Metadata::new("app", metrics::Level::INFO, None);
    recorder
        .register_counter(&metrics::Key::from_name("app.jobs"), &metadata)
        .increment(3);
    let text = exporter.render();
    assert_line(&text, "# HELP app_jobs one\\ntwo \\\\ three");
    assert_line(&text, "app_jobs 3");
}

#[tokio::test]
async fn the_endpoint_is_a_service_as_well() {
    let exporter = Exporter::new();
    exporter.metrics().budget_exhausted();
    let text = exporter.service().oneshot("GET /metrics").await.unwrap();
    assert_line(&text, "cassandra_retry_budget_exhausted_total 1");
}

#[tokio::test(start_paused = true)]
async fn operations_have_the_buckets_that_open_telemetry_advises() {
    let exporter = Exporter::new();
    let metrics = exporter.builder().operation_durations(true).build().unwrap();
    ask(&metrics, Ok(())).await;
    let text = exporter.render();
    let bounds: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("db_client_operation_duration_seconds_bucket"))
        .filter_map(|line| line.split("le=\"").nth(1)?.split('"').next())
        .collect();
    assert_eq!(
        bounds,
        [
            "0.001", "0.005", "0.01", "0.05", "0.1", "0.5", "1", "5", "10", "+Inf"
        ]
    );
    // The unit is in the name, as OpenTelemetry's exporters have it.
    let labels = r#"{db_system_name="cassandra",db_operation_name="prepared"}"#;
    for line in [
        "# TYPE db_client_operation_duration_seconds histogram",
        "# HELP db_client_operation_duration_seconds Duration of database client operations.",
        &format!("db_client_operation_duration_seconds_count{labels} 1"),
        &format!("db_client_operation_duration_seconds_sum{labels} 0.04"),
    ] {
        assert_line(&text, line);
    }
    assert!(!text.contains("db_client_operation_duration_bucket"), "{text}");
}

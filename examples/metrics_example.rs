//! What a service shows of its database: statistics of its calls, errors by kind, the health of the nodes, and the text for Prometheus.
//!
//! ```sh
//! cargo run --release --example metrics_example
//! ```

mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use local_cassandra::LocalCluster;
use support::{Place, Result, check, result, run_on};
use tokio::time::{Instant, sleep};
use tower_cassandra::prometheus::Exporter;
use tower_cassandra::{ClusterBuilder, HealthCheck};

const WRITES: i32 = 2_000;

fn exporter() -> &'static Exporter {
    static EXPORTER: OnceLock<Exporter> = OnceLock::new();
    EXPORTER.get_or_init(Exporter::new)
}

#[tokio::main]
async fn main() -> ExitCode {
    let watched = |builder: ClusterBuilder| {
        builder
            .metrics(exporter().metrics())
            .health(HealthCheck::every(Duration::from_secs(1)))
    };
    run_on("metrics_example", LocalCluster::builder(), watched, work).await
}

async fn work(place: &Place) -> Result<()> {
    let session = &place.session;
    session
        .execute("CREATE TABLE orders (id int PRIMARY KEY, total double)")
        .await?;
    let insert = session
        .prepare("INSERT INTO orders (id, total) VALUES (?, ?)")
        .await?;
    place
        .write_all((0..WRITES).map(|id| insert.bind((id, f64::from(id)))))
        .await?;

    let select = session.prepare("SELECT total FROM orders WHERE id = ?").await?;
    let mut latencies = Vec::new();
    for id in 0..200 {
        let started = Instant::now();
        session.execute(select.bind((id,))?).await?;
        latencies.push(started.elapsed());
    }
    latencies.sort_unstable();
    println!("200 reads: p50 {:?}, p99 {:?}", latencies[100], latencies[198]);

    let mut errors: BTreeMap<&str, u32> = BTreeMap::new();
    for text in [
        "SELEKT",
        "SELECT x FROM orders",
        "SELECT id FROM nowhere",
        "SELECT id FROM orders WHERE",
    ] {
        if let Err(error) = session.execute(text).await {
            *errors.entry(error.kind().label()).or_default() += 1;
        }
    }
    println!("errors by kind: {errors:?}");
    check(
        errors == BTreeMap::from([("invalid", 2), ("syntax", 2)]),
        "other errors",
    )?;

    let started = Instant::now();
    while session.health().nodes.iter().any(|node| node.version.is_none()) {
        check(started.elapsed() < Duration::from_secs(20), "no node was probed")?;
        sleep(Duration::from_millis(50)).await;
    }
    let health = session.health();
    for node in &health.nodes {
        println!(
            "node {}: {}, version {}, probe {:?}, mean {:?}",
            node.address,
            node.state.label(),
            node.version.as_deref().unwrap_or("unknown"),
            node.probe_latency.unwrap_or_default(),
            node.mean_latency.unwrap_or_default()
        );
    }
    check(
        health.unhealthy == 0,
        format!("{} nodes are not healthy", health.unhealthy),
    )?;

    exporter().run_upkeep();
    let text = exporter().render();
    let series = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
    for name in [
        "cassandra_queries_total",
        "cassandra_query_duration_seconds",
        "cassandra_errors_total",
    ] {
        check(series(name) > 0, format!("{name} is missing"))?;
    }
    text.lines()
        .filter(|line| {
            line.starts_with("cassandra_queries_total") || line.starts_with("cassandra_errors_total")
        })
        .for_each(|line| println!("{line}"));
    result("writes", WRITES);
    result("errors", errors.values().sum::<u32>());
    result("nodes_healthy", health.healthy);
    result("prometheus_series", series("cassandra_"));
    Ok(())
}

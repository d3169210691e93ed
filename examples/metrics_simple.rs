//! The smallest use of metrics: some statements, one that fails, and the text for Prometheus.
//!
//! ```sh
//! cargo run --release --example metrics_simple
//! ```

mod support;

use std::process::ExitCode;
use std::sync::OnceLock;

use local_cassandra::LocalCluster;
use support::{Place, Result, check, result, run_on};
use tower_cassandra::ErrorKind;
use tower_cassandra::prometheus::Exporter;

fn exporter() -> &'static Exporter {
    static EXPORTER: OnceLock<Exporter> = OnceLock::new();
    EXPORTER.get_or_init(Exporter::new)
}

#[tokio::main]
async fn main() -> ExitCode {
    let metrics = |builder: tower_cassandra::ClusterBuilder| builder.metrics(exporter().metrics());
    run_on("metrics_simple", LocalCluster::builder(), metrics, work).await
}

async fn work(place: &Place) -> Result<()> {
    let session = &place.session;
    for _ in 0..20 {
        session
            .execute("SELECT release_version FROM system.local")
            .await?;
    }
    let failed = session.execute("SELECT nothing FROM nowhere").await;
    let kind = failed.err().map(|error| error.kind());
    check(kind == Some(ErrorKind::Invalid), format!("{kind:?}"))?;

    exporter().run_upkeep();
    let text = exporter().render();
    for line in text
        .lines()
        .filter(|line| line.starts_with("cassandra_queries_total"))
    {
        println!("{line}");
    }
    let count = |labels: &str| {
        let series = format!("cassandra_queries_total{{{labels}}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(series.as_str()));
        line.and_then(|count| count.parse::<u64>().ok()).unwrap_or(0)
    };
    let (good, bad) = (
        count(r#"query_type="simple",success="success""#),
        count(r#"query_type="simple",success="failure""#),
    );
    check(
        good >= 20 && bad == 1,
        format!("{good} succeeded and {bad} failed"),
    )?;
    result("queries_succeeded", good);
    result("queries_failed", bad);
    Ok(())
}

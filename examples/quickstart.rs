//! The main job: 10,000 rows written and read back through the whole stack, on a real node.
//!
//! What you will see: a node starting (or the cluster that `CASSANDRA_CONTACT_POINTS` names), progress, throughput, latencies,
//! retries, the health of the nodes, the first lines of the Prometheus text, and at the end `quickstart: ok`.
//!
//! ```sh
//! cargo run --release --example quickstart
//! ```

use std::process::ExitCode;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use local_cassandra::LocalCluster;
use tokio::time::Instant;
use tower_cassandra::prometheus::Exporter;
use tower_cassandra::{Applied, ClusterBuilder, Error, HealthCheck, RateLimit, RetryPolicy, Session};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const ROWS: i32 = 10_000;
const AT_A_TIME: usize = 256;
const KEYSPACE: &str = "tower_cassandra_quickstart";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => {
            println!("quickstart: ok");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("quickstart: failed: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let cluster = LocalCluster::builder().start().await?;
    let pids: Vec<u32> = cluster
        .nodes()
        .iter()
        .filter_map(local_cassandra::Node::pid)
        .collect();
    let worked = work(&cluster).await;
    // Also after a failure: nothing is left behind.
    cluster.stop().await;
    if let Some(pid) = pids
        .iter()
        .find(|pid| std::path::Path::new(&format!("/proc/{pid}")).exists())
    {
        return Err(format!("the node's process {pid} is still there").into());
    }
    worked
}

async fn work(cluster: &LocalCluster) -> Result<()> {
    let exporter = Exporter::new();
    let mut builder = ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .timeout(Duration::from_secs(10))
        .attempt_timeout(Duration::from_secs(3))
        .retry(RetryPolicy::default())
        .rate_limit(RateLimit::per_second(50_000).burst(5_000))
        .concurrency_limit(1_024)
        .metrics(exporter.metrics())
        .health(HealthCheck::every(Duration::from_secs(5)));
    if let Some((user, password)) = cluster.credentials() {
        builder = builder.credentials(user, password);
    }
    let session = builder.connect().await?;
    println!(
        "connected: {}",
        session
            .health()
            .nodes
            .iter()
            .map(|node| node.address.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    );

    session
        .execute(format!(
            "CREATE KEYSPACE IF NOT EXISTS {KEYSPACE} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}"
        ))
        .await?;
    let result = round_trip(&session).await;
    session.execute(format!("DROP KEYSPACE {KEYSPACE}")).await?;
    let figures = result?;

    println!("\nrows read and right: {}", figures.read);
    figures.written.print("writes");
    figures.reads.print("reads");
    println!("attempts beyond the first: {}", figures.retries);
    for node in session.health().nodes {
        println!(
            "node {}: {}, connected {}, version {}, in flight {}, abandoned {}, mean latency {:?}",
            node.address,
            node.state.label(),
            node.connected,
            node.version.as_deref().unwrap_or("not yet probed"),
            node.in_flight,
            node.abandoned,
            node.mean_latency.unwrap_or_default()
        );
    }
    println!("\nPrometheus, the first lines:");
    exporter.run_upkeep();
    for line in exporter
        .render()
        .lines()
        .filter(|line| !line.starts_with("# HELP"))
        .take(12)
    {
        println!("  {line}");
    }
    println!();
    session.close(Duration::from_secs(10)).await?;
    match session.execute("SELECT key FROM system.local").await {
        Err(error) if error.applied() == Applied::No => Ok(()),
        _ => Err("a closed session must refuse".into()),
    }
}

struct Figures {
    read: usize,
    retries: u32,
    written: Phase,
    reads: Phase,
}

async fn round_trip(session: &Session) -> Result<Figures> {
    session
        .execute(format!(
            "CREATE TABLE IF NOT EXISTS {KEYSPACE}.users (id int PRIMARY KEY, name text, score double)"
        ))
        .await?;
    let insert = session
        .prepare(format!(
            "INSERT INTO {KEYSPACE}.users (id, name, score) VALUES (?, ?, ?)"
        ))
        .await?;
    let select = session
        .prepare(format!("SELECT name, score FROM {KEYSPACE}.users WHERE id = ?"))
        .await?;

    let (written, write_attempts) = phase("written", |id| {
        let statement = insert.bind((id, format!("user {id}"), f64::from(id) / 2.0));
        async move {
            // Writing the same values twice is as good as once: a repeated attempt does no harm.
            let response = session.execute(statement?.idempotent(true)).await?;
            Ok(response.attempts())
        }
    })
    .await?;
    let (reads, read_attempts) = phase("read", |id| {
        let statement = select.bind((id,));
        async move {
            let response = session.execute(statement?).await?;
            let row: Option<(String, f64)> = response.maybe_first_row()?;
            if row != Some((format!("user {id}"), f64::from(id) / 2.0)) {
                return Err(format!("wrong data for row {id}: {row:?}").into());
            }
            Ok(response.attempts())
        }
    })
    .await?;
    // All rows once more, page by page.
    let all = session
        .execute(format!("SELECT id FROM {KEYSPACE}.users"))
        .await?;
    let mut ids: Vec<i32> = all.rows::<(i32,)>()?.into_iter().map(|(id,)| id).collect();
    ids.sort_unstable();
    if !ids.into_iter().eq(0..ROWS) {
        return Err("the full scan does not hold every row once".into());
    }
    println!("scanned {ROWS} rows in {} pages", all.page_count());
    let retries = write_attempts + read_attempts - 2 * ROWS.unsigned_abs();
    Ok(Figures {
        read: all.len(),
        retries,
        written,
        reads,
    })
}

/// One pass over all rows.
struct Phase {
    took: Duration,
    latencies: Vec<Duration>,
}

impl Phase {
    fn print(&self, name: &str) {
        let at = |percent: usize| self.latencies[(self.latencies.len() - 1) * percent / 1_000];
        println!(
            "{name}: {:.0} per second, p50 {:?}, p95 {:?}, p99 {:?}, p99.9 {:?}",
            f64::from(ROWS) / self.took.as_secs_f64(),
            at(500),
            at(950),
            at(990),
            at(999)
        );
    }
}

/// Runs one operation per row, some at a time; gives the figures and the attempts of all.
async fn phase<F, Fut>(verb: &str, operation: F) -> Result<(Phase, u32)>
where
    F: Fn(i32) -> Fut,
    Fut: Future<Output = Result<u32>>,
{
    let started = Instant::now();
    let mut operations = stream::iter(0..ROWS)
        .map(|id| {
            let operation = operation(id);
            async move {
                let started = Instant::now();
                operation.await.map(|attempts| (started.elapsed(), attempts))
            }
        })
        .buffer_unordered(AT_A_TIME);
    let (mut latencies, mut attempts) = (Vec::with_capacity(ROWS.unsigned_abs() as usize), 0);
    while let Some((latency, used)) = operations.try_next().await? {
        latencies.push(latency);
        attempts += used;
        if latencies.len() % 2_000 == 0 {
            println!("{verb}: {} of {ROWS}", latencies.len());
        }
    }
    latencies.sort_unstable();
    Ok((
        Phase {
            took: started.elapsed(),
            latencies,
        },
        attempts,
    ))
}

// Errors of the library pass through `?` as they are.
const _: fn(Error) -> Box<dyn std::error::Error + Send + Sync> = |error| error.into();

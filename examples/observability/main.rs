//! Which node, which statement and which layer is the trouble: three nodes under load, of which one is frozen for some seconds, and what the client tells of it.
//!
//!     cargo run --release --example observability
//!
//! Prints the report of the collector in memory, the text that a Prometheus would scrape, and the trace of the slowest request as a tree. With `SERVE_FOR=60` it serves
//! that text at 127.0.0.1:9184 for so many seconds, under load, with a node frozen now and then: `examples/monitoring/check.sh` has a real Prometheus scrape it.

#[path = "../support/mod.rs"]
mod support;
mod tree;

use std::process::ExitCode;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::future::join_all;
use local_cassandra::LocalCluster;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tower_cassandra::observe::{MemoryCollector, SlowLog};
use tower_cassandra::prometheus::{CONTENT_TYPE, Exporter};
use tower_cassandra::{ClusterBuilder, ConcurrencyLimit, ErrorKind, Prepared, RateLimit, Session, Statement};
use tracing_subscriber::layer::SubscriberExt;

use support::{Place, Result, check, result};
use tree::Slowest;

static EXPORTER: LazyLock<Exporter> = LazyLock::new(Exporter::new);
static MEMORY: LazyLock<Arc<MemoryCollector>> = LazyLock::new(Arc::default);

fn observed(builder: ClusterBuilder) -> ClusterBuilder {
    builder
        .metrics(EXPORTER.metrics())
        .collector(MEMORY.clone())
        .slow_log(SlowLog::above(Duration::from_millis(500)))
        .attempt_timeout(Duration::from_millis(300))
        .timeout(Duration::from_secs(2))
        // Less than the load of this example wants, so that queues and refusals are seen.
        .concurrency_limit(ConcurrencyLimit::new(24).queue(24))
        .rate_limit(RateLimit::per_second(20_000))
}

struct Load<'a> {
    session: &'a Session,
    insert: Prepared,
    select: Prepared,
}

impl Load<'_> {
    /// Requests, 8 at a time, until then; once in a while more of them than the limits let through, and one that makes no sense.
    async fn run(&self, until: Instant) -> u64 {
        let mut sent = 0;
        while Instant::now() < until {
            let crowd = if sent % 100 < 8 { 64 } else { 8 };
            let calls = (0..crowd).map(|n| self.one(sent as i32 + n));
            let refused = join_all(calls).await;
            sent += refused.len() as u64;
            if sent % 200 < 8 {
                let nonsense = self.session.execute("SELECT nothing FROM nowhere").await;
                debug_assert!(nonsense.is_err());
            }
            sleep(Duration::from_millis(2)).await;
        }
        let mut pages = self
            .session
            .pages(Statement::new("SELECT id FROM visits").page_size(500));
        while let Some(Ok(_)) = pages.next().await {}
        sent
    }

    /// Its error is what this example is about, and nothing to stop for.
    async fn one(&self, n: i32) -> Option<ErrorKind> {
        let statement = match n % 4 {
            0 => self.insert.bind((n % 1_000, "seen")).ok()?.label("note visit"),
            1 => self
                .insert
                .bind((n % 1_000, "seen"))
                .ok()?
                .idempotent(true)
                .label("note visit again"),
            _ => self.select.bind((n % 1_000,)).ok()?.label("read visit"),
        };
        self.session
            .execute(statement)
            .await
            .err()
            .map(|error| error.kind())
    }
}

async fn work(place: &Place) -> Result<()> {
    let session = &place.session;
    session
        .execute("CREATE TABLE visits (id int PRIMARY KEY, note text)")
        .await?;
    let load = Load {
        session,
        insert: session
            .prepare("INSERT INTO visits (id, note) VALUES (?, ?)")
            .await?,
        select: session.prepare("SELECT note FROM visits WHERE id = ?").await?,
    };
    let seconds = std::env::var("SERVE_FOR").ok().and_then(|it| it.parse().ok());
    if seconds.is_some() {
        let listener = TcpListener::bind("127.0.0.1:9184").await?;
        println!("serving metrics at http://{}/metrics", listener.local_addr()?);
        tokio::spawn(serve(listener));
    }
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(8));
    let frozen = place.cluster.node(1);
    let freezing = async {
        while Instant::now() + Duration::from_secs(4) < end {
            sleep(Duration::from_secs(2)).await;
            frozen.freeze()?;
            sleep(Duration::from_secs(3)).await;
            frozen.resume()?;
            sleep(Duration::from_secs(3)).await;
        }
        Result::Ok(())
    };
    let (sent, froze) = tokio::join!(load.run(end), freezing);
    // Awake in any case, or the cluster could not end in good order.
    let _ = frozen.resume();
    froze?;
    result("requests", sent);
    let report = MEMORY.statistics();
    check(report.query_performance.total_queries > 100, "there was no load")?;
    let states = session.health().nodes.len();
    check(states == 3, format!("{states} nodes instead of three"))
}

/// Answers every request with the metrics, one connection at a time.
async fn serve(listener: TcpListener) {
    while let Ok((mut peer, _)) = listener.accept().await {
        let mut request = [0; 4_096];
        let _ = peer.read(&mut request).await;
        let text = EXPORTER.render();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            text.len()
        );
        let _ = peer.write_all(head.as_bytes()).await;
        let _ = peer.write_all(text.as_bytes()).await;
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let slowest = Slowest::default();
    let subscriber = tracing_subscriber::registry().with(slowest.clone());
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        eprintln!("there is a subscriber already");
        return ExitCode::FAILURE;
    }
    let code = support::run_on("observability", LocalCluster::builder().nodes(3), observed, work).await;
    println!("\n== The collector in memory\n{}", MEMORY.statistics());
    println!("== The endpoint\n{}", EXPORTER.render());
    println!("== The slowest request\n{}", slowest.show());
    code
}

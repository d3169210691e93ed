//! The live status page of a session: three real nodes under a little load, and a page in your browser that shows them. Press Enter to freeze a node, and again to let it go on.
//!
//! ```sh
//! cargo run --release --example status_page
//! cargo run --release --example status_page -- --check
//! ```
//!
//! What you will see: an address to open, and on the page the frozen node turning red, with the reason, within seconds. `--port NUMBER` serves it there (default 8177; 0 takes any).
//! `q` and Enter end it, and so does the end of the input. With `--check` the example looks at its own page over HTTP, with a node frozen for some seconds.

mod check;
#[path = "../support/mod.rs"]
mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use local_cassandra::LocalCluster;
use support::{Place, Result, result};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tower_cassandra::observe::SlowLog;
use tower_cassandra::status_page::StatusPage;
use tower_cassandra::{ClusterBuilder, ConcurrencyLimit, Hedge, Prepared, RateLimit, Session};

/// Where the page is mounted.
const PATH: &str = "/internal/status";
/// The node that suffers.
const VICTIM: usize = 1;
const PER_SECOND: u32 = 200;

fn observed(builder: ClusterBuilder) -> ClusterBuilder {
    builder
        .slow_log(SlowLog::above(Duration::from_millis(100)))
        .concurrency_limit(ConcurrencyLimit::new(256).queue(256))
        .rate_limit(RateLimit::per_second(5_000))
        .hedge(Hedge::default())
}

struct Options {
    port: u16,
    check: bool,
}

fn options() -> Result<Options> {
    let mut options = Options {
        port: 8177,
        check: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--check" => (options.check, options.port) = (true, 0),
            "--port" => {
                let port = arguments.next().ok_or("--port needs a number")?;
                options.port = port.parse().map_err(|_| format!("{port} is no port"))?;
            }
            other => return Err(format!("{other} is not known; there are --port NUMBER and --check").into()),
        }
    }
    Ok(options)
}

async fn work(place: &Place, options: &Options) -> Result<()> {
    let load = Load::prepare(&place.session).await?;
    let mut background = JoinSet::new();
    background.spawn(load.run());

    let page = StatusPage::titled(place.session.clone(), "status page example");
    let app = Router::new()
        .route("/", get(|| async { Redirect::to(PATH) }))
        .nest_service(PATH, page.clone());
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port))).await?;
    let address = listener.local_addr()?;
    println!("status page: http://{address}{PATH}/");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(
        axum::serve(listener, app)
            .with_graceful_shutdown(async move {
                let _ = stopped.await;
                // Otherwise it would wait for the streams of all viewers.
                page.close();
            })
            .into_future(),
    );
    let outcome = if options.check {
        check::run(place, address).await
    } else {
        serve_until_told(place).await
    };
    // Awake in any case, or the cluster could not end in good order.
    let _ = place.cluster.node(VICTIM).resume();
    let _ = stop.send(());
    server.await??;
    background.shutdown().await;
    outcome
}

/// Freezes and resumes a node at each line, until `q` or the end.
async fn serve_until_told(place: &Place) -> Result<()> {
    let victim = place.cluster.node(VICTIM);
    println!(
        "Enter freezes {} and lets it go on again; q and Enter end this",
        victim.address()
    );
    let mut lines = BufReader::new(stdin()).lines();
    let mut is_frozen = false;
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line?,
            _ = tokio::signal::ctrl_c() => None,
        };
        match line.as_deref().map(str::trim) {
            None | Some("q") => return Ok(()),
            Some(_) if is_frozen => victim.resume()?,
            Some(_) => victim.freeze()?,
        }
        is_frozen = !is_frozen;
        println!(
            "{} {}",
            victim.address(),
            if is_frozen { "is frozen" } else { "goes on" }
        );
    }
}

/// A little of everything, so that there is something to see.
struct Load {
    session: Session,
    insert: Prepared,
    select: Prepared,
}

impl Load {
    async fn prepare(session: &Session) -> Result<Self> {
        session
            .execute("CREATE TABLE visits (id int PRIMARY KEY, note text)")
            .await?;
        Ok(Self {
            insert: session
                .prepare("INSERT INTO visits (id, note) VALUES (?, ?)")
                .await?,
            select: session.prepare("SELECT note FROM visits WHERE id = ?").await?,
            session: session.clone(),
        })
    }

    /// What is under way is bounded by the limit of the session and by the queue before it.
    async fn run(self) {
        let mut ticks = interval(Duration::from_secs(1) / PER_SECOND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut calls = JoinSet::new();
        for number in 0_i32.. {
            ticks.tick().await;
            while calls.try_join_next().is_some() {}
            let id = number % 1_000;
            let statement = match number % 3 {
                0 => self
                    .insert
                    .bind((id, "seen"))
                    .map(|it| it.idempotent(true).label("note visit")),
                _ => self.select.bind((id,)).map(|it| it.label("read visit")),
            };
            let session = self.session.clone();
            calls.spawn(async move {
                // Its error is on the page.
                let _ = session.execute(statement?).await;
                Ok::<_, tower_cassandra::Error>(())
            });
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("status_page: {error}");
            return ExitCode::FAILURE;
        }
    };
    let nodes = LocalCluster::builder().nodes(3);
    support::run_on("status_page", nodes, observed, async |place: &Place| {
        if options.check {
            result("nodes", place.cluster.nodes().len());
        }
        work(place, &options).await
    })
    .await
}

//! A gRPC service of users on a real node.
//!
//! What you will see: a node starting (or the cluster that `CASSANDRA_CONTACT_POINTS` names), the address of the server, and the log. Ctrl-C ends it: calls under
//! way finish, then the session is closed, and the last line says how that went.
//!
//! ```sh
//! cargo run --release -p tonic-users
//! ```
//!
//! `BIND` is the address (`127.0.0.1:50051`), `KEYSPACE` the keyspace (`example`), which is made and stays, `MAX_CONNECTIONS` how many clients may be connected at a time
//! (`1024`).

use std::process::ExitCode;
use std::time::Duration;

use local_cassandra::LocalCluster;
use tokio::net::TcpListener;
use tonic_users::Limits;
use tower_cassandra::tonic::Shutdown;
use tower_cassandra::{ClusterBuilder, ConcurrencyLimit};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tonic-users: failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| default.to_owned())
}

fn limits() -> Result<Limits> {
    let mut limits = Limits::default();
    let connections = setting("MAX_CONNECTIONS", &limits.connections.to_string());
    limits.connections = match connections.parse() {
        Ok(connections @ 1..=100_000) => connections,
        _ => return Err("MAX_CONNECTIONS: expected a number from 1 to 100,000".into()),
    };
    Ok(limits)
}

async fn run() -> Result<()> {
    let limits = limits()?;
    let listener = TcpListener::bind(setting("BIND", "127.0.0.1:50051")).await?;
    let builder = ClusterBuilder::new().concurrency_limit(ConcurrencyLimit::new(1_000));
    // A cluster that is named may come up later than this; one of our own is started before.
    let (builder, local) = if std::env::var_os("CASSANDRA_CONTACT_POINTS").is_some() {
        let points = setting("CASSANDRA_CONTACT_POINTS", "127.0.0.1");
        let port = setting("CASSANDRA_PORT", "9042").parse()?;
        let builder = builder
            .contact_points(points.split(',').map(str::trim))
            .port(port);
        match (
            std::env::var("CASSANDRA_USERNAME"),
            std::env::var("CASSANDRA_PASSWORD"),
        ) {
            (Ok(user), Ok(password)) => (builder.credentials(user, password), None),
            _ => (builder, None),
        }
    } else {
        let cluster = LocalCluster::builder().start().await?;
        (builder.contact_points(cluster.contact_points()), Some(cluster))
    };
    let session = builder.connect_lazy()?;
    let shutdown = Shutdown::new(session.clone(), Duration::from_secs(30));
    println!("listening on {}", listener.local_addr()?);
    let served = tonic_users::serve(
        listener,
        session,
        &setting("KEYSPACE", "example"),
        &shutdown,
        limits,
    )
    .await;
    if let Some(cluster) = local {
        cluster.stop().await;
    }
    println!("{}", served?);
    Ok(())
}

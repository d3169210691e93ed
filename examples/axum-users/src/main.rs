//! Starts the application, with a node of its own where the environment names none.

use std::process::ExitCode;

use axum_users::{Application, Settings};
use local_cassandra::LocalCluster;
use tracing::{error, info};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Lines of JSON on standard error. `RUST_LOG` chooses: `info`, `debug`, `axum_users=debug,tower_cassandra=info`.
fn log() -> Result<(), AnyError> {
    let wanted = std::env::var("RUST_LOG").unwrap_or_else(|_| "info,scylla=warn".to_owned());
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .with_writer(std::io::stderr);
    let targets = wanted.parse::<Targets>()?;
    tracing_subscriber::registry()
        .with(targets)
        .with(lines)
        .try_init()?;
    Ok(())
}

async fn run() -> Result<(), AnyError> {
    log()?;
    let mut settings = Settings::from_env()?;
    if std::env::args().any(|argument| argument == "--bare") {
        let mut address = settings.listen;
        address.set_port(address.port().saturating_add(1));
        settings.bare = Some(address);
    }
    let mut node = None;
    if settings.contact_points.is_empty() {
        let cluster = LocalCluster::builder().start().await?;
        settings.contact_points = cluster.contact_points();
        node = Some(cluster);
    }
    let application = Application::bind(settings).await?;
    println!("axum-users listens at http://{}", application.address()?);
    let report = application.run().await?;
    info!(%report, "ended");
    if let Some(node) = node {
        node.stop().await;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            error!(%problem, "failed");
            eprintln!("axum-users: {problem}");
            let mut cause = problem.source();
            while let Some(problem) = cause {
                eprintln!("  because: {problem}");
                cause = problem.source();
            }
            ExitCode::FAILURE
        }
    }
}

//! Starts a cluster to play with. `local-cassandra --help` tells how.

mod args;

use std::error::Error as _;
use std::process::ExitCode;

use local_cassandra::{Builder, Error, LocalCluster};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Command;

#[tokio::main]
async fn main() -> ExitCode {
    let builder = match args::parse(std::env::args().skip(1)) {
        Ok(Command::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Command::Start(builder)) => *builder,
        Err(problem) => {
            eprintln!("local-cassandra: {problem}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    match run(builder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local-cassandra: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(builder: Builder) -> Result<(), Error> {
    // From the start on, so that nothing interrupts between a start and its end.
    let interrupted = interrupted();
    tokio::pin!(interrupted);
    let cluster = tokio::select! {
        // Dropping the start ends what it has started.
        () = &mut interrupted => return Ok(()),
        cluster = builder.start() => cluster?,
    };
    describe(&cluster);
    interrupted.await;
    cluster.stop().await;
    Ok(())
}

async fn interrupted() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

fn describe(cluster: &LocalCluster) {
    let points = cluster.contact_points().join(",");
    println!("contact points: {points}");
    for node in cluster.nodes() {
        if let (Some(pid), Some(log)) = (node.pid(), node.log_path()) {
            println!("  {}  process {pid}  log {}", node.address(), log.display());
        }
    }
    let mut login = String::new();
    if let Some((user, password)) = cluster.credentials() {
        println!("log in as {user} with password {password}");
        login = format!(" CASSANDRA_USERNAME={user} CASSANDRA_PASSWORD={password}");
    }
    if let Some(certificate) = cluster.certificate_pem_path() {
        println!("certificate to trust: {}", certificate.display());
    }
    println!("to run the tests against it: CASSANDRA_CONTACT_POINTS={points}{login} cargo test");
    println!("Ctrl-C ends it");
}

//! One of three nodes is frozen for 20 s, then killed and restarted, under a steady load. What does a caller notice?
//!
//! What you will see: three real nodes starting, a warm-up of 60 s (a fresh JVM is slow), a line each second, and at the end a table
//! per phase. With the stack nothing fails and hardly anything is slow; with `--bare` you see the same with the plain driver.
//!
//! ```sh
//! cargo run --release --example failover
//! cargo run --release --example failover -- --bare
//! ```
//!
//! `--warm-up SECONDS` changes the warm-up. Latency counts from the moment a request was meant to be sent (open loop).

mod client;
mod report;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use client::Client;
use local_cassandra::{Jit, LocalCluster};
use report::{Phase, Report};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const PER_SECOND: u32 = 300;
/// The node that suffers.
const VICTIM: usize = 1;

struct Options {
    bare: bool,
    warm_up: Duration,
}

fn options() -> Result<Options> {
    let mut options = Options {
        bare: false,
        warm_up: Duration::from_secs(60),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bare" => options.bare = true,
            "--warm-up" => {
                let seconds = arguments.next().ok_or("--warm-up needs a number of seconds")?;
                options.warm_up = Duration::from_secs(seconds.parse()?);
            }
            other => {
                return Err(format!("unknown option {other}: there are --bare and --warm-up SECONDS").into());
            }
        }
    }
    Ok(options)
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(0) => {
            println!("failover: ok");
            ExitCode::SUCCESS
        }
        Ok(failed) => {
            eprintln!("failover: {failed} requests failed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("failover: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<u64> {
    let options = options()?;
    // The full compiler: with the quick one the warm nodes stay slow, and the figures say nothing.
    let cluster = LocalCluster::builder().nodes(3).jit(Jit::Full).start().await?;
    let result = drill(&cluster, &options).await;
    cluster.stop().await;
    result
}

async fn drill(cluster: &LocalCluster, options: &Options) -> Result<u64> {
    if cluster.is_external() {
        return Err("this drill freezes and kills nodes: unset CASSANDRA_CONTACT_POINTS".into());
    }
    let client = Arc::new(Client::connect(cluster, options.bare).await?);
    println!(
        "client: {}; {PER_SECOND} requests per second, half writes, half reads, at LOCAL_QUORUM",
        client.name()
    );
    let report = Arc::new(Report::new());
    let load = tokio::spawn(offer(Arc::clone(&client), Arc::clone(&report)));
    let lines = tokio::spawn(print_lines(Arc::clone(&client), Arc::clone(&report)));

    let victim = cluster.node(VICTIM);
    report.enter(Phase::WarmUp);
    tokio::time::sleep(options.warm_up).await;
    report.enter(Phase::Healthy);
    seconds(15).await;
    report.enter(Phase::Frozen);
    victim.freeze()?;
    seconds(20).await;
    report.enter(Phase::Resumed);
    victim.resume()?;
    seconds(20).await;
    report.enter(Phase::Killed);
    victim.kill().await?;
    seconds(10).await;
    report.enter(Phase::Restarted);
    victim.restart().await?;
    seconds(20).await;
    report.stop();

    load.await??;
    lines.abort();
    report.print(client.name());
    client.close().await?;
    Ok(report.failed())
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// Sends at the intended times, however long the answers take. What is under way is bounded: beyond that the drill has failed.
async fn offer(client: Arc<Client>, report: Arc<Report>) -> Result<()> {
    const AT_MOST: usize = 20_000;
    let mut ticks = interval(Duration::from_secs(1) / PER_SECOND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut requests = tokio::task::JoinSet::new();
    let mut number = 0_i32;
    while !report.is_stopped() {
        let intended = ticks.tick().await;
        while requests.try_join_next().is_some() {}
        if requests.len() >= AT_MOST {
            return Err(format!("{AT_MOST} requests are waiting: the cluster does not keep up").into());
        }
        let (client, report, phase) = (Arc::clone(&client), Arc::clone(&report), report.phase());
        number = number.wrapping_add(1);
        requests.spawn(async move {
            let result = client.request(number).await;
            report.record(phase, intended.elapsed(), result);
        });
    }
    while requests.join_next().await.is_some() {}
    Ok(())
}

async fn print_lines(client: Arc<Client>, report: Arc<Report>) {
    let second = Duration::from_secs(1);
    let mut ticks = interval_at(Instant::now() + second, second);
    loop {
        ticks.tick().await;
        report.print_second(&client.nodes());
    }
}

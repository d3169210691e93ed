//! How fast: rows of a stream beside the driver's own pager, a scan beside a stream, many inserts beside a loop over the bare driver. Each pair is measured in turns
//! in one run, since a ratio says more than a number of one machine.
//!
//! ```sh
//! cargo run --release --example stream_speed                  # one node: streams and inserts
//! cargo run --release --example stream_speed -- --nodes 3     # the scan
//! ```
//!
//! `--rows N` (200,000) and `--rounds N` (5) change the size. The nodes need a minute of warm-up, which is a part of the run.

#[path = "../support/mod.rs"]
mod support;

mod bare;
mod inserts;
mod meter;
mod reads;

use std::process::ExitCode;
use std::time::Duration;

use local_cassandra::{Jit, LocalCluster};
use support::{Place, Result, run_on};
use tower_cassandra::ClusterBuilder;

const PAGE: u32 = 5_000;

struct Options {
    nodes: usize,
    rows: i32,
    rounds: usize,
}

fn options() -> Result<Options> {
    let mut options = Options {
        nodes: 1,
        rows: 200_000,
        rounds: 5,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let number = arguments
            .next()
            .ok_or_else(|| format!("{argument} needs a number"))?;
        match argument.as_str() {
            "--nodes" => options.nodes = number.parse()?,
            "--rows" => options.rows = number.parse()?,
            "--rounds" => options.rounds = number.parse()?,
            other => {
                return Err(format!("unknown option {other}: there are --nodes, --rows and --rounds").into());
            }
        }
    }
    Ok(options)
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("stream_speed: {error}");
            return ExitCode::FAILURE;
        }
    };
    // On a busy machine a node must not give up what a measurement waits for.
    let nodes = LocalCluster::builder()
        .nodes(options.nodes)
        .jit(Jit::Full)
        .yaml("write_request_timeout", "30s")
        .yaml("read_request_timeout", "30s")
        .yaml("range_request_timeout", "30s");
    let patient: fn(ClusterBuilder) -> ClusterBuilder = |builder| {
        let limit = Duration::from_secs(30);
        builder.timeout(limit).attempt_timeout(limit)
    };
    run_on("stream_speed", nodes, patient, async |place: &Place| {
        work(place, &options).await
    })
    .await
}

async fn work(place: &Place, options: &Options) -> Result<()> {
    println!("{} cores", std::thread::available_parallelism()?);
    let driver = bare::connect(place).await?;
    place
        .session
        .execute("CREATE TABLE items (id int PRIMARY KEY, v text)")
        .await?;
    inserts::measure(place, &driver, options).await?;
    reads::measure(place, &driver, options).await
}

fn value(id: i32) -> String {
    format!("{id:0100}")
}

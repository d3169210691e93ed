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

use std::process::ExitCode;
use std::time::Duration;

use local_cassandra::{Jit, LocalCluster};
use support::{Place, Result, check, result, run_on};
use tokio::time::Instant;
use tower_cassandra::scylla::client::session::Session as Driver;
use tower_cassandra::{Prepared, StreamOptions};

const CONCURRENCY: usize = 256;
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
    let nodes = LocalCluster::builder().nodes(options.nodes).jit(Jit::Full);
    run_on(
        "stream_speed",
        nodes,
        |builder| builder,
        async |place: &Place| work(place, &options).await,
    )
    .await
}

async fn work(place: &Place, options: &Options) -> Result<()> {
    println!("{} cores", std::thread::available_parallelism()?);
    let driver = bare::connect(place).await?;
    place
        .session
        .execute("CREATE TABLE items (id int PRIMARY KEY, v text)")
        .await?;
    inserts(place, &driver, options).await?;
    streams(place, &driver, options).await?;
    driver_gone(driver);
    Ok(())
}

/// The bare driver's session ends here and not before the measurements.
fn driver_gone(driver: Driver) {
    drop(driver);
}

fn value(id: i32) -> String {
    format!("{id:0100}")
}

fn per_second(rows: i32, took: Duration) -> f64 {
    f64::from(rows) / took.as_secs_f64()
}

/// The one in the middle.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

fn show(name: &str, ours: &[f64], theirs: &[f64], beside: &str) {
    let ratios: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| ours / theirs)
        .collect();
    let shown: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    println!(
        "{name}: {:.0}/s, {beside} {:.0}/s, ratios {}",
        median(ours.to_vec()),
        median(theirs.to_vec()),
        shown.join(" ")
    );
    result(&format!("{name}_ratio"), format!("{:.2}", median(ratios)));
}

async fn inserts(place: &Place, driver: &Driver, options: &Options) -> Result<()> {
    let text = format!("INSERT INTO {}.items (id, v) VALUES (?, ?)", place.keyspace);
    let ours = place.session.prepare(&text).await?;
    let theirs = bare::prepare(driver, &text).await?;
    let (mut many, mut loops) = (Vec::new(), Vec::new());
    // The first round is warm-up.
    for round in 0..=options.rounds {
        let started = Instant::now();
        let rows = (0..options.rows).map(|id| ours.bind((id, value(id))));
        let done = place
            .session
            .execute_many(rows)
            .concurrency(CONCURRENCY)
            .run()
            .await?;
        check(
            done.succeeded == u64::from(options.rows.unsigned_abs()),
            "rows are missing",
        )?;
        let one = per_second(options.rows, started.elapsed());
        let started = Instant::now();
        bare::insert_all(driver, &theirs, options.rows, CONCURRENCY).await?;
        let other = per_second(options.rows, started.elapsed());
        println!("  inserts, round {round}: {one:.0}/s, bare {other:.0}/s");
        if round > 0 {
            many.push(one);
            loops.push(other);
        }
    }
    show("execute_many", &many, &loops, "a loop over the bare driver");
    Ok(())
}

async fn streams(place: &Place, driver: &Driver, options: &Options) -> Result<()> {
    let text = format!("SELECT id, v FROM {}.items", place.keyspace);
    let ours = place.session.prepare(&text).await?;
    let theirs = bare::prepare(driver, &text).await?;
    let mut rates = [const { Vec::new() }; 4];
    for round in 0..=options.rounds + 1 {
        let measured = [
            stream(place, &ours, 1, options.rows).await?,
            bare::page_through(driver, &theirs, PAGE, options.rows).await?,
            stream(place, &ours, 0, options.rows).await?,
            scan(place, options.rows).await?,
        ];
        let [ahead, bare, plain, scan] = measured;
        println!(
            "  rows, round {round}: prefetch(1) {ahead:.0}/s, bare {bare:.0}/s, prefetch(0) {plain:.0}/s, scan {scan:.0}/s"
        );
        // Two rounds of warm-up.
        if round > 1 {
            rates
                .iter_mut()
                .zip(measured)
                .for_each(|(rates, rate)| rates.push(rate));
        }
    }
    let [ahead, bare, plain, scan] = rates;
    show("stream_prefetch_1", &ahead, &bare, "the driver's pager");
    show("stream_prefetch_0", &plain, &bare, "the driver's pager");
    show("scan", &scan, &ahead, "one stream with prefetch(1)");
    Ok(())
}

async fn stream(place: &Place, all: &Prepared, prefetch: u8, rows: i32) -> Result<f64> {
    let started = Instant::now();
    let options = StreamOptions::new().page_size(PAGE).prefetch(prefetch);
    let mut stream = place.session.stream_with::<(i32, String)>(all.bind(())?, options);
    let mut seen = 0;
    while let Some(row) = stream.next().await {
        std::hint::black_box(row?);
        seen += 1;
    }
    check(seen == rows, format!("{seen} rows"))?;
    Ok(per_second(rows, started.elapsed()))
}

async fn scan(place: &Place, rows: i32) -> Result<f64> {
    let started = Instant::now();
    let scan = place
        .session
        .scan_table::<(i32, String)>("items")
        .columns(["id", "v"]);
    let mut scan = scan.page_size(PAGE).ranges(48).start().await?;
    let mut seen = 0;
    while let Some(row) = scan.next().await {
        std::hint::black_box(row?);
        seen += 1;
    }
    check(seen == rows, format!("{seen} rows"))?;
    Ok(per_second(rows, started.elapsed()))
}

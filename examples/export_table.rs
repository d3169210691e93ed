//! A large table as a CSV file, with progress, and going on after a crash: the program runs itself as an exporter, kills it half-way, runs it again, and
//! compares the file with the table.
//!
//! What you will see: 1,000,000 rows written, a progress bar, the kill, a progress bar that goes on, and result lines.
//!
//! ```sh
//! cargo run --release --example export_table
//! cargo run --release --example export_table -- --rows 50000    # shorter
//! ```
//!
//! The exporter saves the state of its scan together with the length of the file that goes with it. After a crash the file is
//! cut to that length, so no row is there twice and none is missing.

mod support;

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::time::Duration;

use support::{Place, Result, VARIABLES, check, result, run};
use tokio::time::{Instant, interval, sleep};
use tower_cassandra::{ClusterBuilder, ScanHandle, ScanState};

const ROWS: i32 = 1_000_000;
/// So many rows of work may be lost in a crash.
const SAVE_EVERY: u64 = 10_000;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--export", points, table, file] => finish(export(points, table, Path::new(file)).await),
        ["--rows", rows] => match rows.parse() {
            Ok(rows) if rows > 0 => run("export_table", async |place: &Place| work(place, rows).await).await,
            _ => finish(Err("--rows needs a number of rows".into())),
        },
        [] => run("export_table", async |place: &Place| work(place, ROWS).await).await,
        _ => finish(Err("unknown option: there is --rows NUMBER".into())),
    }
}

fn finish(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("export_table: failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn name(id: i32) -> String {
    format!("customer {id}, \"the {}th\"", id % 100)
}

// ---------------------------------------------------------------- the exporter

/// What goes with a state: how long the file was. The state follows.
fn saved(path: &Path) -> Result<Option<(u64, ScanState)>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (length, state) = bytes.split_first_chunk().ok_or("the saved state is too short")?;
    Ok(Some((u64::from_le_bytes(*length), ScanState::from_bytes(state)?)))
}

/// Puts the new state in the place of the old one in one step, when the rows that belong to it are safe.
fn save(path: &Path, length: u64, state: &ScanState) -> Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(&length.to_le_bytes())?;
    file.write_all(&state.to_bytes())?;
    file.sync_all()?;
    std::fs::rename(beside, path)?;
    Ok(())
}

async fn export(points: &str, table: &str, path: &Path) -> Result<()> {
    let state = path.with_extension("state");
    let session = ClusterBuilder::from_env(VARIABLES)?
        .contact_points(points.split(','))
        .connect()
        .await?;
    let mut scan = session
        .scan_table::<(i32, String, f64)>(table)
        .columns(["id", "name", "score"]);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    if let Some((length, from)) = saved(&state)? {
        println!("going on at {:.1} %, {length} bytes", 100.0 * from.fraction());
        file.set_len(length)?;
        scan = scan.resume_from(from);
    } else {
        file.set_len(0)?;
    }
    file.seek(SeekFrom::End(0))?;
    let mut lines = csv::Writer::from_writer(file);
    let mut rows = scan.start().await?;
    let bar = tokio::spawn(show(rows.handle()));
    let mut since = 0;
    while let Some((id, name, score)) = rows.next().await.transpose()? {
        lines.write_record([id.to_string(), name, score.to_string()])?;
        since += 1;
        if since == SAVE_EVERY {
            since = 0;
            lines.flush()?;
            lines.get_ref().sync_data()?;
            let length = lines.get_ref().metadata()?.len();
            save(&state, length, &rows.state())?;
        }
    }
    lines.flush()?;
    save(&state, lines.get_ref().metadata()?.len(), &rows.state())?;
    bar.abort();
    let handle = rows.handle();
    println!("[{}] 100 %, {} rows in this run", "#".repeat(40), handle.rows());
    session.close(Duration::from_secs(10)).await?;
    Ok(())
}

async fn show(scan: ScanHandle) {
    let mut every = interval(Duration::from_secs(1));
    loop {
        every.tick().await;
        let done = (scan.fraction() * 40.0) as usize;
        let bar = format!(
            "{}{}",
            "#".repeat(done),
            ".".repeat(40_usize.saturating_sub(done))
        );
        println!(
            "[{bar}] {:.0} %, {} rows in this run",
            100.0 * scan.fraction(),
            scan.rows()
        );
    }
}

// ---------------------------------------------------------------- what runs it

async fn work(place: &Place, rows: i32) -> Result<()> {
    let session = &place.session;
    session
        .execute("CREATE TABLE customers (id int PRIMARY KEY, name text, score double)")
        .await?;
    let insert = session
        .prepare("INSERT INTO customers (id, name, score) VALUES (?, ?, ?)")
        .await?;
    let started = Instant::now();
    let inserts = (0..rows).map(|id| insert.bind((id, name(id), f64::from(id) / 2.0)));
    result("rows_written", place.write_all(inserts).await?);
    println!("written in {:.0} s", started.elapsed().as_secs_f64());

    let path = place.file("customers.csv");
    let _ = std::fs::remove_file(path.with_extension("state"));
    let exporter = || -> Result<Child> {
        let program = std::env::current_exe()?;
        let points = place.cluster.contact_points().join(",");
        let table = format!("{}.customers", place.keyspace);
        Ok(Command::new(program)
            .args(["--export", &points, &table])
            .arg(&path)
            .spawn()?)
    };
    let started = Instant::now();
    let at_kill = kill_half_way(exporter()?, &path).await?;
    println!("killed at {:.1} %", 100.0 * at_kill);
    let mut second = exporter()?;
    let status = tokio::task::spawn_blocking(move || second.wait()).await??;
    check(status.success(), "the exporter failed after it was resumed")?;
    println!("exported in {:.1} s", started.elapsed().as_secs_f64());

    let (_, state) = saved(&path.with_extension("state"))?.ok_or("no state was saved")?;
    check(state.is_finished(), "the saved state is not the end")?;
    let lines = compare(path, rows)?;
    check(at_kill > 0.0 && at_kill < 1.0, "it was not killed in between")?;
    result("killed_at_percent", format!("{:.0}", 100.0 * at_kill));
    result("rows_exported", lines);
    result("file_equals_table", true);
    Ok(())
}

/// Kills the exporter once half of the ring is saved; says which part was.
async fn kill_half_way(mut exporter: Child, path: &Path) -> Result<f64> {
    let state = path.with_extension("state");
    loop {
        let fraction = saved(&state)?.map_or(0.0, |(_, state)| state.fraction());
        if fraction >= 0.5 {
            exporter.kill()?;
            exporter.wait()?;
            return Ok(saved(&state)?.map_or(0.0, |(_, state)| state.fraction()));
        }
        check(
            exporter.try_wait()?.is_none(),
            "the exporter ended before it could be killed",
        )?;
        sleep(Duration::from_millis(5)).await;
    }
}

/// Every row of the table once, as it was written, and nothing else.
fn compare(path: PathBuf, rows: i32) -> Result<usize> {
    let mut seen = vec![false; usize::try_from(rows)?];
    let mut lines = 0;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path)?;
    for record in reader.records() {
        let record = record?;
        let field = |at: usize| record.get(at).unwrap_or_default();
        let id: i32 = field(0).parse()?;
        let score: f64 = field(2).parse()?;
        check(
            field(1) == name(id) && score == f64::from(id) / 2.0,
            format!("row {id} differs"),
        )?;
        let place = seen
            .get_mut(usize::try_from(id)?)
            .ok_or("a row that was never written")?;
        check(
            !std::mem::replace(place, true),
            format!("row {id} is there twice"),
        )?;
        lines += 1;
    }
    let missing = seen.iter().filter(|seen| !**seen).count();
    check(missing == 0, format!("{missing} rows are missing"))?;
    Ok(lines)
}

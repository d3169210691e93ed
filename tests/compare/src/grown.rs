//! `compare scale`: what a request costs as nodes, sessions, statements and requests under way get more, by counting.
//!
//! The layers alone are counted by a program beside this one. Here are whole sessions, and the bare driver beside them, over a scripted server
//! whose nodes have a thread of their own: what the thread of the client allocates is the client's alone.

use std::path::PathBuf;
use std::process::Command;

use scripted_cassandra::{Recording, ScriptedCluster, Table, Type};

use crate::Result;
use crate::alloc::{counted, live};
use crate::client::bare::{Bare, Policies};
use crate::client::ours::Ours;
use crate::client::{Client, KEYS, Place};

/// 1,000 are beyond what the scripted server has; the layers alone are counted with as many.
const NODES: [usize; 4] = [3, 30, 100, 240];
const SESSIONS: usize = 5;
/// Before anything is counted: storage grows to its steady size, statistics fill.
const WARM_UP: i32 = 3_000;
const COUNTED: i32 = 4_000;

/// Counts and prints.
pub(crate) async fn run() -> Result<()> {
    println!(
        "Whole sessions over a scripted server, one write after the other; what one thread allocates.\n"
    );
    println!(
        "| nodes | arm | allocations per request | bytes per request | held by the first session | for each node | by a second session |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for arm in ["ours", "bare"] {
        let mut smallest: Option<(usize, i64)> = None;
        for nodes in NODES {
            let cost = cost(arm, nodes).await?;
            let (few, least) = *smallest.get_or_insert((nodes, cost.first));
            let per_node = (cost.first - least) / i64::try_from(nodes - few)?.max(1);
            let Cost {
                allocations,
                bytes,
                first,
                second,
            } = cost;
            println!("| {nodes} | {arm} | {allocations:.2} | {bytes:.0} | {first} | {per_node} | {second} |");
            println!(
                "scale: whole_{arm} {nodes} allocs={allocations:.2} bytes={bytes:.0} held={first} per_node={per_node} second={second}"
            );
        }
    }
    Ok(())
}

struct Cost {
    allocations: f64,
    bytes: f64,
    /// Bytes that a session holds after its requests.
    first: i64,
    second: i64,
}

async fn cost(arm: &str, nodes: usize) -> Result<Cost> {
    let table = Table::new("compare", "items")
        .partition_key("id", Type::Int)
        .column("v", Type::Text);
    let cluster = ScriptedCluster::builder()
        .nodes(nodes)
        .keyspace("compare", 3)
        .table(table)
        .recording(Recording::Counts)
        .without_store()
        .start()
        .await?;
    let place = Place {
        points: cluster.contact_points(),
        rows: None,
    };
    if arm == "ours" {
        count(async || Ours::connect(&place, false).await).await
    } else {
        count(async || Bare::connect(&place, Policies::Default).await).await
    }
}

async fn count<C: Client>(connect: impl AsyncFn() -> Result<C>) -> Result<Cost> {
    let before = live();
    let first = connect().await?;
    write(&first, WARM_UP).await?;
    let held = live() - before;
    let from = counted();
    write(&first, COUNTED).await?;
    let to = counted();
    let before = live();
    let mut others = Vec::new();
    for _ in 0..SESSIONS {
        let other = connect().await?;
        write(&other, WARM_UP).await?;
        others.push(other);
    }
    let second = (live() - before) / SESSIONS as i64;
    Ok(Cost {
        allocations: (to.0 - from.0) as f64 / f64::from(COUNTED),
        bytes: (to.1 - from.1) as f64 / f64::from(COUNTED),
        first: held,
        second,
    })
}

async fn write(client: &impl Client, times: i32) -> Result<()> {
    for time in 0..times {
        client.write(time.wrapping_mul(7_919).rem_euclid(KEYS)).await?;
    }
    Ok(())
}

/// Builds the program that counts the layers, if it is not there, and runs it.
pub(crate) fn layers() -> Result<()> {
    let me = std::env::current_exe()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let target = me.ancestors().nth(2).ok_or("no target directory")?;
    let mut build = Command::new(cargo);
    build.args([
        "build",
        "--quiet",
        "--release",
        "--bin",
        "compare-scale",
        "--manifest-path",
        manifest,
    ]);
    if !build.arg("--target-dir").arg(target).status()?.success() {
        return Err("the program that counts the layers could not be built".into());
    }
    let program: PathBuf = target
        .join("release")
        .join(format!("compare-scale{}", std::env::consts::EXE_SUFFIX));
    if !Command::new(program).status()?.success() {
        return Err("something grows that should not".into());
    }
    Ok(())
}

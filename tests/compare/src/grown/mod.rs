//! `compare scale`: what a request costs as nodes, sessions, statements and requests under way get more, by counting.
//!
//! The layers alone are counted by a program beside this one, with up to 1,000 nodes. Here are whole sessions, and the bare driver beside them,
//! over a scripted server: each client in a process of its own, with one thread.

mod client;

use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

use scripted_cassandra::{Recording, ScriptedCluster, Table, Type};

use crate::Result;
use crate::bound::{ALLOCATIONS, BYTES};
use crate::foreign::package;
use crate::report::{commit, grid};
use crate::turn::own_program;
pub(crate) use client::run as count;

/// The scripted server has 250 at most.
const NODES: [usize; 4] = [3, 30, 100, 240];
const ARMS: [&str; 2] = ["ours", "bare"];

const READING: &str = "
`allocations` and `bytes` are asked of the allocator per request; bytes that are held are what is alive because of one more of what the line has many of.
Instructions are counted under callgrind with the profile of the benchmarks, as `cargo bench -p tower-cassandra-layers --bench overhead` does: all of a request is
in them, making and driving it included. `statements` are texts with values, looked up in the cache of a whole session over a service that answers at once; the other lines are the
layers of the default stack over a leaf that answers at the second poll. Of a few nodes, what a stack has once weighs on each. Ratios are what counts: nothing on the way of a request may grow with the number of nodes.
";

/// Counts, prints, and writes `SCALE.md`.
pub(crate) async fn run() -> Result<()> {
    let mut text = format!(
        "# Scale, by counting\n\nWritten by `cargo run --release -p compare -- scale` at commit {}.\n",
        commit()
    );
    text.push_str(READING);
    writeln!(text, "\n## The layers, over simulated nodes\n")?;
    let (layers, kept) = tokio::task::spawn_blocking(layers).await??;
    text.push_str(&layers);
    writeln!(
        text,
        "\n## Whole sessions with the driver, over a scripted server\n\nOne write after the other; what the nodes cost by themselves, probes and keep-alives, is taken off.\n"
    )?;
    let (sessions, sessions_kept) = sessions().await?;
    text.push_str(&sessions);
    println!("{text}");
    let path = package().join("SCALE.md");
    std::fs::write(&path, text)?;
    println!("written: {}", path.display());
    if kept && sessions_kept {
        Ok(())
    } else {
        Err("something grows that should not, or was not counted".into())
    }
}

/// Says whether nothing grew with the nodes in our own sessions: what the bare driver does is shown, and not ours to judge.
async fn sessions() -> Result<(String, bool)> {
    let heads = [
        "arm",
        "nodes",
        "allocations",
        "bytes",
        "held by a session",
        "held for each node",
        "allocations/s at rest",
    ];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    let mut kept = true;
    for arm in ARMS {
        let mut smallest: Option<(usize, Cost)> = None;
        for nodes in NODES {
            let cost = session(arm, nodes).await?;
            let (few, least) = *smallest.get_or_insert((nodes, cost));
            let per_node = match nodes - few {
                0 => "–".to_owned(),
                more => format!("{:.0}", (cost.held - least.held) / more as f64),
            };
            println!(
                "scale: session_{arm} {nodes} allocs={:.2} bytes={:.0} held={:.0} per_node={per_node}",
                cost.allocations, cost.bytes, cost.held
            );
            let grown = [
                ALLOCATIONS.beyond(least.allocations, cost.allocations),
                BYTES.beyond(least.bytes, cost.bytes),
            ];
            for why in grown.into_iter().flatten().filter(|_| arm == "ours") {
                println!("scale: session_{arm} {nodes} {why}");
                kept = false;
            }
            let numbers = [
                format!("{:.2}", cost.allocations),
                format!("{:.0}", cost.bytes),
                format!("{:.0}", cost.held),
                per_node,
                format!("{:.0}", cost.at_rest),
            ];
            rows.push(
                [arm.to_owned(), nodes.to_string()]
                    .into_iter()
                    .chain(numbers)
                    .collect(),
            );
        }
    }
    Ok((grid(&rows), kept))
}

/// What the process of a client prints, in this order.
#[derive(Clone, Copy)]
struct Cost {
    allocations: f64,
    bytes: f64,
    held: f64,
    at_rest: f64,
}

async fn session(arm: &str, nodes: usize) -> Result<Cost> {
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
    let points = cluster.contact_points();
    let mut process = tokio::process::Command::new(own_program()?);
    // The others are found through the first.
    let output = process
        .args(["count", arm, &points[0]])
        .kill_on_drop(true)
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<f64> = text
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [allocations, bytes, held, at_rest] = numbers[..] else {
        return Err(format!(
            "{arm}, {nodes} nodes: {} {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    };
    Ok(Cost {
        allocations,
        bytes,
        held,
        at_rest,
    })
}

/// Builds the program that counts the layers, if it is not there, and runs it. Says whether nothing grew.
fn layers() -> Result<(String, bool)> {
    let me = std::env::current_exe()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = me.ancestors().nth(2).ok_or("no target directory")?;
    let mut build = Command::new(cargo);
    build.args([
        "build",
        "--quiet",
        "--profile",
        "bench",
        "--bin",
        "compare-scale",
        "--manifest-path",
    ]);
    build
        .arg(package().join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target);
    if !build.status()?.success() {
        return Err("the program that counts the layers could not be built".into());
    }
    let name = format!("compare-scale{}", std::env::consts::EXE_SUFFIX);
    let program: PathBuf = target.join("release").join(name);
    let output = Command::new(program).output()?;
    let text = String::from_utf8(output.stdout)?;
    let (lines, table): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("scale:"));
    lines.iter().for_each(|line| println!("{line}"));
    Ok((table.join("\n").trim().to_owned() + "\n", output.status.success()))
}

//! `RESULTS.md`: the tables with all that is needed to repeat them.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use super::tables::grid;
use super::{Results, goals, plot, tables};
use crate::Result;
use crate::arms::Arm;
use crate::foreign::package;
use crate::options::Options;
use crate::statistics::spread;

/// What people have found out about the figures, and what is kept when they are measured again.
const NOTES: &str = "NOTES.md";

pub(super) fn write(results: &Results, options: &Options) -> Result<()> {
    let notes = fs::read_to_string(package().join(NOTES)).unwrap_or_default();
    let mut text = text(results, options, &notes)?;
    text.push_str("\n## Plots\n\n");
    for file in plot::write(results)? {
        writeln!(text, "![{0}](plots/{0})", file)?;
    }
    let path = package().join("RESULTS.md");
    fs::write(&path, text)?;
    println!("written: {}", path.display());
    Ok(())
}

fn text(results: &Results, options: &Options, notes: &str) -> Result<String> {
    let mut text = String::from("# Results\n\n");
    let separator = if results.command.is_empty() { "" } else { " -- " };
    writeln!(
        text,
        "Written by `cargo run --release -p compare{separator}{}`.\n",
        results.command
    )?;
    let facts = [
        ("commit", results.commit.clone()),
        ("machine", machine()),
        ("nodes", "Apache Cassandra 5.0.6, Java with its full compiler, 1 GiB of heap each, on the same machine as the client".to_owned()),
("run", "the rounds of the frozen node are at most 3; `--help` tells what else is not in the command".to_owned()),
        ("all arms", "`LOCAL_QUORUM`, prepared statements, as many copies as nodes, rows of 100 bytes, pages of 5,000 rows or of as many as the work says".to_owned()),
    ];
    for (name, fact) in facts {
        writeln!(text, "* **{name}**: {fact}.")?;
    }
    for (nodes, capacities) in &results.capacity {
        let (least, most) = spread(capacities.iter().copied());
        if most > 0.0 {
            writeln!(
                text,
                "* **capacity**, of which open loops offer a share: {least:.0} to {most:.0} reads a second with {nodes} nodes."
            )?;
        }
    }
    text.push_str(READING);
    text.push_str("\n## Arms\n\n");
    for arm in Arm::ALL.into_iter().filter(|arm| options.arms.contains(arm)) {
        let skipped = results
            .skipped
            .get(&arm)
            .map(|why| format!(" **Skipped**: {why}."));
        writeln!(
            text,
            "* `{}`: {}.{}",
            arm.name(),
            arm.about(),
            skipped.unwrap_or_default()
        )?;
    }
    let mut rows = vec![["goal", "reached", ""].map(str::to_owned).to_vec()];
    rows.extend(goals::judge(results).iter().map(goals::Goal::row));
    write!(text, "\n## Goals\n\n{}", grid(&rows))?;
    for failure in &results.failures {
        writeln!(text, "\nA turn came to nothing: {failure}.")?;
    }
    if !notes.trim().is_empty() {
        write!(text, "\n{}\n", notes.trim())?;
    }
    write!(text, "\n## Works\n{}", tables::text(results))?;
    Ok(text)
}

const READING: &str = "
Each contender has a process of its own for each work and round, and the order within a round is by chance. A table has the medians of the rounds; behind
`×` is the ratio of the medians to the bare driver's, in brackets the smallest and the largest ratio of single rounds. Client and nodes share the cores, so
absolute figures say little, and a client that needs less leaves more to the nodes. CPU is of the client's process per operation, user and system; MiB is the
most that was resident; allocations are of the process per operation. Where a work reads many rows, an operation is a row, and latencies are of whole results.
";

pub(crate) fn commit() -> String {
    let said = |arguments: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(package())
            .args(arguments)
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let Some(commit) = said(&["rev-parse", "--short", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changed =
        said(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
    if changed {
        format!("{commit}, changed")
    } else {
        commit
    }
}

fn machine() -> String {
    let field = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory =
        field("/proc/meminfo", "MemTotal").and_then(|text| text.trim_end_matches(" kB").parse::<f64>().ok());
    let memory = memory.map_or(String::new(), |kib| format!(", {:.0} GiB", kib / 1_048_576.0));
    format!("{cores} cores ({model}){memory}, {}", std::env::consts::OS)
}

//! `RESULTS.md`: the tables with all that is needed to repeat them.

use std::fmt::Write;
use std::fs;

use super::run::Run;
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
    text.push_str(&origin(&results.runs));
    let facts = [
        (
            "nodes",
            "Java with its full compiler, 1 GiB of heap each, on the same machine as the client",
        ),
        (
            "rounds",
            "those of the frozen node are at most 3; `--help` tells what else is not in the command",
        ),
        (
            "all arms",
            "`LOCAL_QUORUM`, prepared statements, as many copies as nodes, rows of 100 bytes, pages of 5,000 rows or of as many as the work says",
        ),
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

/// What the figures are of; with several runs each has a number, which the works name.
fn origin(runs: &[Run]) -> String {
    let facts = |run: &Run| format!("commit {}; {}; {}", run.commit(), run.machine(), run.server());
    let mut text = String::new();
    match runs {
        [run] => {
            let _ = writeln!(text, "Written by `{}`.\n", run.program());
            let _ = writeln!(text, "* **run**: {}.", facts(run));
        }
        _ => {
            let _ = writeln!(text, "Put together from {} runs.\n", runs.len());
            for (number, run) in (1..).zip(runs) {
                let _ = writeln!(text, "* **run {number}**: `{}`; {}.", run.program(), facts(run));
            }
        }
    }
    text
}

const READING: &str = "
Each contender has a process of its own for each work and round, and the order within a round is by chance. A table has the medians of the rounds; behind
`×` is the ratio of the medians to the bare driver's, in brackets the smallest and the largest ratio of single rounds. Client and nodes share the cores, so
absolute figures say little, and a client that needs less leaves more to the nodes. CPU is of the client's process per operation, user and system; MiB is the
most that was resident; allocations are of the process per operation. Where a work reads many rows, an operation is a row, and latencies are of whole results.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_name_each_run_that_they_are_of() {
        let mut runs = vec![Run {
            command: Some("--quick".to_owned()),
            commit: Some("abc1234".to_owned()),
            ..Run::default()
        }];
        let one = origin(&runs);
        assert!(one.contains("-p compare -- --quick`"), "{one}");
        assert!(one.contains("commit abc1234; unknown"), "{one}");
        runs.push(Run::default());
        let two = origin(&runs);
        assert!(two.contains("**run 1**") && two.contains("**run 2**"), "{two}");
    }
}

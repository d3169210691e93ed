//! What each layer costs per request, and the whole static stack, counted and not timed.
//!
//!     cargo bench -p tower-cassandra-layers --bench overhead               the table
//!     cargo bench -p tower-cassandra-layers --bench overhead -- --check    fails when a floor is exceeded, or something could not be counted
//!     cargo bench -p tower-cassandra-layers --bench overhead -- --ours     without the layers of other crates
//!     cargo bench -p tower-cassandra-layers --bench overhead -- retry      only the lines with this in their name
//!
//! * `instr`: instructions under callgrind. Everything is in it: making the request, getting ready, the call, two polls
//!   where the leaf is pending once, dropping. The line `leaf` is the same without any layer, and what the budgets bound
//!   is the difference to it, for the whole stack the whole figure. Clock readings look cheaper than they are, because the
//!   clock is replaced by one that does not depend on the load of the machine; so they are shown as well.
//! * `allocs`, `bytes`: what was asked of the allocator.
//! * `timers`: timers put into tokio's wheel, as callgrind counts calls of the function that does it. The line
//!   `tokio_timer` is the control: it arms exactly one where the leaf is pending.
//!
//! * `future`: how many bytes the future of a request has. Each layer that has to undo something when the call of the inner service
//!   panics moves that service's future once.
//!
//! The lines `choice_3`, `choice_12` and `choice_1000` are the part of `balance_3`, `balance_12` and `balance_1000` that chooses a node: one function with
//! all that it calls, asking the directory for the replicas included.
//!
//! What other crates need for the same is measured in the same run, with the same requests over the same leaf.

mod alloc;
mod atomics;
mod attempts;
mod beside;
mod callgrind;
mod cases;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod clock;
mod drive;
mod leaf;
mod peers;
mod replicas;
mod table;
mod timer;
mod tower_own;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use drive::Case;
use leaf::Leaf;
use table::{Figures, Table};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let own: Vec<&Case> = cases::CASES.iter().chain(tower_own::CASES).collect();
    if drive::handle(&own, &arguments) {
        return ExitCode::SUCCESS;
    }
    // `cargo test --all-targets` runs benchmarks without this argument, to see whether they work.
    if !arguments.iter().any(|argument| argument == "--bench") {
        smoke(&own);
        return ExitCode::SUCCESS;
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let filter = arguments.iter().find(|argument| !argument.starts_with("--"));
    if !callgrind::is_installed() {
        println!(
            "valgrind is not installed: neither instructions nor timers are counted, and no budget for them is kept"
        );
    }
    let mut table = Table::default();
    let me = std::env::current_exe().expect("the path of this program");
    let others = !has("--ours");
    measure(&me, filter, others, &mut table);
    if others && let Err(why) = peers::build().map(|peers: PathBuf| measure(&peers, filter, true, &mut table))
    {
        println!("tower-resilience is not shown: {why}");
    }
    println!("\na request has {} bytes", size_of::<leaf::Request>());
    table.print();
    let kept = table.print_budgets(filter.is_none());
    if has("--check") && !kept {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Runs the cases of a program, one process each.
fn measure(binary: &Path, filter: Option<&String>, others: bool, table: &mut Table) {
    let list = output(binary, &["list"]);
    let control = callgrind::measure(binary, timer::CONTROL.name, "pending");
    let timers_count = control.is_some_and(|counts| (counts.timers - 1.0).abs() < 1e-9);
    if control.is_some() && !timers_count {
        println!("{}: timers cannot be counted in this build", binary.display());
    }
    for line in list.lines() {
        let Some((name, reaches_leaf)) = line.split_once(' ') else {
            continue;
        };
        let always = ["leaf", timer::CONTROL.name].contains(&name);
        let is_wanted = filter.is_none_or(|filter| name.contains(filter.as_str()));
        let is_ours = !name.starts_with("tower_");
        if !always && !(is_wanted && (others || is_ours)) {
            continue;
        }
        let leaves: &[&'static str] = match reaches_leaf {
            "true" => &["ready", "pending"],
            _ => &["ready"],
        };
        for &leaf in leaves {
            let mut figures = figures(binary, name, leaf);
            if let Some(counts) = figures.counts.as_mut().filter(|_| !timers_count) {
                counts.timers = f64::NAN;
            }
            table.add(name, leaf, figures);
            if let Some(nodes) = name.strip_prefix("balance_") {
                table.add(&format!("choice_{nodes}"), leaf, figures.of_choice());
            }
        }
    }
}

fn figures(binary: &Path, name: &str, leaf: &str) -> Figures {
    let counted = output(binary, &["count", name, leaf]);
    let mut counted = counted
        .split_whitespace()
        .map(|n| n.parse::<f64>().expect("a number"));
    let mut next = || counted.next().expect("three numbers");
    Figures {
        allocations: next() / drive::DIFFERENCE as f64,
        bytes: next() / drive::DIFFERENCE as f64,
        size: next(),
        counts: callgrind::measure(binary, name, leaf),
    }
}

fn output(binary: &Path, arguments: &[&str]) -> String {
    let output = Command::new(binary)
        .args(arguments)
        .output()
        .expect("a program that was just built");
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A few requests through every case.
fn smoke(cases: &[&Case]) {
    for case in cases {
        for pending in [false, true] {
            let _ = drive::send(case, Leaf { pending }, [1, 2, 3], &mut || ());
        }
    }
    println!(
        "{} cases work; figures by `cargo bench --bench overhead`",
        cases.len()
    );
}

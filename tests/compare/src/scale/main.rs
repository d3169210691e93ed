//! What grows with the number of nodes, sessions, statements and requests under way, by counting: instructions under callgrind, allocations, and
//! bytes that are held. `cargo run --release -p compare -- scale` builds and runs this. It is a program of its own because its clock goes on by a
//! microsecond at each reading, so that counts do not depend on the load of the machine.
//!
//! Nodes are simulated: the layers are the real ones, the leaf answers at the second poll. What a node or a session costs with the driver under it is measured by
//! `compare` itself over a scripted server.

#[allow(dead_code, reason = "the comparison uses more of it")]
#[path = "../alloc.rs"]
mod alloc;
#[path = "../../../../layers/benches/overhead/atomics.rs"]
mod atomics;
#[path = "../bound.rs"]
mod bound;
#[allow(dead_code, reason = "the benchmark of the layers uses more of it")]
#[path = "../../../../layers/benches/overhead/callgrind.rs"]
mod callgrind;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "../../../../layers/benches/overhead/clock.rs"]
mod clock;
#[allow(dead_code, reason = "the benchmark of the layers uses more of it")]
#[path = "../../../../layers/benches/overhead/drive.rs"]
mod drive;
#[allow(dead_code, reason = "the benchmark of the layers uses more of it")]
#[path = "../../../../layers/benches/overhead/leaf.rs"]
mod leaf;
#[path = "../../../../layers/benches/overhead/replicas.rs"]
mod replicas;

mod cases;
mod stack;
mod statements;

use std::path::Path;
use std::process::{Command, ExitCode};

use bound::{ALLOCATIONS, BYTES, Grown};
use drive::Case;

const INSTRUCTIONS: Grown = Grown {
    what: "instructions",
    slack: 0.0,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let all: Vec<&Case> = cases::CASES.iter().chain(statements::CASES).collect();
    if drive::handle(&all, &arguments) {
        return ExitCode::SUCCESS;
    }
    if let [word, name] = &arguments[..]
        && word == "held"
    {
        return held(&all, name);
    }
    match table(&all) {
        Some(true) => ExitCode::SUCCESS,
        Some(false) => ExitCode::FAILURE,
        None => {
            eprintln!("compare-scale: its own program could not be run");
            ExitCode::FAILURE
        }
    }
}

/// The bytes that are there because of what the case has many of.
fn held(all: &[&Case], name: &str) -> ExitCode {
    let Some(case) = all.iter().find(|case| case.name == name) else {
        return ExitCode::FAILURE;
    };
    let _ = drive::send(case, leaf::Leaf { pending: true }, [1, 1, 1], &mut || {});
    println!("{}", stack::held());
    ExitCode::SUCCESS
}

/// None when this program could not be started again.
fn table(all: &[&Case]) -> Option<bool> {
    let me = std::env::current_exe().ok()?;
    if !callgrind::is_installed() {
        println!(
            "valgrind is not installed: instructions are not counted, and what is not counted is not within its bound"
        );
    }
    println!("| group | how many | instructions per request | allocations | bytes | bytes held for each |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let (mut kept, mut first) = (true, None::<(&str, [f64; 3])>);
    for case in all {
        let (group, many) = case.name.rsplit_once('_')?;
        let many: f64 = many.parse().ok()?;
        let counted = words(&me, &["count", case.name, "pending"])?;
        let [allocations, bytes, _] = counted[..] else {
            return None;
        };
        let difference = drive::DIFFERENCE as f64;
        let held = words(&me, &["held", case.name])?.first()? / many.max(1.0);
        let counts = callgrind::measure(&me, case.name, "pending");
        let instructions = counts.map_or(f64::NAN, |counts| counts.instructions);
        let (allocations, bytes) = (allocations / difference, bytes / difference);
        println!("| {group} | {many:.0} | {instructions:.0} | {allocations:.2} | {bytes:.0} | {held:.0} |");
        println!(
            "scale: {group} {many:.0} instr={instructions:.0} allocs={allocations:.2} bytes={bytes:.0} held={held:.0}"
        );
        let costs = [instructions, allocations, bytes];
        // The first of a group is held against itself: it may not have been counted.
        let fewest = match first {
            Some((of, fewest)) if of == group => fewest,
            _ => costs,
        };
        first = Some((group, fewest));
        for (bound, (fewest, now)) in [INSTRUCTIONS, ALLOCATIONS, BYTES]
            .iter()
            .zip(fewest.into_iter().zip(costs))
        {
            if let Some(why) = bound.beyond(fewest, now) {
                println!("scale: {group} {many:.0} {why}");
                kept = false;
            }
        }
    }
    Some(kept)
}

/// The numbers that this program prints.
fn words(me: &Path, arguments: &[&str]) -> Option<Vec<f64>> {
    let output = Command::new(me).args(arguments).output().ok()?;
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().map(|word| word.parse().ok()).collect()
}

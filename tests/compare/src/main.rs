//! The stack beside what one would otherwise take: the bare driver, layers of others, the Python original. Run it with `--help` to see how;
//! `RESULTS.md` beside this crate has what came of it.
//!
//! The nodes are real ones on this machine, so that absolute figures say little. What says something are ratios between contenders that took turns in one
//! run. Each contender has a process of its own for each work and round: processor time, allocations and resident memory are its alone.

mod alloc;
mod arms;
mod bed;
mod bound;
mod child;
mod client;
mod foreign;
mod grown;
mod load;
mod meter;
mod options;
mod report;
mod rounds;
mod sample;
mod statistics;
mod turn;
mod work;

use std::ffi::OsString;
use std::process::ExitCode;

use options::{Asked, HELP, Options};
use work::WORKS;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    let done = match arguments.peek().and_then(|word| word.to_str()) {
        Some("arm") => contend(arguments.skip(1)),
        Some("count") => count(arguments.skip(1)),
        _ => compare(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn contend(arguments: impl Iterator<Item = OsString>) -> Result<()> {
    let task = child::Task::read(arguments)?;
    let runtime = runtime()?;
    runtime.block_on(async { tokio::spawn(async move { child::run(&task).await }).await })?
}

/// On one thread, so that its allocations are all there are.
fn count(arguments: impl Iterator<Item = OsString>) -> Result<()> {
    let words: Vec<String> = arguments
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let [arm, point] = &words[..] else {
        return Err("an arm and a contact point are needed".into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(grown::count(arm, point))
}

fn compare(arguments: impl Iterator<Item = OsString>) -> Result<()> {
    match Options::read(arguments)? {
        Asked::Help => println!("{HELP}"),
        Asked::List => {
            for work in WORKS {
                println!("{:<18} {:?} {}", work.name, work.nodes, work.about);
            }
        }
        Asked::Scale => runtime()?.block_on(grown::run())?,
        Asked::Run(options) => {
            let results = match &options.from {
                Some(path) => report::read(&std::fs::read_to_string(path)?)?,
                None => runtime()?.block_on(rounds::run(&options))?,
            };
            report::show(&results, &options)?;
        }
    }
    Ok(())
}

//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

use crate::Result;
use crate::arms::Arm;
use crate::work::{WORKS, Work};

pub(crate) const HELP: &str = "\
cargo run --release -p compare                  all works by all arms: tables, plots, tests/compare/RESULTS.md
cargo run --release -p compare -- scale         what grows with nodes, sessions, statements and requests, by counting

--works NAME,…     these works only (`--works list` shows them); `soak` is not done unless it is named
--arms NAME,…      these contenders only: ours, ours_all, bare, bare_spec, hand, resilience, original, java, java_spec, gocql
--rounds N         default 5; of the frozen node no more than 3, each of which takes a minute for each contender
--seconds N        how long each work lasts that has no length of its own; default 3
--warm-up N        seconds of load before anything is measured, on each cluster; default 60
--soak N           minutes of the soak; default 20
--seed N           of the order; default by chance, and shown
--quick            2 rounds of 1 s after 5 s of warm-up: to see whether all of it works
--keep             writes no RESULTS.md and no plots
--from FILE        measures nothing: results of what an earlier run has printed, also of one that was broken off";

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) works: Vec<&'static Work>,
    pub(crate) arms: Vec<Arm>,
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    pub(crate) warm_up: u64,
    pub(crate) soak: u64,
    pub(crate) seed: u64,
    /// Are results written to files?
    pub(crate) writes: bool,
    /// What an earlier run has printed.
    pub(crate) from: Option<PathBuf>,
}

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Asked {
    Run(Options),
    Scale,
    Help,
    List,
}

impl Options {
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Asked> {
        let mut options = Self {
            works: WORKS.iter().filter(|work| !work.on_request).collect(),
            arms: Arm::ALL.to_vec(),
            rounds: 5,
            seconds: 3,
            warm_up: 60,
            soak: 20,
            seed: rand::random::<u32>().into(),
            writes: true,
            from: None,
        };
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Value(word) if word == "scale" => return Ok(Asked::Scale),
                Long("help") | Short('h') => return Ok(Asked::Help),
                Long("works") => {
                    let names: String = parser.value()?.parse()?;
                    if names == "list" {
                        return Ok(Asked::List);
                    }
                    options.works = named(&names, "work", Work::by_name)?;
                }
                Long("arms") => {
                    let names: String = parser.value()?.parse()?;
                    options.arms = named(&names, "arm", Arm::by_name)?;
                }
                Long("rounds") => options.rounds = parser.value()?.parse::<usize>()?.clamp(1, 100),
                Long("seconds") => options.seconds = parser.value()?.parse::<u64>()?.clamp(1, 600),
                Long("warm-up") => options.warm_up = parser.value()?.parse::<u64>()?.min(600),
                Long("soak") => options.soak = parser.value()?.parse::<u64>()?.clamp(1, 600),
                Long("seed") => options.seed = parser.value()?.parse()?,
                Long("quick") => (options.rounds, options.seconds, options.warm_up) = (2, 1, 5),
                Long("from") => options.from = Some(parser.value()?.into()),
                Long("keep") => options.writes = false,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Asked::Run(options))
    }
}

fn named<T>(names: &str, what: &str, by_name: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let one =
        |name: &str| by_name(name).ok_or_else(|| format!("there is no {what} {name:?}; see --help").into());
    names.split(',').map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options> {
        match Options::read(line.split_whitespace().map(OsString::from))? {
            Asked::Run(options) => Ok(options),
            other => Err(format!("{other:?}").into()),
        }
    }

    #[test]
    fn all_works_but_the_soak_are_done_by_default() {
        let options = read("").unwrap();
        assert_eq!(options.works.len(), WORKS.len() - 1);
        assert_eq!(options.arms.len(), Arm::ALL.len());
        assert!(options.rounds >= 5);
    }

    #[test]
    fn works_and_arms_are_named() {
        let options = read("--works soak,bm1_serial --arms bare,ours --rounds 7 --seed 3").unwrap();
        let works: Vec<&str> = options.works.iter().map(|work| work.name).collect();
        assert_eq!(works, ["soak", "bm1_serial"]);
        assert_eq!(options.arms, [Arm::Bare, Arm::Ours]);
        assert_eq!((options.rounds, options.seed), (7, 3));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for line in [
            "--works nothing",
            "--arms x",
            "--rounds",
            "--rounds many",
            "--fast",
            "measure",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
        assert!(matches!(Options::read(["scale".into()]), Ok(Asked::Scale)));
    }
}

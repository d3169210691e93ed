//! What the command line says.

use std::path::PathBuf;
use std::time::Duration;

use crate::Result;
use crate::drill::{FAULTS, Fault};
use crate::inserts::Arm;

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) bare: bool,
    pub(crate) hedge: bool,
    /// The clients of `--inserts`.
    pub(crate) arms: Vec<Arm>,
    pub(crate) runs: u32,
    pub(crate) drill: bool,
    pub(crate) warm_up: Duration,
    pub(crate) faults: Vec<Fault>,
    pub(crate) lasts: Duration,
    pub(crate) seed: u64,
    /// Where to write every single request.
    pub(crate) events: Option<PathBuf>,
}

const USAGE: &str = "\
there are: --warm-up SECONDS (default 60); --bare; --hedge;
--inserts CLIENT,CLIENT (ours, hedge, bare, speculative) with --runs NUMBER (default 1); and
--drill with --faults NAME,NAME (default all: frozen, killed, restarted, port_closed, drained, two_frozen, limping, rolling),
--seconds SECONDS of a fault (default 20), --seed NUMBER (default 1), --events FILE (every single request, for a closer look)";

impl Options {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            bare: false,
            hedge: false,
            arms: Vec::new(),
            runs: 1,
            drill: false,
            warm_up: Duration::from_secs(60),
            faults: FAULTS.to_vec(),
            lasts: Duration::from_secs(20),
            seed: 1,
            events: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{argument} needs a value; {USAGE}"))
            };
            match argument.as_str() {
                "--bare" => options.bare = true,
                "--hedge" => options.hedge = true,
                "--runs" => options.runs = value()?.parse()?,
                "--inserts" => {
                    options.arms = value()?
                        .split(',')
                        .map(|name| Arm::by_name(name).ok_or_else(|| format!("no client {name:?}; {USAGE}")))
                        .collect::<std::result::Result<_, _>>()?;
                }
                "--drill" => options.drill = true,
                "--warm-up" => options.warm_up = Duration::from_secs(value()?.parse()?),
                "--seconds" => options.lasts = Duration::from_secs(value()?.parse()?),
                "--seed" => options.seed = value()?.parse()?,
                "--events" => options.events = Some(value()?.into()),
                "--faults" => {
                    options.faults = value()?
                        .split(',')
                        .map(|name| Fault::by_name(name).ok_or_else(|| format!("no fault {name:?}; {USAGE}")))
                        .collect::<std::result::Result<_, _>>()?;
                }
                other => return Err(format!("no option {other}; {USAGE}").into()),
            }
        }
        Ok(options)
    }
}

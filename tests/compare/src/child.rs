//! The process of one contender with one work: `compare arm ARM WORK --points … …`, started by `compare` itself.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::prelude::*;

use crate::Result;
use crate::arms::Arm;
use crate::client::bare::{Bare, Policies};
use crate::client::ours::Ours;
use crate::client::{Place, hand, resilience};
use crate::load::{self, Limits};
use crate::sample::Sample;
use crate::work::{Shape, Work};

/// What the process is told.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) arm: Arm,
    pub(crate) work: &'static Work,
    pub(crate) points: Vec<String>,
    pub(crate) limits: Limits,
}

impl Task {
    /// The command line that [`read`](Self::read) reads.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let Self {
            arm,
            work,
            points,
            limits,
        } = self;
        let mut arguments: Vec<String> = ["arm", arm.name(), work.name].map(str::to_owned).into();
        for (name, value) in [
            ("--points", points.join(",")),
            ("--lasts", limits.lasts.as_secs_f64().to_string()),
            ("--warm-up", limits.warm_up.as_secs_f64().to_string()),
            ("--per-second", limits.per_second.to_string()),
            ("--seed", limits.seed.to_string()),
        ] {
            arguments.extend([name.to_owned(), value]);
        }
        arguments
    }

    /// Of all after the word `arm`.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self> {
        let mut parser = lexopt::Parser::from_args(arguments);
        let mut words = Vec::new();
        let mut points = Vec::new();
        let mut limits = Limits {
            lasts: Duration::from_secs(1),
            warm_up: Duration::ZERO,
            per_second: 0.0,
            seed: 0,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Value(word) => words.push(word.string()?),
                Long("points") => points = parser.value()?.string()?.split(',').map(str::to_owned).collect(),
                Long("lasts") => limits.lasts = Duration::try_from_secs_f64(parser.value()?.parse()?)?,
                Long("warm-up") => limits.warm_up = Duration::try_from_secs_f64(parser.value()?.parse()?)?,
                Long("per-second") => limits.per_second = parser.value()?.parse()?,
                Long("seed") => limits.seed = parser.value()?.parse()?,
                other => return Err(other.unexpected().into()),
            }
        }
        let [arm, work] = &words[..] else {
            return Err("an arm and a work are needed".into());
        };
        Ok(Self {
            arm: Arm::by_name(arm).ok_or("no such arm")?,
            work: Work::by_name(work).ok_or("no such work")?,
            points,
            limits,
        })
    }
}

/// Does the work, and prints its figures.
pub(crate) async fn run(task: &Task) -> Result<()> {
    let rows = match task.work.shape {
        Shape::Rows(rows) => Some(rows),
        _ => None,
    };
    let place = Place {
        points: task.points.clone(),
        rows,
    };
    let (shape, limits) = (task.work.shape, task.limits);
    let bare = async |policies| Bare::connect(&place, policies).await;
    let sample: Sample = match task.arm {
        Arm::Ours | Arm::OursAll => {
            let ours = Ours::connect(&place, task.arm == Arm::OursAll).await?;
            load::run(ours, shape, limits).await?
        }
        Arm::Bare => load::run(bare(Policies::Default).await?, shape, limits).await?,
        Arm::BareSpec => load::run(bare(Policies::Speculative).await?, shape, limits).await?,
        Arm::Hand => load::run(hand::client(&bare(Policies::OneAttempt).await?), shape, limits).await?,
        Arm::Resilience => {
            let client = resilience::client(&bare(Policies::OneAttempt).await?)?;
            load::run(client, shape, limits).await?
        }
        Arm::Original | Arm::Java | Arm::JavaSpec | Arm::Gocql => {
            return Err(format!("{} is a program of its own", task.arm.name()).into());
        }
    };
    println!("{sample}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_reads_what_it_was_told() {
        let task = Task {
            arm: Arm::OursAll,
            work: Work::by_name("open_50").unwrap(),
            points: vec!["127.0.10.1:9042".to_owned(), "127.0.10.2:9042".to_owned()],
            limits: Limits {
                lasts: Duration::from_millis(2_500),
                warm_up: Duration::from_millis(500),
                per_second: 12_345.5,
                seed: u64::MAX,
            },
        };
        let arguments = task.arguments();
        let read = Task::read(arguments[1..].iter().map(OsString::from)).unwrap();
        assert_eq!(format!("{read:?}"), format!("{task:?}"));
        assert!(Task::read(["ours".into()]).is_err());
    }
}

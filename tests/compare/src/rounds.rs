//! The order of a run: clusters, rounds, works, and in each the contenders by chance.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;

use crate::Result;
use crate::arms::Arm;
use crate::bed::Bed;
use crate::child::Task;
use crate::foreign::Programs;
use crate::load::Limits;
use crate::options::Options;
use crate::report::{self, Results, Run};
use crate::sample::{Figure, Sample};
use crate::turn;
use crate::work::{Shape, Work};

/// A round of the frozen node takes a minute for each contender.
const FROZEN_ROUNDS: usize = 3;
/// What the original's benchmark of 50 workers lasts.
const FIFTY_WORKERS: Duration = Duration::from_secs(10);
/// Each process for itself: connections, statistics, threads.
const OWN_WARM_UP: Duration = Duration::from_millis(500);

/// Does this contender do this work?
fn takes_part(arm: Arm, work: &Work) -> bool {
    match (arm, work.shape) {
        (Arm::Java | Arm::JavaSpec | Arm::Gocql, shape) => shape == Shape::Frozen,
        // Their layers see single attempts and do not page: they would be the bare driver under another name.
        (Arm::Hand | Arm::Resilience, Shape::Rows(_)) => false,
        // The rate would be far beyond what it can do.
        (Arm::Original, Shape::Open(_)) => false,
        (arm, Shape::Soak) => matches!(arm, Arm::Ours | Arm::OursAll | Arm::Bare),
        _ => true,
    }
}

pub(crate) async fn run(options: &Options) -> Result<Results> {
    let mut results = Results::default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let run = Run::here(arguments.join(" "));
    println!("{run}");
    results.begin(run);
    let mut programs = Programs::default();
    for arm in &options.arms {
        if let Err(why) = programs.make(*arm).await {
            println!("{}", report::skipped(*arm, &why.to_string()));
            programs.skip(*arm, why.to_string());
        }
    }
    results.skipped = programs.skipped().clone();
    let mut random = SmallRng::seed_from_u64(options.seed);
    println!("seed {}", options.seed);
    for nodes in [1, 3] {
        let works: Vec<&Work> = options
            .works
            .iter()
            .copied()
            .filter(|work| work.nodes.contains(&nodes))
            .collect();
        if works.is_empty() {
            continue;
        }
        let tables: BTreeSet<_> = works.iter().filter_map(|work| work.table()).collect();
        let bed = Bed::make(nodes, &tables).await?;
        for run in &mut results.runs {
            println!("{}", run.on_server(&bed.server));
        }
        let all = Cluster {
            bed: &bed,
            programs: &programs,
            options,
            nodes,
        };
        let done = all.rounds(&works, &mut random, &mut results).await;
        bed.cluster.stop().await;
        done?;
    }
    Ok(results)
}

struct Cluster<'a> {
    bed: &'a Bed,
    programs: &'a Programs,
    options: &'a Options,
    nodes: usize,
}

impl Cluster<'_> {
    async fn rounds(
        &self,
        works: &[&'static Work],
        random: &mut SmallRng,
        results: &mut Results,
    ) -> Result<()> {
        self.warm_up().await?;
        let has_open_loops = works.iter().any(|work| matches!(work.shape, Shape::Open(_)));
        for round in 0..self.options.rounds {
            // Nodes grow warmer, so a share is of what there is now.
            let capacity = if has_open_loops {
                self.capacity().await?
            } else {
                0.0
            };
            results.capacity.entry(self.nodes).or_default().push(capacity);
            for work in works {
                if matches!(work.shape, Shape::Frozen) && round >= FROZEN_ROUNDS.min(self.options.rounds)
                    || matches!(work.shape, Shape::Soak) && round > 0
                {
                    continue;
                }
                let mut arms: Vec<Arm> = self.options.arms.clone();
                arms.retain(|arm| takes_part(*arm, work) && !self.programs.skipped().contains_key(arm));
                arms.shuffle(random);
                for arm in arms {
                    let limits = self.limits(work, capacity, round);
                    let name = work.result_name(self.nodes);
                    match self.take(arm, work, limits).await {
                        Ok(sample) => {
                            println!("{}", report::line(round, &name, arm, &sample));
                            results.add(&name, arm, round, sample);
                        }
                        Err(error) => {
                            let why = error.to_string();
                            println!("{}", report::failed(round, &name, arm, &why));
                            // What an error says of the logs of nodes.
                            why.lines().skip(1).for_each(|line| println!("  {line}"));
                            results.fail(&name, arm, round, why.lines().next().unwrap_or_default());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// A fresh JVM is slow.
    async fn warm_up(&self) -> Result<()> {
        println!("warm-up of {} nodes for {} s", self.nodes, self.options.warm_up);
        for name in ["writes_256", "reads_256"] {
            let lasts = Duration::from_secs(self.options.warm_up.max(2) / 2);
            self.bare(name, lasts).await?;
        }
        Ok(())
    }

    /// What the bare driver reaches with 256 callers, in reads per second.
    async fn capacity(&self) -> Result<f64> {
        let reads = self
            .bare("reads_256", Duration::from_secs(self.options.seconds))
            .await?;
        let capacity = reads[Figure::OpsPerSecond];
        println!("{}", report::capacity(self.nodes, capacity));
        Ok(capacity)
    }

    async fn bare(&self, work: &str, lasts: Duration) -> Result<Sample> {
        let work = Work::by_name(work).ok_or("no such work")?;
        let limits = Limits {
            lasts,
            warm_up: OWN_WARM_UP,
            per_second: 0.0,
            seed: 1,
        };
        self.take(Arm::Bare, work, limits).await
    }

    fn limits(&self, work: &Work, capacity: f64, round: usize) -> Limits {
        let seconds = Duration::from_secs(self.options.seconds);
        let lasts = match work.shape {
            Shape::Closed(50, _) if self.options.seconds > 1 => FIFTY_WORKERS,
            Shape::Soak => Duration::from_secs(self.options.soak * 60),
            _ => seconds,
        };
        let share = match work.shape {
            Shape::Open(share) => share,
            _ => 0.0,
        };
        Limits {
            lasts,
            warm_up: OWN_WARM_UP,
            per_second: capacity * share,
            seed: self.options.seed.wrapping_add(round as u64),
        }
    }

    async fn take(&self, arm: Arm, work: &'static Work, limits: Limits) -> Result<Sample> {
        let points = self.bed.cluster.contact_points();
        let task = Task {
            arm,
            work,
            points,
            limits,
        };
        turn::take(self.bed, self.programs, &task).await
    }
}

/// Contenders that are not there, and why.
pub(crate) type Skipped = BTreeMap<Arm, String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_work_has_somebody_to_compare_with() {
        for work in crate::work::WORKS {
            let arms: Vec<Arm> = Arm::ALL
                .into_iter()
                .filter(|arm| takes_part(*arm, work))
                .collect();
            assert!(
                arms.contains(&Arm::Ours) && arms.contains(&Arm::Bare),
                "{}",
                work.name
            );
            assert_eq!(arms.contains(&Arm::Java), work.name == "frozen");
            let has_rows = work.table().is_some();
            assert!(!(has_rows && arms.contains(&Arm::Hand)), "{}", work.name);
            assert!(!(has_rows && arms.contains(&Arm::Resilience)), "{}", work.name);
        }
    }
}

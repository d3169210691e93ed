//! What came of a run, for people and for machines.

mod goals;
mod markdown;
mod plot;
mod read;
mod run;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use crate::Result;
use crate::arms::Arm;
use crate::options::Options;
use crate::rounds::Skipped;
use crate::sample::{Figure, Sample};
use crate::statistics::{median, spread};
use crate::work::WORKS;
pub(crate) use read::{capacity, failed, line, read, skipped};
pub(crate) use run::{Run, commit};
pub(crate) use tables::grid;

/// All samples of a run.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// By result name of the work, and then by contender and round.
    samples: BTreeMap<String, BTreeMap<Arm, BTreeMap<usize, Sample>>>,
    /// What the bare driver reached with 256 callers before each round, by number of nodes: open loops take shares of it.
    pub(crate) capacity: BTreeMap<usize, Vec<f64>>,
    pub(crate) skipped: Skipped,
    /// Turns that came to nothing.
    pub(crate) failures: Vec<String>,
    pub(crate) runs: Vec<Run>,
    /// The runs of each work, by their places.
    of: BTreeMap<String, BTreeSet<usize>>,
    /// What the rounds of the last run are counted from, so that those of several runs are apart.
    first_round: usize,
}

/// How much of one contender there is for each of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratio {
    /// Of the medians.
    pub(crate) of_medians: f64,
    /// The smallest and the largest of single rounds.
    pub(crate) spread: (f64, f64),
}

impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            of_medians,
            spread: (from, to),
        } = self;
        write!(f, "{of_medians:.2} ({from:.2}–{to:.2})")
    }
}

impl Results {
    /// What is added from now on is of this run.
    pub(crate) fn begin(&mut self, run: Run) {
        let rounds = self
            .samples
            .values()
            .flat_map(BTreeMap::values)
            .flat_map(BTreeMap::keys);
        self.first_round = rounds.max().map_or(0, |last| last + 1);
        self.runs.push(run);
    }

    pub(crate) fn add(&mut self, work: &str, arm: Arm, round: usize, sample: Sample) {
        let runs = self.of.entry(work.to_owned()).or_default();
        runs.insert(self.runs.len().saturating_sub(1));
        let arms = self.samples.entry(work.to_owned()).or_default();
        arms.entry(arm)
            .or_default()
            .insert(self.first_round + round, sample);
    }

    /// A turn that came to nothing.
    pub(crate) fn fail(&mut self, work: &str, arm: Arm, round: usize, why: &str) {
        let text = format!("round {}, {work}, {}: {why}", round + 1, arm.name());
        self.failures.push(match self.runs.len() {
            0 | 1 => text,
            run => format!("run {run}, {text}"),
        });
    }

    /// The numbers of the runs of a work, counted from 1; none if there is but one run.
    pub(crate) fn runs_of(&self, work: &str) -> Vec<usize> {
        let runs = self.of.get(work).filter(|_| self.runs.len() > 1);
        runs.into_iter().flatten().map(|run| run + 1).collect()
    }

    /// Fails if the rows of one work are of different commits or machines: their ratios would say nothing.
    fn check(&self) -> Result<()> {
        for (work, runs) in &self.of {
            let mut runs = runs.iter().filter_map(|run| self.runs.get(*run));
            let Some(first) = runs.next() else {
                continue;
            };
            if let Some(other) = runs.find(|run| !run.is_like(first)) {
                return Err(format!(
                    "{work} is in runs that cannot be compared; leave the lines of one of them out:\n{first}\n\n{other}"
                )
                .into());
            }
        }
        Ok(())
    }

    /// The works that there are samples of, in the order of the plan.
    pub(crate) fn works(&self) -> Vec<(String, &'static str)> {
        let nodes = [1, 3].into_iter();
        let names = nodes.flat_map(|nodes| {
            let of = WORKS.iter().filter(move |work| work.nodes.contains(&nodes));
            of.map(move |work| (work.result_name(nodes), work.about))
        });
        names
            .filter(|(name, _)| self.samples.contains_key(name))
            .collect()
    }

    pub(crate) fn arms(&self, work: &str) -> Vec<Arm> {
        self.samples
            .get(work)
            .into_iter()
            .flat_map(BTreeMap::keys)
            .copied()
            .collect()
    }

    /// The median of the rounds, figure by figure.
    pub(crate) fn median(&self, work: &str, arm: Arm) -> Option<Sample> {
        let rounds = self.samples.get(work)?.get(&arm)?;
        Some(Sample::median_of(&rounds.values().copied().collect::<Vec<_>>()))
    }

    /// None where one of them has no such figure.
    pub(crate) fn ratio(&self, work: &str, arm: Arm, beside: Arm, figure: Figure) -> Option<Ratio> {
        let arms = self.samples.get(work)?;
        let (ours, theirs) = (arms.get(&arm)?, arms.get(&beside)?);
        let of = |rounds: &BTreeMap<usize, Sample>| median(rounds.values().map(|sample| sample[figure]));
        let of_medians = of(ours) / of(theirs);
        let single = ours
            .iter()
            .filter_map(|(round, sample)| Some(sample[figure] / theirs.get(round)?[figure]));
        let spread = spread(single);
        // Without a round in common they took no turns, and nothing can be said of them.
        let is_one = of_medians.is_finite() && !spread.0.is_nan();
        is_one.then_some(Ratio { of_medians, spread })
    }

    /// Of all rounds.
    pub(crate) fn spread(&self, work: &str, arm: Arm, figure: Figure) -> (f64, f64) {
        let rounds = self.samples.get(work).and_then(|arms| arms.get(&arm));
        spread(
            rounds
                .into_iter()
                .flat_map(BTreeMap::values)
                .map(|sample| sample[figure]),
        )
    }
}

/// Prints tables and lines, and writes the files.
pub(crate) fn show(results: &Results, options: &Options) -> Result<()> {
    print!("{}", tables::text(results));
    println!();
    for goal in goals::judge(results) {
        println!("{goal}");
    }
    println!();
    for (work, _) in results.works() {
        for arm in results.arms(&work) {
            if let Some(median) = results.median(&work, arm) {
                println!("{}", median.line(&work, arm.name()));
            }
        }
    }
    if options.writes {
        markdown::write(results, options)?;
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Rounds of one figure.
    pub(crate) fn add(results: &mut Results, work: &str, arm: Arm, figure: Figure, rounds: &[f64]) {
        for (round, value) in rounds.iter().enumerate() {
            let mut sample = results
                .samples
                .get(work)
                .and_then(|arms| arms.get(&arm)?.get(&round))
                .copied()
                .unwrap_or_default();
            sample[figure] = *value;
            results.add(work, arm, round, sample);
        }
    }

    #[test]
    fn ratios_are_of_medians_with_the_spread_of_the_rounds() {
        let mut results = Results::default();
        add(
            &mut results,
            "reads_64",
            Arm::Ours,
            Figure::Cpu,
            &[11.0, 10.0, 30.0],
        );
        add(
            &mut results,
            "reads_64",
            Arm::Bare,
            Figure::Cpu,
            &[10.0, 10.0, 10.0],
        );
        let ratio = results
            .ratio("reads_64", Arm::Ours, Arm::Bare, Figure::Cpu)
            .unwrap();
        assert_eq!(
            ratio,
            Ratio {
                of_medians: 1.1,
                spread: (1.0, 3.0)
            }
        );
        assert_eq!(ratio.to_string(), "1.10 (1.00–3.00)");
        assert!(
            results
                .ratio("reads_64", Arm::Ours, Arm::Hand, Figure::Cpu)
                .is_none()
        );
        assert!(
            results
                .ratio("reads_64", Arm::Ours, Arm::Bare, Figure::Rss)
                .is_none()
        );
    }

    #[test]
    fn rounds_that_failed_are_left_out() {
        let mut results = Results::default();
        add(&mut results, "frozen", Arm::Ours, Figure::P99, &[5.0, 7.0]);
        let mut sample = Sample::default();
        sample[Figure::P99] = 10.0;
        results.add("frozen", Arm::Bare, 1, sample);
        let ratio = results
            .ratio("frozen", Arm::Ours, Arm::Bare, Figure::P99)
            .unwrap();
        assert_eq!(ratio.spread, (0.7, 0.7));
        assert_eq!(results.works().len(), 1);
    }
}

//! The lines of a run, which are enough to show its results again.

use super::Results;
use super::run::Run;
use crate::Result;
use crate::arms::Arm;
use crate::sample::Sample;

const SKIPPED: &str = "skipped: ";
const CAPACITY: &str = "bare driver, 256 callers, ";

/// The line that a run prints after each turn.
pub(crate) fn line(round: usize, work: &str, arm: Arm, sample: &Sample) -> String {
    format!("round {} {work} {} {sample}", round + 1, arm.name())
}

/// The line of a turn that came to nothing. Of an error that has several, the first.
pub(crate) fn failed(round: usize, work: &str, arm: Arm, why: &str) -> String {
    let why = first_line(why);
    format!("round {} {work} {} failed: {why}", round + 1, arm.name())
}

/// The line of a contender that is not there.
pub(crate) fn skipped(arm: Arm, why: &str) -> String {
    format!("{SKIPPED}{}: {}", arm.name(), first_line(why))
}

/// The line of what the bare driver reaches, of which open loops offer a share.
pub(crate) fn capacity(nodes: usize, per_second: f64) -> String {
    format!("{CAPACITY}{nodes} nodes: {per_second:.0} reads per second")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Reads the logs of one run or of several, one after the other. Whatever is no line of a run is passed over.
///
/// # Errors
/// The rows of one work are of runs that cannot be compared.
pub(crate) fn read(text: &str) -> Result<Results> {
    let mut results = Results::default();
    for line in text.lines() {
        if let Some(command) = Run::begins(line) {
            results.begin(Run {
                command: Some(command.to_owned()),
                ..Run::default()
            });
            continue;
        }
        if results.runs.last_mut().is_some_and(|run| run.read(line)) {
            continue;
        }
        read_line(&mut results, line);
    }
    results.check()?;
    Ok(results)
}

fn read_line(results: &mut Results, line: &str) -> Option<()> {
    if let Some(rest) = line.strip_prefix(SKIPPED) {
        let (arm, why) = rest.split_once(": ")?;
        results.skipped.insert(Arm::by_name(arm)?, why.to_owned());
    } else if let Some(rest) = line.strip_prefix(CAPACITY) {
        let (nodes, rest) = rest.split_once(" nodes: ")?;
        let per_second = rest.strip_suffix(" reads per second")?.parse().ok()?;
        let capacities = results.capacity.entry(nodes.parse().ok()?).or_default();
        capacities.push(per_second);
    } else {
        let mut words = line.strip_prefix("round ")?.splitn(4, ' ');
        let round = words.next()?.parse::<usize>().ok()?.checked_sub(1)?;
        let (work, arm) = (words.next()?, Arm::by_name(words.next()?)?);
        let outcome = words.next()?;
        match outcome.strip_prefix("failed: ") {
            Some(why) => results.fail(work, arm, round, why),
            None => results.add(work, arm, round, Sample::parse(outcome)?),
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Figure;

    fn sample(p50: f64) -> Sample {
        let mut sample = Sample::default();
        sample[Figure::P50] = p50;
        sample
    }

    #[test]
    fn results_are_read_from_the_lines_of_a_run() {
        let lines = [
            "command: --quick".to_owned(),
            "commit: abc1234".to_owned(),
            "machine: 2 cores".to_owned(),
            skipped(Arm::Gocql, "go: not found\nand more"),
            "seed 7".to_owned(),
            "server: Apache Cassandra 4.1.10".to_owned(),
            "filling rows_10k".to_owned(),
            capacity(3, 31_415.4),
            line(0, "reads_64", Arm::Bare, &sample(7.0)),
            line(1, "reads_64", Arm::Bare, &sample(7.0)),
            failed(1, "reads_64", Arm::Ours, "no\nand why"),
        ];
        let results = read(&lines.join("\n")).unwrap();
        let [run] = &results.runs[..] else {
            panic!("{:?}", results.runs);
        };
        assert_eq!(run.command.as_deref(), Some("--quick"));
        let of = (run.commit(), run.machine(), run.server());
        assert_eq!(of, ("abc1234", "2 cores", "Apache Cassandra 4.1.10"));
        assert_eq!(results.arms("reads_64"), [Arm::Bare]);
        assert_eq!(results.median("reads_64", Arm::Bare).unwrap()[Figure::P50], 7.0);
        assert_eq!(results.failures, ["round 2, reads_64, ours: no"]);
        assert_eq!(results.skipped[&Arm::Gocql], "go: not found");
        assert_eq!(results.capacity[&3], [31_415.0]);
        assert!(results.runs_of("reads_64").is_empty());
    }

    #[test]
    fn rounds_of_several_runs_are_apart_and_each_work_knows_its_own() {
        let run = |commit: &str, work: &str, p50: f64| {
            let turn = line(0, work, Arm::Bare, &sample(p50));
            format!("command: --works {work}\ncommit: {commit}\n{turn}\n")
        };
        let same = [run("a", "reads_64", 1.0), run("a", "reads_64", 3.0)].concat();
        let results = read(&same).unwrap();
        assert_eq!(results.median("reads_64", Arm::Bare).unwrap()[Figure::P50], 2.0);
        assert_eq!(results.runs_of("reads_64"), [1, 2]);

        let apart = [run("a", "reads_64", 1.0), run("b", "writes_64", 3.0)].concat();
        let results = read(&apart).unwrap();
        assert_eq!(results.runs_of("writes_64"), [2]);
        assert_eq!(results.runs[1].commit(), "b");

        let mixed = [run("a", "reads_64", 1.0), run("b", "reads_64", 3.0)].concat();
        assert!(read(&mixed).unwrap_err().to_string().contains("reads_64"));
    }
}

//! The lines of a run, which are enough to show its results again.

use super::Results;
use crate::arms::Arm;
use crate::sample::Sample;

pub(crate) const COMMAND: &str = "command: ";
pub(crate) const COMMIT: &str = "commit: ";

/// The line that a run prints after each turn.
pub(crate) fn line(round: usize, work: &str, arm: Arm, sample: &Sample) -> String {
    format!("round {} {work} {} {sample}", round + 1, arm.name())
}

/// Whatever is no line of a turn is passed over.
pub(crate) fn read(text: &str) -> Results {
    let mut results = Results::default();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix(COMMAND) {
            command.clone_into(&mut results.command);
        } else if let Some(commit) = line.strip_prefix(COMMIT) {
            commit.clone_into(&mut results.commit);
        } else if let Some((round, work, arm, sample)) = turn(line) {
            results.add(work, arm, round, sample);
        }
    }
    results
}

fn turn(line: &str) -> Option<(usize, &str, Arm, Sample)> {
    let mut words = line.strip_prefix("round ")?.splitn(4, ' ');
    let round: usize = words.next()?.parse().ok()?;
    let (work, arm) = (words.next()?, Arm::by_name(words.next()?)?);
    Some((round.checked_sub(1)?, work, arm, Sample::parse(words.next()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Figure;

    #[test]
    fn results_are_read_from_the_lines_of_a_run() {
        let mut sample = Sample::default();
        sample[Figure::P50] = 7.0;
        let lines = [
            "command: --quick".to_owned(),
            "filling rows_10k".to_owned(),
            line(0, "reads_64", Arm::Bare, &sample),
            line(1, "reads_64", Arm::Bare, &sample),
            "round 2 reads_64 ours failed: no".to_owned(),
        ];
        let results = read(&lines.join("\n"));
        assert_eq!(results.command, "--quick");
        assert_eq!(results.arms("reads_64"), [Arm::Bare]);
        assert_eq!(results.median("reads_64", Arm::Bare).unwrap()[Figure::P50], 7.0);
    }
}

//! One line of the table.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tower_cassandra::Applied;

use super::fault::Fault;
use super::ledger::Verdict;
use super::log::{Event, Side, Told};
use super::operation::Operation;

/// What one operation of one side came to in one fault.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) operation: Operation,
    pub(crate) fault: Fault,
    pub(crate) side: Side,
    pub(crate) requests: usize,
    pub(crate) kinds: BTreeMap<&'static str, usize>,
    pub(crate) ambiguous: usize,
    pub(crate) over_100ms: usize,
    pub(crate) over_1s: usize,
    pub(crate) slowest: Duration,
    pub(crate) gap: Duration,
    pub(crate) verdict: Verdict,
}

impl Row {
    /// From the events of one operation and side that were under way between `from` and `to`.
    pub(crate) fn new(
        (operation, fault, side): (Operation, Fault, Side),
        events: &[&Event],
        (from, to): (Duration, Duration),
        verdict: Verdict,
    ) -> Self {
        let mut kinds = BTreeMap::new();
        let mut ambiguous = 0;
        for event in events {
            if let Told::Failed { kind, applied } = event.told {
                *kinds.entry(kind).or_default() += 1;
                // What only reads leaves nothing open.
                ambiguous += usize::from(applied == Applied::Maybe && operation.writes());
            }
        }
        let over = |limit: u64| {
            let limit = Duration::from_millis(limit);
            events.iter().filter(|event| event.took() > limit).count()
        };
        Self {
            operation,
            fault,
            side,
            requests: events.len(),
            kinds,
            ambiguous,
            over_100ms: over(100),
            over_1s: over(1_000),
            slowest: events.iter().map(|event| event.took()).max().unwrap_or_default(),
            gap: longest_gap(events, from, to),
            verdict,
        }
    }

    pub(crate) fn failed(&self) -> usize {
        self.kinds.values().sum()
    }
}

/// The longest time in which nothing succeeded.
fn longest_gap(events: &[&Event], from: Duration, to: Duration) -> Duration {
    let mut successes: Vec<Duration> = events
        .iter()
        .filter(|event| event.succeeded())
        .map(|event| event.ended.clamp(from, to))
        .collect();
    successes.push(to);
    successes.sort_unstable();
    let mut last = from;
    let mut longest = Duration::ZERO;
    for success in successes {
        longest = longest.max(success - last);
        last = success;
    }
    longest
}

/// For machines.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "drill: {} {} {} requests={} failed={} ambiguous={} over_100ms={} over_1s={} slowest_ms={} gap_ms={} double={} lost={}",
            self.operation.name(),
            self.fault.name(),
            self.side.name(),
            self.requests,
            self.failed(),
            self.ambiguous,
            self.over_100ms,
            self.over_1s,
            self.slowest.as_millis(),
            self.gap.as_millis(),
            self.verdict.double,
            self.verdict.lost,
        )
    }
}

/// The whole table, for people.
pub(crate) fn print_table(rows: &[Row]) {
    println!(
        "\n{:<11} {:<16} {:<4} {:>6} {:>6} {:>5} {:>6} {:>6} {:>8} {:>7} {:>4} {:>4}  failures by kind",
        "fault", "operation", "", "sent", "failed", "ambig", ">100ms", ">1s", "slowest", "gap", "dbl", "lost"
    );
    for row in rows {
        let kinds: Vec<String> = row
            .kinds
            .iter()
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect();
        println!(
            "{:<11} {:<16} {:<4} {:>6} {:>6} {:>5} {:>6} {:>6} {:>8} {:>7} {:>4} {:>4}  {}",
            row.fault.name(),
            row.operation.name(),
            row.side.name(),
            row.requests,
            row.failed(),
            row.ambiguous,
            row.over_100ms,
            row.over_1s,
            row.slowest.as_millis(),
            row.gap.as_millis(),
            row.verdict.double,
            row.verdict.lost,
            kinds.join(", ")
        );
    }
}

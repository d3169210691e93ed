//! What has to be reached, and whether it was.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tower_cassandra::cluster::defaults;

use super::fault::Fault;
use super::ledger::Verdict;
use super::log::Side;
use super::operation::Operation;
use super::row::Row;

/// Beyond a limit of time by so much is the machine's business.
const GRACE: Duration = Duration::from_millis(100);

/// One goal of one fault.
#[derive(Debug)]
pub(crate) struct Goal {
    pub(crate) name: String,
    pub(crate) met: bool,
    /// Must it hold whatever the machine is like?
    pub(crate) safety: bool,
    figure: String,
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let met = if self.met { "met" } else { "missed" };
        write!(f, "goal: {} {met} ({})", self.name, self.figure)
    }
}

/// What a fault was like, beside its rows.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) fault: Fault,
    /// Requests under way on the nodes when their gates closed.
    pub(crate) in_flight: u32,
    /// The p99 before the fault.
    pub(crate) control: Duration,
    /// The p99.9 of the session up to the fault, where it has second attempts beside slow first ones.
    pub(crate) healthy: Option<Duration>,
    /// When the p99 was back, after the end of the fault.
    pub(crate) latency_back: Option<Duration>,
    /// When the nodes had their part of the traffic again.
    pub(crate) share_back: Option<Duration>,
}

/// Judges the stack by its rows of one fault.
pub(crate) fn judge(rows: &[Row], facts: &Facts) -> Vec<Goal> {
    let fault = facts.fault;
    let ours = || rows.iter().filter(|row| row.side == Side::Ours);
    let sum = |of: &dyn Fn(&Row) -> u64| ours().map(of).sum::<u64>();
    let mut goals = Vec::new();
    let mut goal = |name: &str, met, safety, figure: String| {
        goals.push(Goal {
            name: format!("{} {name}", fault.name()),
            met,
            safety,
            figure,
        });
    };
    let double = sum(&|row| row.verdict.double);
    goal("no double", double == 0, true, format!("{double} double"));
    let lost = sum(&|row| row.verdict.lost);
    goal("no loss", lost == 0, true, format!("{lost} lost"));

    if fault.spares_the_quorum() {
        let idempotent = || ours().filter(|row| row.operation.is_idempotent());
        let failed: usize = idempotent().map(Row::failed).sum();
        goal(
            "idempotent requests succeed",
            failed == 0,
            false,
            format!("{failed} failed"),
        );
        // PREPARE waits for all nodes with a connection, whatever the gate and the attempt limit.
        let calls = || idempotent().filter(|row| row.operation != Operation::Prepare);
        let slow: usize = calls().map(|row| row.over_1s).sum();
        let allowed = facts.in_flight as usize + 2;
        goal(
            "slow are only those under way",
            slow <= allowed,
            false,
            format!("{slow} over 1 s, {} were under way", facts.in_flight),
        );
        let slowest = calls().map(|row| row.slowest).max().unwrap_or_default();
        goal(
            "none longer than the attempt limit",
            slowest <= defaults::ATTEMPT_TIMEOUT + GRACE,
            false,
            format!("{} ms", slowest.as_millis()),
        );
        if let Some(healthy) = facts.healthy {
            let slowest = reads_and_writes(&ours);
            let most = (5 * healthy).max(Duration::from_millis(100));
            goal(
                "with second attempts none longer than 100 ms, or 5 times the p99.9 of before",
                slowest <= most,
                false,
                format!("{} ms of {}", slowest.as_millis(), most.as_millis()),
            );
        }
        let prepares = idempotent().filter(|row| row.operation == Operation::Prepare);
        let slowest = prepares.map(|row| row.slowest).max().unwrap_or_default();
        goal(
            "no PREPARE waits longer than for a silent connection",
            slowest <= defaults::KEEPALIVE_INTERVAL + defaults::KEEPALIVE_TIMEOUT + GRACE,
            false,
            format!("{} ms", slowest.as_millis()),
        );
    } else {
        let is_said =
            |kind: &str| ["unavailable", "timeout", "read_timeout", "write_timeout"].contains(&kind);
        let mut others = BTreeMap::<&str, usize>::new();
        // PREPARE has a limit of its own, and needs no quorum.
        let calls = || ours().filter(|row| row.operation != Operation::Prepare);
        for (kind, count) in calls()
            .flat_map(|row| &row.kinds)
            .filter(|(kind, _)| !is_said(kind))
        {
            *others.entry(kind).or_default() += count;
        }
        goal(
            "fails by timeouts or as unavailable only",
            others.is_empty(),
            false,
            format!("others {others:?}"),
        );
        let slowest = calls().map(|row| row.slowest).max().unwrap_or_default();
        goal(
            "none longer than the call limit",
            slowest <= defaults::TIMEOUT + GRACE,
            false,
            format!("{} ms", slowest.as_millis()),
        );
    }

    let within =
        |back: Option<Duration>, seconds| back.is_some_and(|back| back <= Duration::from_secs(seconds));
    let shown = |back: Option<Duration>| match back {
        Some(back) => format!("after {:.1} s", back.as_secs_f64()),
        None => "not seen".to_owned(),
    };
    goal(
        "p99 back within 15 s",
        within(facts.latency_back, 15),
        false,
        format!(
            "{}, to that of before, {:.1} ms",
            shown(facts.latency_back),
            facts.control.as_secs_f64() * 1_000.0
        ),
    );
    goal(
        "fair share within 30 s",
        within(facts.share_back, 30),
        false,
        shown(facts.share_back),
    );
    goals
}

fn reads_and_writes<'a, I: Iterator<Item = &'a Row>>(rows: &impl Fn() -> I) -> Duration {
    let its = rows().filter(|row| matches!(row.operation, Operation::Read | Operation::IdempotentWrite));
    its.map(|row| row.slowest).max().unwrap_or_default()
}

/// Judges the ledger after everything.
pub(crate) fn at_the_end(verdict: Verdict) -> [Goal; 2] {
    let goal = |what: &str, count: u64| Goal {
        name: format!("at the end {what}"),
        met: count == 0,
        safety: true,
        figure: count.to_string(),
    };
    [goal("no double", verdict.double), goal("no loss", verdict.lost)]
}

//! The goals, each in a smaller form and in the whole one.

use crate::by_hand::full;
use crate::drive::{Arm, run};
use crate::figures::{Run, median, print};
use crate::plan::{MILLI, Plan, SECOND};

/// `SEED` is the first of them, `SEEDS` how many: ten for the whole form, `few` otherwise. Always the same unless others are asked for: the
/// goals are about the median of ten runs, and a few runs with an unlucky seed miss one (23770 did).
pub(crate) fn seeds(few: u64) -> Vec<u64> {
    let given = |name| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let first = given("SEED").unwrap_or(1);
    println!("SEED={first}");
    let count = given("SEEDS").unwrap_or(if full() { 10 } else { few });
    (first..first + count).collect()
}

pub(crate) struct Runs(Vec<(Arm, Vec<Run>)>);

impl Runs {
    pub(crate) fn of_all(plan: &Plan, arms: &[Arm]) -> Self {
        Self::of_seeds(plan, arms, &seeds(1))
    }

    /// Seed by seed, so that what else the machine does meets all arms.
    pub(crate) fn of_seeds(plan: &Plan, arms: &[Arm], seeds: &[u64]) -> Self {
        let mut runs: Vec<(Arm, Vec<Run>)> = arms.iter().map(|arm| (*arm, Vec::new())).collect();
        for seed in seeds {
            for (arm, runs) in &mut runs {
                runs.push(run(plan, *arm, *seed));
            }
        }
        let named: Vec<_> = runs.iter().map(|(arm, runs)| (arm.name(), &runs[..])).collect();
        print(plan, seeds, &named);
        Self(runs)
    }

    pub(crate) fn of(&self, arm: Arm) -> &[Run] {
        let found = self.0.iter().find(|(of, _)| *of == arm);
        &found.expect("it was run").1
    }

    pub(crate) fn median(&self, arm: Arm, figure: fn(&Run) -> f64) -> f64 {
        median(self.of(arm).iter().map(figure))
    }

    /// How much larger the figure is than that of another way to choose.
    pub(crate) fn ratio(&self, arm: Arm, to: Arm, figure: fn(&Run) -> f64) -> f64 {
        self.median(arm, figure) / self.median(to, figure)
    }
}

/// What the prober may add: 0.5 % and one a second to each node.
fn assert_few_probes(plan: &Plan, runs: &[Run]) {
    let (sessions, seconds) = (f64::from(plan.clients), plan.length() as f64 / SECOND as f64);
    let per_second = sessions * f64::from(plan.nodes) * seconds / f64::from(plan.requests);
    for run in runs {
        assert!(run.extra <= 0.5 + 100.0 * per_second, "{} % extra", run.extra);
    }
}

fn within(value: f64, of: f64) -> bool {
    (1.0 - of..=1.0 + of).contains(&value)
}

#[test]
fn among_healthy_nodes_it_costs_nothing_and_asks_all_of_them_alike() {
    let small = Plan::healthy().smaller(10, 2, 60_000);
    let plan = if full() { Plan::healthy() } else { small };
    let runs = Runs::of_all(&plan, &Arm::CHOICE);
    let (p50, p99) = (
        runs.ratio(Arm::Ours, Arm::Random, |run| run.p50),
        runs.ratio(Arm::Ours, Arm::Random, |run| run.p99),
    );
    assert!(
        within(p50, 0.02) && within(p99, 0.02),
        "p50 {p50}, p99 {p99} of random"
    );
    let spread = runs.ratio(Arm::Ours, Arm::Random, Run::spread);
    // One small run says little of a standard deviation of ten shares.
    let bound = if full() { 1.0 } else { 1.5 };
    assert!(spread <= bound, "{spread} times as uneven as random");
    assert_few_probes(&plan, runs.of(Arm::Ours));
}

#[test]
fn pauses_of_nodes_are_as_good_as_hidden() {
    let plan = if full() {
        Plan::pauses()
    } else {
        Plan::pauses_smaller()
    };
    let runs = Runs::of_seeds(&plan, &Arm::CHOICE, &seeds(5));
    let p99 = runs.median(Arm::Ours, |run| run.p99);
    let ratio = runs.ratio(Arm::Ours, Arm::Oracle, |run| run.p99);
    // Of ten nodes that pause more often the three of a request may well do so together. The oracle gains by knowing which is back first.
    let (most, times) = if full() { (10.0, 1.15) } else { (25.0, 2.0) };
    assert!(
        p99 <= most && ratio <= times,
        "p99 {p99} ms, {ratio} of the oracle's"
    );
    assert_few_probes(&plan, runs.of(Arm::Ours));
}

#[test]
fn a_limping_node_gets_next_to_nothing() {
    let mut plan = Plan::limping();
    if !full() {
        plan.requests /= 4;
    }
    let runs = Runs::of_all(&plan, &Arm::CHOICE);
    for run in runs.of(Arm::Ours) {
        assert!(run.shares[0] <= 2.0, "{} %", run.shares[0]);
    }
    let ratio = runs.ratio(Arm::Ours, Arm::Oracle, |run| run.p99);
    assert!(ratio <= 1.10, "p99 {ratio} of the oracle's");
    assert_few_probes(&plan, runs.of(Arm::Ours));
}

#[test]
fn a_frozen_node_holds_only_what_was_under_way() {
    let plan = if full() {
        Plan::frozen()
    } else {
        Plan::frozen_shorter()
    };
    let runs = Runs::of_all(&plan, &Arm::ALL);
    // With the limits of a session as well: there the attempts that are given up must go on being counted.
    for arm in [Arm::Ours, Arm::OursShipped] {
        for run in runs.of(arm) {
            assert!(run.over_1_s <= 20.0, "{} over 1 s", run.over_1_s);
            assert!(run.failed == 0.0, "{} failed", run.failed);
        }
        let share = runs.ratio(arm, Arm::Oracle, |run| run.shares[0]);
        assert!(
            within(share, 0.05),
            "{share} of the oracle's share: it comes back too late"
        );
    }
}

#[test]
fn one_of_eleven_at_two_seconds_is_noticed_by_few() {
    let runs = Runs::of_all(&Plan::one_of_eleven(), &Arm::CHOICE);
    // Without hedging; 0.06 % is the floor of the goals.
    for run in runs.of(Arm::Ours) {
        assert!(run.over_1_s <= 0.000_6 * 60_000.0 * 1.5, "{}", run.over_1_s);
    }
    let over_1_s = runs.median(Arm::Ours, |run| run.over_1_s);
    assert!(!full() || over_1_s <= 0.000_6 * 60_000.0, "{over_1_s}");
}

/// The most that the node got in any 100 ms of its first two seconds, beyond 1.2 of its share and three times the root of it.
fn flood(plan: &Plan, run: &Run) -> f64 {
    let joins = plan.joins.expect("a node joins");
    let newcomer = plan.nodes - 1;
    let beyond = run
        .windows(newcomer, 10 * MILLI, 10)
        .into_iter()
        .filter(|window| (joins..joins + 2 * SECOND).contains(&window.from))
        .map(|window| {
            let share = window.any / f64::from(plan.nodes);
            window.there - 1.2 * share - 3.0 * share.sqrt()
        });
    beyond.fold(f64::MIN, f64::max)
}

/// What it got in its second second, of its fair share.
fn arrived(plan: &Plan, run: &Run) -> f64 {
    let second = run.windows(plan.nodes - 1, SECOND, 1);
    let joins = plan.joins.expect("a node joins") / SECOND;
    let second = &second[joins as usize + 1];
    second.there / second.any * f64::from(plan.nodes)
}

#[test]
fn a_node_that_joins_is_not_flooded_and_soon_has_its_share() {
    for plan in [Plan::joining(), Plan::joining_slow()] {
        let runs = Runs::of_all(&plan, &Arm::CHOICE);
        for run in runs.of(Arm::Ours) {
            let (flood, arrived) = (flood(&plan, run), arrived(&plan, run));
            assert!(flood <= 0.0, "{flood} requests too many");
            assert!(arrived >= 0.9, "{arrived} of its share");
        }
    }
}

#[test]
fn a_node_that_joins_and_fails_fast_is_no_trap() {
    let plan = Plan::joining().failing();
    let runs = Runs::of_all(&plan, &Arm::CHOICE);
    for run in runs.of(Arm::Ours) {
        assert!(flood(&plan, run) <= 0.0);
        // Every client may need some failures to find out, and one more at each probation.
        assert!(run.failed == 0.0 && run.shares[3] <= 1.0, "{run:?}");
    }
}

//! The goals with a second attempt beside a slow first one.

use crate::by_hand::full;
use crate::drive::{Arm, run};
use crate::figures::Run;
use crate::goals::{Runs, seeds};
use crate::plan::Plan;

/// What is saved at most, of each client.
const BURST: f64 = 64.0;
/// What the budget of retries gives in 10 s in any case, to each client.
const FLOOR: f64 = 50.0;

#[test]
fn what_was_under_way_on_a_node_that_pauses_is_answered_by_another() {
    let plan = if full() {
        Plan::pauses()
    } else {
        Plan::pauses_smaller()
    };
    let arms = [Arm::Random, Arm::Ours, Arm::OursHedged, Arm::OracleHedged];
    let runs = Runs::of_seeds(&plan, &arms, &seeds(5));
    let to_oracle = runs.ratio(Arm::OursHedged, Arm::OracleHedged, |run| run.p999);
    let better = runs.ratio(Arm::Random, Arm::OursHedged, |run| run.p999);
    // Of ten nodes that pause more often the three of a request may well do so together.
    let (most, least) = if full() { (1.25, 8.0) } else { (2.0, 3.0) };
    assert!(
        to_oracle <= most && better >= least,
        "p99.9 {to_oracle} of the oracle's, {better} times better than random"
    );
    for run in runs.of(Arm::OursHedged) {
        assert!(run.hedged <= 2.0, "{} % hedged", run.hedged);
    }
}

#[test]
fn a_node_that_freezes_delays_nobody() {
    let plan = if full() {
        Plan::frozen()
    } else {
        Plan::frozen_shorter()
    };
    let arms = [Arm::Ours, Arm::OursHedged, Arm::OursHedgedShipped];
    let runs = Runs::of_all(&plan, &arms);
    for arm in [Arm::OursHedged, Arm::OursHedgedShipped] {
        for run in runs.of(arm) {
            assert!(run.over_1_s == 0.0 && run.failed == 0.0, "{run:?}");
            assert!(
                run.slowest <= 10.0 * run.p50,
                "the slowest took {} ms",
                run.slowest
            );
        }
    }
}

#[test]
fn one_of_eleven_at_two_seconds_is_noticed_by_nobody() {
    let count = if full() { 1_000 } else { 10 };
    let first = seeds(1)[0];
    let plan = Plan::one_of_eleven();
    let mut worst = Run::default();
    for seed in first..first + count {
        let run = run(&plan, Arm::OursHedgedRarely, seed);
        assert!(
            run.over_1_s == 0.0 && run.failed == 0.0,
            "seed {seed}: {} over 1 s",
            run.over_1_s
        );
        assert!(run.hedged <= 0.25, "seed {seed}: {} % hedged", run.hedged);
        worst.slowest = worst.slowest.max(run.slowest);
        worst.hedged = worst.hedged.max(run.hedged);
    }
    println!(
        "{count} seeds: the slowest took {} ms, at most {} % hedged",
        worst.slowest, worst.hedged
    );
}

/// No second has more second attempts than were earned and saved, no ten seconds more of anything than the budget gives.
fn assert_bounded(plan: &Plan, run: &Run) {
    let clients = f64::from(plan.clients);
    for [calls, hedges, _] in run.extras(0) {
        let most = 0.01 * calls + (BURST + 1.0) * clients;
        assert!(hedges <= most, "{hedges} of {calls} in one second");
    }
    for [calls, _, all] in run.extras(10) {
        let most = 0.10 * calls + FLOOR * clients;
        assert!(all <= most, "{all} beyond {calls} in ten seconds");
    }
}

#[test]
fn where_everything_is_slow_it_adds_next_to_nothing() {
    for plan in [Plan::outage(), Plan::overload()] {
        let arms = [Arm::OursShippedSaving, Arm::OursHedgedShipped];
        let runs = Runs::of_seeds(&plan, &arms, &seeds(3));
        for run in runs.of(Arm::OursHedgedShipped) {
            assert_bounded(&plan, run);
        }
        let good = |arm| f64::from(plan.requests) - runs.median(arm, |run| run.failed);
        let (with, without) = (good(Arm::OursHedgedShipped), good(Arm::OursShippedSaving));
        // A few runs differ by as much.
        let least = if full() { 0.99 } else { 0.97 };
        assert!(with >= least * without, "{with} good answers, {without} without");
    }
}

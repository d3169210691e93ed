//! The goals, each in the smaller form and in the whole one.

use crate::by_hand::full;
use crate::drive::{Arm, run};
use crate::figures::{Run, median, print};
use crate::plan::Plan;

/// Ten of them from `SEED` on for the whole form, one otherwise.
fn seeds() -> Vec<u64> {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let first = given.unwrap_or_else(|| u64::from(std::process::id()));
    println!("SEED={first}");
    let count = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok());
    let count = count.unwrap_or(if full() { 10 } else { 1 });
    (first..first + count).collect()
}

fn all(plan: &Plan, arms: &[Arm]) -> Vec<Vec<Run>> {
    let seeds = seeds();
    // Seed by seed, so that what else the machine does meets all arms.
    let mut runs: Vec<Vec<Run>> = arms.iter().map(|_| Vec::new()).collect();
    for seed in &seeds {
        for (arm, runs) in arms.iter().zip(&mut runs) {
            runs.push(run(plan, *arm, *seed));
        }
    }
    let named: Vec<_> = arms.iter().zip(&runs).map(|(arm, runs)| (arm.name(), &runs[..])).collect();
    print(plan, &seeds, &named);
    runs
}

#[test]
fn s0() {
    let plan = if full() { Plan::healthy() } else { Plan::healthy().smaller(10, 2, 50_000) };
    all(&plan, &Arm::CHOICE);
}

#[test]
fn s1() {
    all(&Plan::one_of_eleven(), &Arm::ALL);
}

#[test]
fn s2() {
    let plan = if full() { Plan::pauses() } else { Plan::pauses().smaller(10, 2, 100_000) };
    let runs = all(&plan, &Arm::ALL);
    let p99 = |runs: &[Run]| median(runs.iter().map(Run::p99).collect());
    println!("{}", p99(&runs[2]) / p99(&runs[3]));
}

#[test]
fn s3a() {
    all(&Plan::limping(), &Arm::ALL);
}

#[test]
fn s3b() {
    all(&Plan::frozen(), &Arm::ALL);
}

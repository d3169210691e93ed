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
    let named: Vec<_> = arms
        .iter()
        .zip(&runs)
        .map(|(arm, runs)| (arm.name(), &runs[..]))
        .collect();
    print(plan, &seeds, &named);
    runs
}

#[test]
fn s0() {
    let plan = if full() {
        Plan::healthy()
    } else {
        Plan::healthy().smaller(10, 2, 50_000)
    };
    all(&plan, &Arm::CHOICE);
}

#[test]
fn s1() {
    all(&Plan::one_of_eleven(), &Arm::ALL);
}

#[test]
fn s2() {
    let plan = if full() {
        Plan::pauses()
    } else {
        Plan::pauses().smaller(10, 2, 100_000)
    };
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

#[test]
fn joining() {
    use crate::plan::*;
    for (name, plan, what) in [
        ("fast", Plan::joining(), None),
        ("slow", Plan::joining_slow(), None),
        ("cold", Plan::joining(), Some(What::Slower(5))),
        ("failing", Plan::joining(), Some(What::Fails(300_000))),
    ] {
        let mut plan = plan;
        plan.trouble.extend(what.map(|what| Trouble {
            node: 3,
            during: 0..4 * SECOND,
            what,
        }));
        println!("{name}");
        let runs = all(&plan, &Arm::ALL[..4]);
        for (arm, runs) in Arm::ALL.iter().zip(&runs) {
            for r in runs {
                let (mut worst, mut at) = (f64::MIN, 0);
                let w = r.windows(3, 10 * MILLI, 10);
                for (start, total, new) in &w {
                    if *start < 2 * SECOND || *start > 4 * SECOND {
                        continue;
                    }
                    let fair = *total as f64 / 4.0;
                    let over = *new as f64 - 1.2 * fair - 3.0 * fair.sqrt();
                    if over > worst {
                        (worst, at) = (over, *start);
                    }
                }
                let share = |from: u64, to: u64| {
                    let v: Vec<_> = w.iter().filter(|(s, ..)| (from..to).contains(s)).collect();
                    v.iter().map(|(_, _, n)| *n as f64).sum::<f64>()
                        / v.iter().map(|(_, t, _)| *t as f64).sum::<f64>()
                };
                println!(
                    "{:<26} worst {worst:.0} at {} ms; first 100 {:?}; share 2nd second {:.3} later {:.3}",
                    arm.name(),
                    (at - 2 * SECOND) / MILLI,
                    w.iter().find(|x| x.0 == 2 * SECOND).unwrap(),
                    share(3 * SECOND, 4 * SECOND),
                    share(4 * SECOND, 5 * SECOND)
                );
            }
        }
    }
}

#[test]
fn fast() {
    let runs = all(&Plan::fast(), &Arm::CHOICE);
    for r in &runs[2] {
        println!("{:?}", r.shares());
    }
}

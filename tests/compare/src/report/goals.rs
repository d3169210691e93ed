//! What the figures are held against.

use std::fmt;

use super::Results;
use crate::arms::Arm;
use crate::sample::Figure;

/// One of them.
#[derive(Debug)]
pub(crate) struct Goal {
    what: String,
    reached: String,
    met: bool,
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, reached, met } = self;
        write!(
            f,
            "goal: {}: {what}: {reached}",
            if *met { "met" } else { "MISSED" }
        )
    }
}

impl Goal {
    pub(super) fn row(&self) -> Vec<String> {
        let verdict = if self.met { "met" } else { "**missed**" };
        vec![self.what.clone(), self.reached.clone(), verdict.to_owned()]
    }
}

#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(limit) => write!(f, "at most {limit}"),
            Self::AtLeast(limit) => write!(f, "at least {limit}"),
        }
    }
}

/// The default stack beside the bare driver.
const RATIOS: [(&str, Figure, &str, Bound); 10] = [
    ("reads_256", Figure::Cpu, "client CPU", Bound::AtMost(1.15)),
    ("writes_256", Figure::Cpu, "client CPU", Bound::AtMost(1.15)),
    (
        "reads_256",
        Figure::OpsPerSecond,
        "throughput",
        Bound::AtLeast(0.97),
    ),
    (
        "writes_256",
        Figure::OpsPerSecond,
        "throughput",
        Bound::AtLeast(0.97),
    ),
    ("reads_256", Figure::P99, "p99", Bound::AtMost(1.05)),
    ("writes_256", Figure::P99, "p99", Bound::AtMost(1.05)),
    ("reads_256_3n", Figure::Cpu, "client CPU", Bound::AtMost(1.15)),
    (
        "bm11_stream_1m",
        Figure::OpsPerSecond,
        "rows per second",
        Bound::AtLeast(0.97),
    ),
    (
        "bm12_stream_50k",
        Figure::OpsPerSecond,
        "rows per second",
        Bound::AtLeast(0.97),
    ),
    (
        "bm15_ten_streams",
        Figure::OpsPerSecond,
        "rows per second",
        Bound::AtLeast(0.97),
    ),
];

/// MiB above the bare driver with 10,000 requests under way.
const MEMORY: f64 = 25.0;
/// Of the ratio to the original that the bare driver reaches.
const BESIDE_ORIGINAL: f64 = 0.95;

/// All that can be judged by what was measured.
pub(crate) fn judge(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    for (work, figure, name, bound) in RATIOS {
        if let Some(ratio) = results.ratio(work, Arm::Ours, Arm::Bare, figure) {
            goals.push(Goal {
                what: format!("{work}: {name} {bound} × the bare driver"),
                reached: ratio.to_string(),
                met: bound.holds(ratio.of_medians),
            });
        }
    }
    let beside_original = |arm| results.ratio("reads_64", arm, Arm::Original, Figure::OpsPerSecond);
    if let (Some(ours), Some(bare)) = (beside_original(Arm::Ours), beside_original(Arm::Bare)) {
        let share = ours.of_medians / bare.of_medians;
        goals.push(Goal {
            what: format!("reads_64: at least {BESIDE_ORIGINAL} of the bare driver's ratio to the original"),
            reached: format!(
                "{share:.2} ({:.1} × the original, the bare driver {:.1} ×)",
                ours.of_medians, bare.of_medians
            ),
            met: share >= BESIDE_ORIGINAL,
        });
    }
    let resident = |arm| {
        results
            .median("memory_10000", arm)
            .map(|sample| sample[Figure::Rss])
    };
    if let (Some(ours), Some(bare)) = (resident(Arm::Ours), resident(Arm::Bare)) {
        goals.push(Goal {
            what: format!("memory_10000: at most {MEMORY} MiB above the bare driver"),
            reached: format!("{:.1} MiB ({ours:.1} and {bare:.1})", ours - bare),
            met: ours - bare <= MEMORY,
        });
    }
    goals
}

#[cfg(test)]
mod tests {
    use super::super::tests::add;
    use super::*;

    #[test]
    fn goals_are_missed_by_what_is_beyond_their_bounds() {
        let mut results = Results::default();
        for (arm, cpu, rate) in [(Arm::Ours, 11.6, 97.0), (Arm::Bare, 10.0, 100.0)] {
            add(&mut results, "reads_256", arm, Figure::Cpu, &[cpu]);
            add(&mut results, "reads_256", arm, Figure::OpsPerSecond, &[rate]);
        }
        let met: Vec<bool> = judge(&results).iter().map(|goal| goal.met).collect();
        assert_eq!(met, [false, true]);
    }

    #[test]
    fn memory_is_compared_as_a_difference() {
        let mut results = Results::default();
        add(&mut results, "memory_10000", Arm::Ours, Figure::Rss, &[80.0]);
        add(&mut results, "memory_10000", Arm::Bare, Figure::Rss, &[56.0]);
        let goals = judge(&results);
        assert!(
            goals[0].met && goals[0].reached.starts_with("24.0 MiB"),
            "{goals:?}"
        );
    }

    #[test]
    fn the_original_is_what_the_bare_driver_is_compared_with_as_well() {
        let mut results = Results::default();
        for (arm, rate) in [
            (Arm::Ours, 9_000.0),
            (Arm::Bare, 10_000.0),
            (Arm::Original, 1_000.0),
        ] {
            add(&mut results, "reads_64", arm, Figure::OpsPerSecond, &[rate]);
        }
        let goals = judge(&results);
        assert!(
            !goals[0].met && goals[0].reached.starts_with("0.90 (9.0 ×"),
            "{goals:?}"
        );
    }
}

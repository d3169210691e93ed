//! What a run showed, and a table of many.

use std::time::Duration;

use crate::plan::{MICRO, MILLI, Plan, SECOND};

/// One run of one plan with one way to choose.
pub(crate) struct Run {
    /// In microseconds, in the order they ended.
    latencies: Vec<u32>,
    pub(crate) failed: u32,
    pub(crate) requests: u32,
    /// Attempts and probes that reached a node, with the time, in this order.
    pub(crate) arrivals: Vec<(u64, u16)>,
    nodes: u16,
    pub(crate) steps: u64,
    pub(crate) took: Duration,
}

impl Run {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            latencies: Vec::with_capacity(plan.requests as usize),
            failed: 0,
            requests: plan.requests,
            arrivals: Vec::new(),
            nodes: plan.nodes,
            steps: 0,
            took: Duration::ZERO,
        }
    }

    pub(crate) fn ended(&mut self, from: u64, now: u64, ok: bool) {
        self.latencies.push(((now - from) / MICRO) as u32);
        self.failed += u32::from(!ok);
    }

    pub(crate) fn arrived(&mut self, arrivals: Vec<(u64, u16)>) {
        self.arrivals = arrivals;
        self.latencies.sort_unstable();
    }

    /// In milliseconds; so many of a million are faster.
    pub(crate) fn quantile(&self, of_a_million: u64) -> f64 {
        let place = self.latencies.len() as u64 * of_a_million / 1_000_000;
        let place = (place as usize).min(self.latencies.len() - 1);
        f64::from(self.latencies[place]) / 1_000.0
    }

    pub(crate) fn p99(&self) -> f64 {
        self.quantile(990_000)
    }

    /// How many took longer.
    pub(crate) fn over(&self, limit: u64) -> usize {
        let limit = (limit / MICRO) as u32;
        self.latencies.len() - self.latencies.partition_point(|latency| *latency <= limit)
    }

    pub(crate) fn slowest(&self) -> f64 {
        self.quantile(1_000_000)
    }

    /// What reached the nodes beyond one attempt for each request, in percent.
    pub(crate) fn extra(&self) -> f64 {
        100.0 * (self.arrivals.len() as f64 / f64::from(self.requests) - 1.0)
    }

    /// The share of each node of what reached any, in percent.
    pub(crate) fn shares(&self) -> Vec<f64> {
        let mut counts = vec![0_u32; usize::from(self.nodes)];
        for (_, node) in &self.arrivals {
            counts[usize::from(*node)] += 1;
        }
        let all = self.arrivals.len() as f64;
        counts
            .iter()
            .map(|count| 100.0 * f64::from(*count) / all)
            .collect()
    }
}

type Figure = (&'static str, fn(&Run) -> f64);

const FIGURES: [Figure; 10] = [
    ("p50 ms", |run| run.quantile(500_000)),
    ("p99", Run::p99),
    ("p99.9", |run| run.quantile(999_000)),
    ("p99.99", |run| run.quantile(999_900)),
    (">100 ms", |run| run.over(100 * MILLI) as f64),
    (">1 s", |run| run.over(SECOND) as f64),
    ("slowest", Run::slowest),
    ("failed", |run| f64::from(run.failed)),
    ("extra %", Run::extra),
    ("node 0 %", |run| run.shares()[0]),
];

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        (values[middle - 1] + values[middle]) / 2.0
    } else {
        values[middle]
    }
}

fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 1_000.0 || v.fract() == 0.0 => format!("{value:.0}"),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Prints the median over the seeds and the range, one line for each way to choose.
pub(crate) fn print(plan: &Plan, seeds: &[u64], arms: &[(&str, &[Run])]) {
    println!(
        "\n{}: {} nodes, {} clients, {} requests in {:.1} s; median [range] of the seeds {seeds:?}",
        plan.name,
        plan.nodes,
        plan.clients,
        plan.requests,
        plan.length() as f64 / SECOND as f64
    );
    let mut line = format!("{:<26}", "");
    for (name, _) in FIGURES {
        line += &format!("{name:>22}");
    }
    println!("{line}");
    for (name, runs) in arms {
        let mut line = format!("{name:<26}");
        for (_, figure) in FIGURES {
            let values: Vec<f64> = runs.iter().map(figure).collect();
            let low = values.iter().copied().fold(f64::MAX, f64::min);
            let high = values.iter().copied().fold(f64::MIN, f64::max);
            let cell = if low == high {
                short(low)
            } else {
                format!("{} [{}-{}]", short(median(values)), short(low), short(high))
            };
            line += &format!("{cell:>22}");
        }
        let steps: u64 = runs.iter().map(|run| run.steps).sum();
        let took: f64 = runs.iter().map(|run| run.took.as_secs_f64()).sum();
        println!(
            "{line}  {:.1} s, {:.2} M steps/s",
            took,
            steps as f64 / took / 1e6
        );
    }
}

impl Run {
    /// For every window of so many steps: its beginning, what reached any node in it, and what reached this one.
    pub(crate) fn windows(&self, node: u16, step: u64, steps: usize) -> Vec<(u64, u32, u32)> {
        let mut counts: Vec<(u32, u32)> = Vec::new();
        for (at, to) in &self.arrivals {
            let place = (at / step) as usize;
            counts.resize(counts.len().max(place + 1), (0, 0));
            counts[place].0 += 1;
            counts[place].1 += u32::from(*to == node);
        }
        let sum = |window: &[(u32, u32)]| window.iter().fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1));
        let sums = counts.windows(steps).map(sum);
        sums.enumerate()
            .map(|(i, (all, there))| (i as u64 * step, all, there))
            .collect()
    }
}

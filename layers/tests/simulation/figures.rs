//! What a run showed, and a table of many.

use std::time::Duration;

use crate::plan::{MICRO, MILLI, Plan, SECOND};
use crate::world::Extra;

/// Collects the ends of requests.
pub(crate) struct Record {
    /// In microseconds.
    latencies: Vec<u32>,
    failed: u32,
    calls: Vec<u64>,
    pub(crate) steps: u64,
}

/// One run of one plan with one way to choose. Latencies in milliseconds, shares in percent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) p9999: f64,
    pub(crate) over_100_ms: f64,
    pub(crate) over_1_s: f64,
    pub(crate) slowest: f64,
    pub(crate) failed: f64,
    /// What reached the nodes beyond one attempt for each request.
    pub(crate) extra: f64,
    /// Second attempts beside first ones.
    pub(crate) hedged: f64,
    /// Beyond one attempt for each request.
    extras: Vec<Extra>,
    /// When the requests came.
    calls: Vec<u64>,
    /// Of each node in what reached any.
    pub(crate) shares: Vec<f64>,
    /// Attempts and probes that reached a node, with the time; kept where a node joins.
    pub(crate) arrivals: Vec<(u64, u16)>,
    steps: u64,
    pub(crate) took: Duration,
}

impl Record {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            latencies: Vec::with_capacity(plan.requests as usize),
            failed: 0,
            calls: Vec::with_capacity(plan.requests as usize),
            steps: 0,
        }
    }

    pub(crate) fn called(&mut self, now: u64) {
        self.calls.push(now);
    }

    pub(crate) fn ended(&mut self, from: u64, now: u64, ok: bool) {
        self.latencies.push(((now - from) / MICRO) as u32);
        self.failed += u32::from(!ok);
    }

    pub(crate) fn finish(mut self, plan: &Plan, arrivals: Vec<(u64, u16)>, extras: Vec<Extra>) -> Run {
        assert_eq!(self.latencies.len(), plan.requests as usize);
        self.latencies.sort_unstable();
        let mut counts = vec![0_u32; usize::from(plan.nodes)];
        for (_, node) in &arrivals {
            counts[usize::from(*node)] += 1;
        }
        let all = arrivals.len() as f64;
        Run {
            p50: self.quantile(500_000),
            p99: self.quantile(990_000),
            p999: self.quantile(999_000),
            p9999: self.quantile(999_900),
            over_100_ms: self.over(100 * MILLI),
            over_1_s: self.over(SECOND),
            slowest: self.quantile(1_000_000),
            failed: f64::from(self.failed),
            extra: 100.0 * (all / f64::from(plan.requests) - 1.0),
            hedged: 100.0 * extras.iter().filter(|extra| extra.is_hedge).count() as f64
                / f64::from(plan.requests),
            extras,
            calls: self.calls,
            shares: counts.iter().map(|n| 100.0 * f64::from(*n) / all).collect(),
            arrivals: plan.joins.map_or_else(Vec::new, |_| arrivals),
            steps: self.steps,
            took: Duration::ZERO,
        }
    }

    /// So many of a million are faster.
    fn quantile(&self, of_a_million: u64) -> f64 {
        let place = self.latencies.len() as u64 * of_a_million / 1_000_000;
        let place = (place as usize).min(self.latencies.len() - 1);
        f64::from(self.latencies[place]) / 1_000.0
    }

    fn over(&self, limit: u64) -> f64 {
        let limit = (limit / MICRO) as u32;
        let within = self.latencies.partition_point(|latency| *latency <= limit);
        (self.latencies.len() - within) as f64
    }
}

/// What reached the nodes from a moment on.
pub(crate) struct Window {
    pub(crate) from: u64,
    pub(crate) any: f64,
    pub(crate) there: f64,
}

impl Run {
    /// For every window of so many steps what reached any node in it, and what reached this one.
    pub(crate) fn windows(&self, node: u16, step: u64, steps: usize) -> Vec<Window> {
        let mut counts: Vec<(f64, f64)> = Vec::new();
        for (at, to) in &self.arrivals {
            let place = (at / step) as usize;
            counts.resize(counts.len().max(place + 1), (0.0, 0.0));
            counts[place].0 += 1.0;
            counts[place].1 += f64::from(u8::from(*to == node));
        }
        let sum = |(i, window): (usize, &[(f64, f64)])| Window {
            from: i as u64 * step,
            any: window.iter().map(|(any, _)| any).sum(),
            there: window.iter().map(|(_, there)| there).sum(),
        };
        counts.windows(steps).enumerate().map(sum).collect()
    }

    /// For every second the requests that came in it and in so many seconds before, the second attempts beside first ones, and all that was
    /// beyond one attempt for each request.
    pub(crate) fn extras(&self, seconds: usize) -> Vec<[f64; 3]> {
        let mut counts: Vec<[f64; 3]> = Vec::new();
        let mut add = |at: u64, column: usize| {
            let place = (at / SECOND) as usize;
            counts.resize(counts.len().max(place + 1), [0.0; 3]);
            counts[place][column] += 1.0;
        };
        self.calls.iter().for_each(|at| add(*at, 0));
        for extra in &self.extras {
            add(extra.at, 2);
            if extra.is_hedge {
                add(extra.at, 1);
            }
        }
        let sum = |end: usize| {
            let window = &counts[end.saturating_sub(seconds)..=end];
            std::array::from_fn(|column| window.iter().map(|second| second[column]).sum())
        };
        (0..counts.len()).map(sum).collect()
    }

    /// How unevenly the nodes were asked: the standard deviation of their shares.
    pub(crate) fn spread(&self) -> f64 {
        let mean = 100.0 / self.shares.len() as f64;
        let squares = self.shares.iter().map(|share| (share - mean).powi(2));
        (squares.sum::<f64>() / self.shares.len() as f64).sqrt()
    }
}

type Figure = (&'static str, fn(&Run) -> f64);

const FIGURES: [Figure; 12] = [
    ("p50 ms", |run| run.p50),
    ("p99", |run| run.p99),
    ("p99.9", |run| run.p999),
    ("p99.99", |run| run.p9999),
    (">100 ms", |run| run.over_100_ms),
    (">1 s", |run| run.over_1_s),
    ("slowest", |run| run.slowest),
    ("failed", |run| run.failed),
    ("extra %", |run| run.extra),
    ("hedged %", |run| run.hedged),
    ("node 0 %", |run| run.shares[0]),
    ("spread %", Run::spread),
];

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}

fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 || v.fract() == 0.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn cell(runs: &[Run], figure: fn(&Run) -> f64) -> String {
    let values = || runs.iter().map(figure);
    let (low, high) = (
        values().fold(f64::MAX, f64::min),
        values().fold(f64::MIN, f64::max),
    );
    if low == high {
        short(low)
    } else {
        format!("{} [{}-{}]", short(median(values())), short(low), short(high))
    }
}

/// Prints the median over the seeds and the range, one line for each way to choose.
pub(crate) fn print(plan: &Plan, seeds: &[u64], arms: &[(&str, &[Run])]) {
    let rows = arms.iter().map(|(name, runs)| {
        let took: f64 = runs.iter().map(|run| run.took.as_secs_f64()).sum();
        let steps: u64 = runs.iter().map(|run| run.steps).sum();
        let cells = FIGURES.iter().map(|(_, figure)| cell(runs, *figure));
        let speed = format!("{:.2}", steps as f64 / took / 1e6);
        std::iter::once((*name).to_owned())
            .chain(cells)
            .chain([speed])
            .collect::<Vec<_>>()
    });
    let names = FIGURES.iter().map(|(name, _)| (*name).to_owned());
    let head = std::iter::once(String::new())
        .chain(names)
        .chain(["M steps/s".to_owned()])
        .collect();
    let table: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| table.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table[0].len()).map(width).collect();
    let mut text = format!(
        "\n{}: {} nodes, {} clients, {} requests in {:.1} s; median [range] over the seeds {:?}\n",
        plan.name,
        plan.nodes,
        plan.clients,
        plan.requests,
        plan.length() as f64 / SECOND as f64,
        seeds
    );
    for row in table {
        let mut cells = row.iter().zip(&widths);
        if let Some((name, width)) = cells.next() {
            text += &format!("{name:<width$}");
        }
        for (cell, width) in cells {
            text += &format!("  {cell:>width$}");
        }
        text += "\n";
    }
    // In one go: tests run side by side.
    println!("{text}");
}

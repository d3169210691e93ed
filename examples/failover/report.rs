//! What happened, by phase and by second.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A request belongs to the phase in which it was meant to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    WarmUp,
    Healthy,
    Frozen,
    Resumed,
    Killed,
    Restarted,
}

const PHASES: [Phase; 6] = [
    Phase::WarmUp,
    Phase::Healthy,
    Phase::Frozen,
    Phase::Resumed,
    Phase::Killed,
    Phase::Restarted,
];

impl Phase {
    const fn name(self) -> &'static str {
        match self {
            Self::WarmUp => "warm-up",
            Self::Healthy => "healthy",
            Self::Frozen => "one frozen",
            Self::Resumed => "resumed",
            Self::Killed => "one killed",
            Self::Restarted => "restarted",
        }
    }
}

#[derive(Default)]
struct Figures {
    failed: u64,
    latencies: Vec<Duration>,
}

pub(crate) struct Report {
    started: Instant,
    phase: AtomicU8,
    stopped: AtomicBool,
    phases: Mutex<[Figures; PHASES.len()]>,
    /// Since the last line: answered well, failed, slow.
    second: [AtomicU64; 3],
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            phase: AtomicU8::new(0),
            stopped: AtomicBool::new(false),
            phases: Mutex::default(),
            second: Default::default(),
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        println!("--- {}", phase.name());
        self.phase.store(phase as u8, Relaxed);
    }

    pub(crate) fn phase(&self) -> Phase {
        PHASES[usize::from(self.phase.load(Relaxed))]
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }

    pub(crate) fn record(&self, phase: Phase, latency: Duration, result: Result<(), String>) {
        let [ok, failed, slow] = &self.second;
        if latency > Duration::from_millis(100) {
            slow.fetch_add(1, Relaxed);
        }
        let mut phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        let figures = &mut phases[phase as usize];
        figures.latencies.push(latency);
        match result {
            Ok(()) => {
                ok.fetch_add(1, Relaxed);
            }
            Err(error) => {
                failed.fetch_add(1, Relaxed);
                figures.failed += 1;
                // The first ones say enough.
                if figures.failed <= 5 {
                    println!("failed in phase {}: {error}", phase.name());
                }
            }
        }
    }

    pub(crate) fn print_second(&self, nodes: &str) {
        let [ok, failed, slow] = &self.second;
        println!(
            "{:>4} s  ok {:>4}  failed {:>3}  slow {:>4} {nodes}",
            self.started.elapsed().as_secs(),
            ok.swap(0, Relaxed),
            failed.swap(0, Relaxed),
            slow.swap(0, Relaxed),
        );
    }

    /// Failures after the warm-up.
    pub(crate) fn failed(&self) -> u64 {
        let phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        phases.iter().skip(1).map(|figures| figures.failed).sum()
    }

    pub(crate) fn print(&self, client: &str) {
        println!("\n{client}\n");
        println!("| phase | requests | failed | over 100 ms | over 1 s | p50 ms | p99 ms | slowest ms |");
        println!("|---|---|---|---|---|---|---|---|");
        let mut phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        for (phase, figures) in PHASES.into_iter().zip(phases.iter_mut()) {
            let latencies = &mut figures.latencies;
            latencies.sort_unstable();
            let over = |limit: u64| {
                latencies.len()
                    - latencies.partition_point(|latency| *latency <= Duration::from_millis(limit))
            };
            let at = |percent: usize| {
                let index = latencies.len().saturating_sub(1) * percent / 100;
                latencies
                    .get(index)
                    .map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0)
            };
            println!(
                "| {} | {} | {} | {} | {} | {:.1} | {:.1} | {:.0} |",
                phase.name(),
                latencies.len(),
                figures.failed,
                over(100),
                over(1_000),
                at(50),
                at(99),
                at(100)
            );
        }
    }
}

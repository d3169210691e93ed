//! What is measured of the process of a contender.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::alloc;
use crate::sample::{Figure, Sample};
use crate::statistics::percentile;

/// What single operations came to.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    /// What was carried out; latencies may be of larger units.
    pub(crate) operations: u64,
    pub(crate) errors: u64,
    took: Vec<u32>,
}

/// So many failures of a process are told in words; the rest is counted.
const TOLD: u64 = 3;

impl Outcomes {
    /// Notes one that took so long and did so much. One that failed has done nothing, but its time counts.
    pub(crate) fn note(&mut self, took: Duration, result: crate::Result<u64>) {
        self.took
            .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        match result {
            Ok(operations) => self.operations += operations,
            Err(error) => self.failed(&format!("failed after {took:?}: {error}")),
        }
    }

    /// Notes one that was never sent. It has no latency: one of nothing would make the others look faster than they were.
    pub(crate) fn not_sent(&mut self, why: &str) {
        self.failed(&format!("not sent: {why}"));
    }

    fn failed(&mut self, text: &str) {
        self.errors += 1;
        if self.errors <= TOLD {
            eprintln!("{text}");
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.errors += other.errors;
        self.took.extend(other.took);
    }

    /// Keeps the latest latencies only: what a long run gathers is bounded.
    pub(crate) fn forget_all_but(&mut self, latest: usize) {
        let surplus = self.took.len().saturating_sub(latest);
        self.took.drain(..surplus);
    }
}

/// Runs from its making to [`stop`](Self::stop).
#[derive(Debug)]
pub(crate) struct Meter {
    started: Instant,
    cpu: Duration,
    allocations: u64,
}

impl Meter {
    pub(crate) fn start() -> Self {
        // The mark of the most that was resident is put back to what is resident now.
        let _ = fs::write("/proc/self/clear_refs", "5");
        Self {
            started: Instant::now(),
            cpu: cpu_time(),
            allocations: alloc::of_all_threads(),
        }
    }

    pub(crate) fn stop(self, mut outcomes: Outcomes) -> Sample {
        let (wall, cpu) = (self.started.elapsed(), cpu_time() - self.cpu);
        let allocations = alloc::of_all_threads() - self.allocations;
        let resident = status_mib("VmHWM:");
        outcomes.took.sort_unstable();
        let at = |share| f64::from(percentile(&outcomes.took, share));
        let over = |micros: u32| {
            let within = outcomes.took.partition_point(|took| *took <= micros);
            (outcomes.took.len() - within) as f64
        };
        let operations = outcomes.operations.max(1) as f64;
        let mut sample = Sample::default();
        for (figure, value) in [
            (
                Figure::OpsPerSecond,
                outcomes.operations as f64 / wall.as_secs_f64(),
            ),
            (Figure::P50, at(0.5)),
            (Figure::P95, at(0.95)),
            (Figure::P99, at(0.99)),
            (Figure::P999, at(0.999)),
            (Figure::Slowest, at(1.0)),
            (Figure::Cpu, cpu.as_secs_f64() * 1e6 / operations),
            (Figure::Allocations, allocations as f64 / operations),
            (Figure::Rss, resident),
            (Figure::Errors, outcomes.errors as f64),
            (Figure::Over100Ms, over(100_000)),
            (Figure::Over1S, over(1_000_000)),
        ] {
            sample[figure] = value;
        }
        sample
    }
}

/// User and system time of all threads of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// A line of the kernel's account of this process, in MiB; not a number where there is none.
pub(crate) fn status_mib(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_and_their_time_is() {
        let meter = Meter::start();
        let mut outcomes = Outcomes::default();
        outcomes.note(Duration::from_millis(1), Ok(10));
        outcomes.note(Duration::from_millis(150), Err("no".into()));
        let mut more = Outcomes::default();
        more.note(Duration::from_secs(2), Ok(1));
        outcomes.add(more);
        assert_eq!((outcomes.operations, outcomes.errors), (11, 1));
        let sample = meter.stop(outcomes);
        let figures = [
            Figure::P50,
            Figure::Slowest,
            Figure::Errors,
            Figure::Over100Ms,
            Figure::Over1S,
        ];
        assert_eq!(
            figures.map(|figure| sample[figure]),
            [150_000.0, 2_000_000.0, 1.0, 2.0, 1.0]
        );
        assert!(sample[Figure::OpsPerSecond] > 0.0);
    }

    #[test]
    fn what_was_not_sent_has_no_latency() {
        let meter = Meter::start();
        let mut outcomes = Outcomes::default();
        outcomes.note(Duration::from_millis(1), Ok(1));
        outcomes.not_sent("too many are waiting");
        let sample = meter.stop(outcomes);
        assert_eq!((sample[Figure::Errors], sample[Figure::P50]), (1.0, 1_000.0));
        assert_eq!(sample[Figure::Slowest], 1_000.0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernel_says_what_is_resident() {
        assert!(status_mib("VmHWM:") > 0.5);
        assert!(status_mib("NoSuchLine:").is_nan());
    }
}

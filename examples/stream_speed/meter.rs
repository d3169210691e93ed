//! Time and processor time of parts of a run that are measured in turns.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::result;

/// What one contender has used so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct Used {
    pub(crate) rows: u32,
    pub(crate) wall: Duration,
    /// Of the whole process, that is without the nodes. Only Linux tells.
    pub(crate) cpu: Duration,
}

impl Used {
    /// Adds what this does for so many rows.
    pub(crate) async fn add<E>(
        &mut self,
        rows: i32,
        what: impl Future<Output = Result<(), E>>,
    ) -> Result<(), E> {
        let (started, cpu) = (Instant::now(), processor_time());
        what.await?;
        self.wall += started.elapsed();
        self.cpu += processor_time().saturating_sub(cpu);
        self.rows += rows.unsigned_abs();
        Ok(())
    }

    pub(crate) fn per_second(self) -> f64 {
        f64::from(self.rows) / self.wall.as_secs_f64()
    }

    fn micros_per_row(self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / f64::from(self.rows)
    }
}

impl std::fmt::Display for Used {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.0}/s ({:.1} µs of processor each)",
            self.per_second(),
            self.micros_per_row()
        )
    }
}

/// User and system time of this process; zero where nobody tells.
fn processor_time() -> Duration {
    let read = || {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // Behind the name of the program, which may hold blanks; the 14th and 15th field of all, in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
    };
    read().unwrap_or_default()
}

/// Prints the ratio of each round, and the one in the middle as the result.
pub(crate) fn show(name: &str, rounds: &[(Used, Used)]) {
    let mut ratios: Vec<f64> = rounds
        .iter()
        .map(|(ours, theirs)| ours.per_second() / theirs.per_second())
        .collect();
    let shown: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    println!("{name}: ratios {}", shown.join(" "));
    ratios.sort_by(f64::total_cmp);
    let middle = ratios.get(ratios.len() / 2).copied().unwrap_or_default();
    result(&format!("{name}_ratio"), format!("{middle:.2}"));
}

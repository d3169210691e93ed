//! What one run of one contender came to, as a value and as a line.

use std::fmt;
use std::ops::{Index, IndexMut};

use crate::statistics::median;

/// One figure of a run. Latencies are of single operations, in µs; of works that read many rows an operation is a row, and latencies are of whole
/// results.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Figure {
    OpsPerSecond,
    P50,
    P95,
    P99,
    P999,
    Slowest,
    /// Processor time of the client's process per operation, in µs.
    Cpu,
    Allocations,
    /// The most that was resident while measured, in MiB.
    Rss,
    Errors,
    Over100Ms,
    Over1S,
}

impl Figure {
    pub(crate) const ALL: [Self; 12] = [
        Self::OpsPerSecond,
        Self::P50,
        Self::P95,
        Self::P99,
        Self::P999,
        Self::Slowest,
        Self::Cpu,
        Self::Allocations,
        Self::Rss,
        Self::Errors,
        Self::Over100Ms,
        Self::Over1S,
    ];
    /// Those of the line for machines, in this order.
    const SHOWN: [Self; 7] = [
        Self::OpsPerSecond,
        Self::P50,
        Self::P99,
        Self::Cpu,
        Self::Allocations,
        Self::Rss,
        Self::Errors,
    ];
    /// And of the work in which a node is frozen also these.
    const OF_FAULTS: [Self; 3] = [Self::Slowest, Self::Over100Ms, Self::Over1S];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OpsPerSecond => "ops_per_s",
            Self::P50 => "p50_us",
            Self::P95 => "p95_us",
            Self::P99 => "p99_us",
            Self::P999 => "p999_us",
            Self::Slowest => "slowest_us",
            Self::Cpu => "cpu_us_per_op",
            Self::Allocations => "allocs_per_op",
            Self::Rss => "rss_mb",
            Self::Errors => "errors",
            Self::Over100Ms => "over_100ms",
            Self::Over1S => "over_1s",
        }
    }
}

/// Figures that nobody measured are not numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample([f64; Figure::ALL.len()]);

impl Default for Sample {
    fn default() -> Self {
        Self([f64::NAN; Figure::ALL.len()])
    }
}

impl Index<Figure> for Sample {
    type Output = f64;

    fn index(&self, figure: Figure) -> &f64 {
        &self.0[figure as usize]
    }
}

impl IndexMut<Figure> for Sample {
    fn index_mut(&mut self, figure: Figure) -> &mut f64 {
        &mut self.0[figure as usize]
    }
}

/// The line by which the process of a contender tells its figures begins with this.
pub(crate) const PREFIX: &str = "sample:";

impl Sample {
    /// Of several runs: each figure for itself.
    pub(crate) fn median_of(samples: &[Self]) -> Self {
        let mut result = Self::default();
        for figure in Figure::ALL {
            result[figure] = median(samples.iter().map(|sample| sample[figure]));
        }
        result
    }

    /// What the process of a contender printed; none for any other line.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut sample = Self::default();
        for field in line.strip_prefix(PREFIX)?.split_whitespace() {
            let (name, value) = field.split_once('=')?;
            let figure = Figure::ALL.into_iter().find(|figure| figure.name() == name)?;
            sample[figure] = if value == "-" {
                f64::NAN
            } else {
                value.parse().ok()?
            };
        }
        Some(sample)
    }

    /// The line for machines.
    pub(crate) fn line(&self, work: &str, arm: &str) -> String {
        let faults: &[Figure] = if work.starts_with("frozen") {
            &Figure::OF_FAULTS
        } else {
            &[]
        };
        let fields: Vec<String> = Figure::SHOWN
            .iter()
            .chain(faults)
            .map(|figure| self.field(*figure))
            .collect();
        format!("compare: {work} {arm} {}", fields.join(" "))
    }

    fn field(&self, figure: Figure) -> String {
        format!("{}={}", figure.name(), number(self[figure]))
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        // In full: what is rounded here would be rounded before ratios are taken of it.
        Figure::ALL.into_iter().try_for_each(|figure| match self[figure] {
            value if value.is_nan() => write!(f, " {}=-", figure.name()),
            value => write!(f, " {}={value}", figure.name()),
        })
    }
}

/// Three digits that count, no more decimals than two, and none of a whole number.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => "-".to_owned(),
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Sample {
        let mut sample = Sample::default();
        sample[Figure::OpsPerSecond] = 31_415.0;
        sample[Figure::P50] = 92.0;
        sample[Figure::Cpu] = 9.251_234_567;
        sample[Figure::Errors] = 0.0;
        sample
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let read = Sample::parse(&sample().to_string()).unwrap();
        assert_eq!(read.to_string(), sample().to_string());
        for figure in Figure::ALL {
            assert_eq!(read[figure].to_bits(), sample()[figure].to_bits(), "{figure:?}");
        }
        assert!(read[Figure::Rss].is_nan());
    }

    #[test]
    fn other_lines_and_unknown_figures_are_no_samples() {
        assert!(Sample::parse("3 of 4 done").is_none());
        assert!(Sample::parse("sample: hats=3").is_none());
        assert!(Sample::parse("sample: errors=many").is_none());
        assert!(Sample::parse("sample: errors").is_none());
    }

    #[test]
    fn the_line_for_machines_has_its_figures_in_order() {
        assert_eq!(
            sample().line("reads_64", "bare"),
            "compare: reads_64 bare ops_per_s=31415 p50_us=92 p99_us=- cpu_us_per_op=9.25 allocs_per_op=- rss_mb=- errors=0"
        );
        assert!(
            sample()
                .line("frozen", "bare")
                .ends_with("errors=0 slowest_us=- over_100ms=- over_1s=-")
        );
    }

    #[test]
    fn the_median_of_runs_is_taken_figure_by_figure() {
        let mut other = sample();
        other[Figure::P50] = 100.0;
        other[Figure::Rss] = 7.0;
        let median = Sample::median_of(&[sample(), other]);
        assert_eq!((median[Figure::P50], median[Figure::Rss]), (96.0, 7.0));
    }
}

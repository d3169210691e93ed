//! One table for each work. The same text is for the terminal and for Markdown.

use std::fmt::Write;

use super::Results;
use crate::arms::Arm;
use crate::sample::{Figure, Sample, number};

const COLUMNS: [(Figure, &str); 9] = [
    (Figure::OpsPerSecond, "per second"),
    (Figure::P50, "p50 µs"),
    (Figure::P95, "p95 µs"),
    (Figure::P99, "p99 µs"),
    (Figure::P999, "p99.9 µs"),
    (Figure::Cpu, "CPU µs"),
    (Figure::Allocations, "allocations"),
    (Figure::Rss, "MiB"),
    (Figure::Errors, "errors"),
];

const OF_FAULTS: [(Figure, &str); 7] = [
    (Figure::Errors, "errors"),
    (Figure::P50, "p50 µs"),
    (Figure::P99, "p99 µs"),
    (Figure::P999, "p99.9 µs"),
    (Figure::Slowest, "slowest µs"),
    (Figure::Over100Ms, "over 100 ms"),
    (Figure::Over1S, "over 1 s"),
];

/// Those that are shown as ratios to the bare driver.
const RATIOS: [(Figure, &str); 3] = [
    (Figure::OpsPerSecond, "rate ×"),
    (Figure::Cpu, "CPU ×"),
    (Figure::P99, "p99 ×"),
];

/// All of them.
pub(super) fn text(results: &Results) -> String {
    let mut text = String::new();
    for (work, about) in results.works() {
        let _ = writeln!(text, "\n### {work}: {about}\n");
        let runs: Vec<String> = results.runs_of(&work).iter().map(usize::to_string).collect();
        if !runs.is_empty() {
            let _ = writeln!(text, "Of run {}.\n", runs.join(" and "));
        }
        text.push_str(&one(results, &work));
    }
    text
}

fn one(results: &Results, work: &str) -> String {
    let with_faults = matches!(work, "frozen" | "soak");
    let columns: &[(Figure, &str)] = if with_faults { &OF_FAULTS } else { &COLUMNS };
    let ratios: &[(Figure, &str)] = if with_faults { &[] } else { &RATIOS };
    let heads = columns.iter().chain(ratios).map(|(_, head)| (*head).to_owned());
    let mut rows = vec![std::iter::once("arm".to_owned()).chain(heads).collect::<Vec<_>>()];
    for arm in results.arms(work) {
        let Some(median) = results.median(work, arm) else {
            continue;
        };
        let mut row = vec![arm.name().to_owned()];
        row.extend(
            columns
                .iter()
                .map(|(figure, _)| cell(results, work, arm, &median, *figure)),
        );
        row.extend(ratios.iter().map(|(figure, _)| {
            let ratio = results
                .ratio(work, arm, Arm::Bare, *figure)
                .filter(|_| arm != Arm::Bare);
            ratio.map_or_else(|| "–".to_owned(), |ratio| ratio.to_string())
        }));
        rows.push(row);
    }
    grid(&rows)
}

/// The median; where a node fails, rounds differ so much that their spread is shown as well.
fn cell(results: &Results, work: &str, arm: Arm, median: &Sample, figure: Figure) -> String {
    let middle = number(median[figure]);
    let (from, to) = results.spread(work, arm, figure);
    if work == "frozen" && from < to {
        format!("{middle} ({}–{})", number(from), number(to))
    } else {
        middle
    }
}

/// Columns as wide as their widest cell, in Markdown.
pub(crate) fn grid(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let widths = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        let _ = writeln!(text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
        if number == 0 {
            let lines = widths.iter().map(|width| "-".repeat(*width));
            let _ = writeln!(text, "| {} |", lines.collect::<Vec<_>>().join(" | "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::add;
    use super::*;

    #[test]
    fn a_table_has_a_row_for_each_contender() {
        let mut results = Results::default();
        for (arm, rate) in [(Arm::Bare, 100.0), (Arm::Ours, 99.0)] {
            add(&mut results, "reads_64", arm, Figure::OpsPerSecond, &[rate]);
        }
        let text = text(&results);
        assert!(text.contains("### reads_64: 64 callers"), "{text}");
        let ours = text.lines().find(|line| line.starts_with("| ours")).unwrap();
        assert!(
            ours.contains("| 99 ") && ours.contains("0.99 (0.99–0.99)"),
            "{text}"
        );
        let widths: Vec<usize> = text
            .lines()
            .filter(|line| line.starts_with('|'))
            .map(|line| line.chars().count())
            .collect();
        assert!(widths.windows(2).all(|two| two[0] == two[1]), "{text}");
    }
}

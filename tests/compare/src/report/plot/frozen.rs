//! The work in which a node is frozen.

use std::path::Path;

use plotters::prelude::*;

use super::lines::Lines;
use super::{FONT, REST, ROW, WIDTH, colour};
use crate::Result;
use crate::arms::Arm;
use crate::report::Results;
use crate::sample::Figure;

/// The slowest of the writes while a node is frozen, and the 99th percentile, on a logarithmic axis.
pub(super) fn plot(path: &Path, results: &Results) -> Result<()> {
    let arms = results.arms("frozen");
    let area = SVGBackend::new(path, (WIDTH, REST + ROW * u32::try_from(arms.len())?)).into_drawing_area();
    area.fill(&WHITE)?;
    let count = arms.len() as f64;
    let mut chart = ChartBuilder::on(&area)
        .caption(
            "one of three nodes frozen: p99 and slowest write, in ms",
            (FONT, 18),
        )
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(140)
        .build_cartesian_2d((1.0..100_000.0).log_scale(), Lines(arms.len()))?;
    let name = |at: &f64| {
        arms.get((count - *at).floor() as usize)
            .map_or(String::new(), |arm| arm.name().to_owned())
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(arms.len())
        .y_label_formatter(&name)
        .draw()?;
    for (figure, label, share, colour) in [
        (Figure::P99, "p99", 0.35, colour(Arm::Ours)),
        (Figure::Slowest, "slowest", 0.65, colour(Arm::Resilience)),
    ] {
        let bars = arms.iter().enumerate().filter_map(|(number, arm)| {
            let millis = results.median("frozen", *arm)?[figure] / 1e3;
            let at = count - number as f64 - share;
            Some(Rectangle::new(
                [(1.0, at - 0.12), (millis.max(1.0), at + 0.12)],
                colour.filled(),
            ))
        });
        chart
            .draw_series(bars)?
            .label(label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 4), (x + 12, y + 4)], colour.filled()));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

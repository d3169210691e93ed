//! A stream whose rows are all here must not keep the thread for itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use tokio::task::yield_now;
use tower_cassandra::StreamOptions;

use super::forged::{Result, all};
use crate::support::Bed;

/// How often another task of the same thread runs while one page of so many rows of that size is decoded.
async fn turns_of_others(rows: u32, value: usize) -> u64 {
    let bed = Bed::make(1).await;
    let page = Result {
        value,
        ..Result::of(rows)
    };
    page.serve(&bed.cluster);
    let options = StreamOptions::new().page_size(rows);
    let mut stream = bed.session.stream_with::<(i32, String)>(all(), options);
    stream.next().await.unwrap().unwrap();
    // From here on the page is here, and nothing has to be waited for.
    let (turns, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let other = tokio::spawn({
        let (turns, over) = (Arc::clone(&turns), Arc::clone(&over));
        async move {
            while !over.load(Relaxed) {
                turns.fetch_add(1, Relaxed);
                yield_now().await;
            }
        }
    });
    let mut given = 1;
    while let Some(row) = stream.next().await {
        row.unwrap();
        given += 1;
    }
    assert_eq!(given, rows);
    over.store(true, Relaxed);
    other.await.unwrap();
    bed.at_rest().await;
    turns.load(Relaxed)
}

#[tokio::test]
async fn decoding_a_large_page_lets_other_tasks_run() {
    // Every 128 small rows, and more often for large ones: 16 units each.
    let small = turns_of_others(20_000, 4).await;
    assert!(small >= 20_000 / 128, "{small}");
    let large = turns_of_others(400, 64 * 1_024).await;
    assert!(large >= 400 * 16 / 128 - 1, "{large}");
}

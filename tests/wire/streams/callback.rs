use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tower_cassandra::{PageInfo, StreamOptions};

use super::forged::{ALL, Result, all};
use crate::support::{Bed, PATIENCE};

#[tokio::test]
async fn it_is_called_once_for_every_page_in_order() {
    for prefetch in [0, 1] {
        let bed = Bed::make(1).await;
        Result::of(35).serve(&bed.cluster);
        let calls = Arc::new(Mutex::new(Vec::<PageInfo>::new()));
        let options = StreamOptions::new().page_size(10).prefetch(prefetch).on_page({
            let calls = Arc::clone(&calls);
            move |page| calls.lock().unwrap().push(page)
        });
        let mut rows = bed.session.stream_with::<(i32, String)>(all(), options);
        while let Some(row) = rows.next().await {
            row.unwrap();
        }
        // At the end all calls were made, without waiting for anything.
        let calls = std::mem::take(&mut *calls.lock().unwrap());
        let pages: Vec<(u64, usize)> = calls.iter().map(|page| (page.number, page.rows)).collect();
        assert_eq!(pages, [(1, 10), (2, 10), (3, 10), (4, 5)]);
        assert!(
            calls
                .iter()
                .all(|page| page.bytes > 0 && page.elapsed >= page.took && page.missed == 0)
        );
        bed.at_rest().await;
    }
}

#[tokio::test]
async fn a_slow_one_holds_up_neither_rows_nor_other_calls() {
    let bed = Bed::make(1).await;
    Result::of(100).serve(&bed.cluster);
    // It blocks its thread until the test lets it go.
    let (go, wait) = mpsc::channel::<()>();
    let calls = Arc::new(Mutex::new(0));
    let options = StreamOptions::new().page_size(10).on_page({
        let calls = Arc::clone(&calls);
        move |_| {
            let _ = wait.recv_timeout(PATIENCE);
            *calls.lock().unwrap() += 1;
        }
    });
    let mut rows = bed.session.stream_with::<(i32, String)>(all(), options);
    let started = Instant::now();
    for id in 0..100 {
        let row = timeout(PATIENCE / 2, rows.next()).await.unwrap();
        assert_eq!(row.unwrap().unwrap().0, id);
    }
    bed.session.execute(ALL).await.unwrap();
    assert!(started.elapsed() < PATIENCE / 2);
    assert_eq!(*calls.lock().unwrap(), 0);
    // The end waits for it.
    assert!(timeout(Duration::from_millis(50), rows.next()).await.is_err());
    for _ in 0..10 {
        go.send(()).unwrap();
    }
    assert!(timeout(PATIENCE, rows.next()).await.unwrap().is_none());
    assert_eq!(*calls.lock().unwrap(), 10);
    bed.at_rest().await;
}

#[tokio::test]
async fn one_that_panics_is_called_for_the_next_page_all_the_same() {
    let bed = Bed::make(1).await;
    Result::of(50).serve(&bed.cluster);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let options = StreamOptions::new().page_size(10).on_page({
        let calls = Arc::clone(&calls);
        move |page| {
            calls.lock().unwrap().push(page.number);
            assert!(page.number % 2 == 1, "on purpose");
        }
    });
    let mut rows = bed.session.stream_with::<(i32, String)>(all(), options);
    let mut given = 0;
    while let Some(row) = timeout(PATIENCE, rows.next()).await.unwrap() {
        row.unwrap();
        given += 1;
    }
    let calls = calls
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .clone();
    assert_eq!((given, calls), (50, vec![1, 2, 3, 4, 5]));
    bed.at_rest().await;
}

#[tokio::test]
async fn a_stream_that_is_dropped_makes_no_further_calls() {
    let bed = Bed::make(1).await;
    Result::of(100).serve(&bed.cluster);
    let (go, wait) = mpsc::channel::<()>();
    let (ended, end) = mpsc::channel::<()>();
    let calls = Arc::new(Mutex::new(0));
    let options = StreamOptions::new().page_size(10).on_page({
        let calls = Arc::clone(&calls);
        move |_| {
            // Dropped with the callback, which tells the test so.
            let _ = &ended;
            let _ = wait.recv_timeout(PATIENCE);
            *calls.lock().unwrap() += 1;
        }
    });
    let mut rows = bed.session.stream_with::<(i32, String)>(all(), options);
    for _ in 0..50 {
        rows.next().await.unwrap().unwrap();
    }
    drop(rows);
    drop(go);
    let gone = tokio::task::spawn_blocking(move || end.recv_timeout(PATIENCE))
        .await
        .unwrap();
    assert_eq!(gone, Err(mpsc::RecvTimeoutError::Disconnected));
    // At most the one that was under way.
    assert!(*calls.lock().unwrap() <= 1);
    bed.at_rest().await;
}

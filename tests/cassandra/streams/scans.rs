use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::sleep;
use tower_cassandra::{ErrorKind, Limit, ScanState, ScanTable, StreamOptions};

use super::{numbers, run_all};
use crate::support::{Bed, PATIENCE, eventually};

const ROWS: i32 = 3_000;

/// Waits until the tasks of a scan that was broken off have ended: its permits come back with them, a turn of the runtime later.
async fn given_back(bed: &Bed) {
    eventually(PATIENCE, "no page is being read", || bed.session.running() == 0).await;
}

fn table(bed: &Bed) -> ScanTable<(i32, String)> {
    bed.session
        .scan_table("t")
        .columns(["id", "v"])
        .page_size(50)
        .ranges(30)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_gives_every_row_once_and_tells_how_far_it_is() {
    let Some(bed) = Bed::make("scan").await else {
        return;
    };
    numbers(&bed, ROWS).await;
    for concurrency in [1, 4, 64] {
        let mut scan = table(&bed).concurrency(concurrency).start().await.unwrap();
        let (handle, mut ids, mut before) = (scan.handle(), Vec::new(), 0.0);
        assert_eq!(handle.fraction(), 0.0);
        while let Some(row) = scan.next().await {
            let (id, value) = row.unwrap();
            assert_eq!(value, format!("value {id}"));
            ids.push(id);
            assert!(handle.fraction() >= before);
            before = handle.fraction();
        }
        ids.sort_unstable();
        assert!(ids.into_iter().eq(0..ROWS));
        assert_eq!((handle.fraction(), handle.rows()), (1.0, ROWS as u64));
        assert_eq!((handle.ranges_done(), handle.retries()), (handle.ranges(), 0));
        assert!(handle.ranges() >= 30);
        assert!(scan.state().is_finished());
        assert_eq!(scan.state().fraction(), 1.0);
    }
    given_back(&bed).await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_goes_on_from_its_state_to_the_row_however_often_it_is_broken_off() {
    let Some(bed) = Bed::make("scan_resume").await else {
        return;
    };
    numbers(&bed, ROWS).await;
    let (mut saved, mut ids, mut rounds) = (None::<Vec<u8>>, Vec::new(), 0);
    loop {
        let mut scan = table(&bed).concurrency(3 + rounds % 5);
        if let Some(bytes) = &saved {
            // As in another process: other ranges, another page size.
            scan = scan
                .resume_from(ScanState::from_bytes(bytes).unwrap())
                .page_size(20 + 17 * (rounds as u32 % 4))
                .ranges(10 + 20 * (rounds as u32 % 3));
        }
        let mut scan = scan.start().await.unwrap();
        let before = scan.state().fraction();
        // Broken off in the middle of a page, of several ranges at once.
        for _ in 0..137 {
            match scan.next().await {
                Some(row) => ids.push(row.unwrap().0),
                None => break,
            }
        }
        let state = scan.state();
        assert!(state.fraction() >= before);
        if rounds % 2 == 0 {
            scan.close();
            assert_eq!(scan.state(), state, "closing changes nothing");
            assert!(scan.next().await.is_none());
        }
        rounds += 1;
        saved = Some(state.to_bytes());
        if state.is_finished() {
            break;
        }
        assert!(rounds < 100);
    }
    println!(
        "{rounds} rounds, the last state had {} bytes",
        saved.unwrap().len()
    );
    assert!(rounds > 10);
    assert_eq!(ids.len(), ROWS as usize);
    assert!(ids.into_iter().collect::<BTreeSet<_>>().into_iter().eq(0..ROWS));
    given_back(&bed).await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_of_a_table_with_a_composite_key_and_awkward_names() {
    let Some(bed) = Bed::make("scan_names").await else {
        return;
    };
    bed.run(r#"CREATE TABLE "MyTable" ("The Key" int, b text, c int, "d""e" text, PRIMARY KEY (("The Key", b), c))"#)
        .await;
    let insert = bed
        .prepare(r#"INSERT INTO "MyTable" ("The Key", b, c, "d""e") VALUES (?, ?, ?, ?)"#)
        .await;
    let row = |at: i32| insert.bind((at % 7, format!("{}", at % 11), at, "v")).unwrap();
    run_all(&bed.session, (0..500).map(row)).await;
    let name = format!("{}.\"MyTable\"", bed.keyspace);
    let mut scan = bed
        .session
        .scan_table::<(i32, String)>(name)
        .columns(["c", "d\"e"])
        .page_size(10)
        .start()
        .await
        .unwrap();
    let mut seen = BTreeSet::new();
    while let Some(row) = scan.next().await {
        let (at, v) = row.unwrap();
        assert_eq!(v, "v");
        assert!(seen.insert(at));
    }
    assert!(seen.into_iter().eq(0..500));
    given_back(&bed).await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_says_early_what_is_wrong() {
    let Some(bed) = Bed::make("scan_wrong").await else {
        return;
    };
    numbers(&bed, 100).await;
    let started = table(&bed).start().await.unwrap();
    let state = started.state();
    drop(started);
    let cases = [
        (bed.session.scan_table("nowhere"), ErrorKind::Invalid, "nowhere"),
        (bed.session.scan_table("t; DROP TABLE t"), ErrorKind::Invalid, ""),
        (
            table(&bed).columns(["id", "missing"]),
            ErrorKind::Invalid,
            "missing",
        ),
        (
            table(&bed).columns(Vec::<String>::new()),
            ErrorKind::Config,
            "columns",
        ),
        (table(&bed).concurrency(0), ErrorKind::Config, "concurrency"),
        (table(&bed).ranges(0), ErrorKind::Config, "ranges"),
        (table(&bed).page_size(0), ErrorKind::Config, "page_size"),
        (
            table(&bed).columns(["id"]).resume_from(state),
            ErrorKind::Invalid,
            "another table",
        ),
    ];
    for (scan, kind, named) in cases {
        let error = scan.start().await.unwrap_err();
        let text = crate::support::chain(&error);
        assert_eq!(error.kind(), kind, "{text}");
        assert!(text.contains(named), "{text}");
    }
    // Columns that do not fit the type: the first item.
    let mut scan = bed
        .session
        .scan_table::<(i32, i64)>("t")
        .columns(["id", "v"])
        .start()
        .await
        .unwrap();
    assert_eq!(scan.next().await.unwrap().unwrap_err().kind(), ErrorKind::Decode);
    assert!(scan.next().await.is_none());
    given_back(&bed).await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_ends_at_its_deadline_and_when_it_is_cancelled() {
    let Some(bed) = Bed::make("scan_end").await else {
        return;
    };
    numbers(&bed, 500).await;
    let limit = Duration::from_secs(2);
    let mut scan = table(&bed).deadline(limit).start().await.unwrap();
    scan.next().await.unwrap().unwrap();
    sleep(limit).await;
    let error = scan.next().await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.timeout()),
        (ErrorKind::Timeout, Some(Limit::Deadline))
    );
    assert!(scan.next().await.is_none());

    let mut cancelled = table(&bed).resume_from(scan.state()).start().await.unwrap();
    let mut ids = vec![cancelled.next().await.unwrap().unwrap().0];
    cancelled.handle().cancel();
    assert!(cancelled.next().await.is_none());
    let mut rest = table(&bed).resume_from(cancelled.state()).start().await.unwrap();
    while let Some(row) = rest.next().await {
        ids.push(row.unwrap().0);
    }
    // All but the one that the first scan gave out.
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 499);
    assert_eq!(ids.len(), 499);
    // The same rows as a stream reads.
    let mut stream = bed
        .session
        .stream_with::<(i32,)>("SELECT id FROM t", StreamOptions::new());
    let mut streamed = 0;
    while let Some(row) = stream.next().await {
        row.unwrap();
        streamed += 1;
    }
    assert_eq!(streamed, 500);
    given_back(&bed).await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_of_the_statements_holds_for_each_range_of_a_scan() {
    let Some(bed) = Bed::make("scan_range_deadline").await else {
        return;
    };
    numbers(&bed, 500).await;
    let limit = |limit: Duration| table(&bed).statement(move |range| range.deadline(limit));
    let mut scan = limit(Duration::from_nanos(1)).start().await.unwrap();
    let error = scan.next().await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.timeout()),
        (ErrorKind::Timeout, Some(Limit::Deadline))
    );
    // It cannot pass: nothing was asked for again.
    assert_eq!(scan.handle().retries(), 0);
    let mut scan = limit(Duration::from_secs(60)).start().await.unwrap();
    let mut rows = 0;
    while let Some(row) = scan.next().await {
        row.unwrap();
        rows += 1;
    }
    assert_eq!(rows, 500);
    given_back(&bed).await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_keeps_no_permit_while_its_consumer_is_busy() {
    let Some(bed) = Bed::make("scan_idle").await else {
        return;
    };
    numbers(&bed, ROWS).await;
    let mut scan = table(&bed).concurrency(8).start().await.unwrap();
    scan.next().await.unwrap().unwrap();
    // Nobody polls. The pages come all the same, and no further ones are asked for.
    given_back(&bed).await;
    sleep(Duration::from_millis(50)).await;
    assert_eq!(bed.session.running(), 0);
    scan.close();
    given_back(&bed).await;
    bed.done().await;
}

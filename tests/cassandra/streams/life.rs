use std::time::Duration;

use tokio::time::Instant;
use tower_cassandra::{Cluster, ErrorKind, StreamOptions};

use super::{numbers, rest};
use crate::support::{Bed, PATIENCE, assert_within, builder, eventually};

/// At once; only a page that a task reads ahead is given up by that task, as soon as it runs.
async fn assert_released(bed: &Bed, prefetch: u8) {
    if prefetch == 0 {
        assert_eq!(bed.session.running(), 0);
    }
    let started = Instant::now();
    eventually(PATIENCE, "nothing runs", || bed.session.running() == 0).await;
    let ms = Duration::from_millis;
    assert_within("STR-06: all is given back", started.elapsed(), ms(50), ms(2_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn str_06_leaving_the_loop_releases_everything() {
    let Some(bed) = Bed::make("str_06").await else {
        return;
    };
    numbers(&bed, 50).await;
    for prefetch in [0, 1] {
        let options = || StreamOptions::new().page_size(10).prefetch(prefetch);
        let mut seen = 0;
        let mut rows = bed
            .session
            .stream_with::<(i32, String)>("SELECT id, v FROM t", options());
        let handle = rows.handle();
        while let Some(row) = rows.next().await {
            row.unwrap();
            seen += 1;
            if seen == 15 {
                break;
            }
        }
        drop(rows);
        assert_eq!((seen, handle.rows()), (15, 15));
        assert_released(&bed, prefetch).await;

        #[derive(Debug, PartialEq)]
        struct Enough(u32);
        let consumer = async || -> Result<(), Enough> {
            let mut rows = bed
                .session
                .stream_with::<(i32, String)>("SELECT id, v FROM t LIMIT 20", options());
            let mut seen = 0;
            while let Some(row) = rows.next().await {
                row.unwrap();
                seen += 1;
                if seen == 10 {
                    return Err(Enough(seen));
                }
            }
            Ok(())
        };
        assert_eq!(consumer().await, Err(Enough(10)));
        assert_released(&bed, prefetch).await;
    }
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lif_04_each_scope_closes_only_its_own() {
    let Some(bed) = Bed::make("lif_04").await else {
        return;
    };
    numbers(&bed, 5).await;
    let table = format!("SELECT id, v FROM {}.t", bed.keyspace);
    let cluster: Cluster = builder(&bed.cluster).build().unwrap();
    let session = cluster.connect().await.unwrap();
    {
        let mut rows = session.stream_with::<(i32, String)>(&table, StreamOptions::new().page_size(2));
        let mut other = session.stream::<(i32, String)>(&table);
        assert!(rest(&mut rows).await.into_iter().eq(0..5));
        rows.close();
        // Another stream of the session goes on.
        assert!(rest(&mut other).await.into_iter().eq(0..5));
    }
    assert!(!session.is_closed());
    session.execute(&table).await.unwrap();
    session.close(PATIENCE).await.unwrap();
    let mut late = session.stream::<(i32, String)>(&table);
    assert_eq!(late.next().await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    // The cluster works without it.
    let second = cluster.connect().await.unwrap();
    assert_eq!(second.execute(&table).await.unwrap().len(), 5);
    // The outer scope takes along what is still open in it.
    cluster.close(PATIENCE).await.unwrap();
    assert!(second.is_closed());
    let mut late = second.stream::<(i32, String)>(&table);
    assert_eq!(late.next().await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(cluster.connect().await.unwrap_err().kind(), ErrorKind::Closed);
    // The session outside never noticed.
    let mut outside = bed.session.stream::<(i32, String)>(&table);
    assert!(rest(&mut outside).await.into_iter().eq(0..5));
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lif_06_a_missing_table_leaves_the_session_open() {
    let Some(bed) = Bed::make("lif_06").await else {
        return;
    };
    let missing = "SELECT id FROM missing";
    let error = bed.session.execute(missing).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    let mut rows = bed.session.stream::<(i32,)>(missing);
    let error = rows.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert!(!bed.session.is_closed());
    bed.run("CREATE TABLE t (id int PRIMARY KEY, v text)").await;
    bed.session
        .query("INSERT INTO t (id, v) VALUES (?, ?)", (1, "one"))
        .await
        .unwrap();
    let response = bed
        .session
        .query("SELECT v FROM t WHERE id = ?", (1,))
        .await
        .unwrap();
    assert_eq!(response.one::<(&str,)>().unwrap(), Some(("one",)));
    bed.done().await;
}

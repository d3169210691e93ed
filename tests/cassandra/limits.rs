//! Time limits.

use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;
use tower_cassandra::{ErrorKind, Statement};

use crate::support::Bed;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tmo_01_a_scan_ends_at_its_limit_and_the_session_goes_on() {
    let Some(bed) = Bed::make("tmo_01").await else {
        return;
    };
    bed.run("CREATE TABLE t (p int, c int, v text, PRIMARY KEY (p, c))")
        .await;
    let insert = bed.prepare("INSERT INTO t (p, c, v) VALUES (?, ?, ?)").await;
    for p in 0..10 {
        let rows = (0..100).map(|c| bed.session.execute(insert.bind((p, c, "v".repeat(100))).unwrap()));
        try_join_all(rows).await.unwrap();
    }
    for limit in [1, 50].map(Duration::from_millis) {
        let started = Instant::now();
        let scan = Statement::new("SELECT p, c, v FROM t").timeout(limit);
        match bed.session.execute(scan).await {
            Ok(response) => assert_eq!(response.len(), 1_000),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Timeout, "{error}"),
        }
        let took = started.elapsed();
        println!("limit {limit:?}: {took:?}");
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
    let partition = Statement::new("SELECT c FROM t WHERE p = 1").timeout(Duration::from_secs(5));
    assert_eq!(bed.session.execute(partition).await.unwrap().len(), 100);
    bed.done().await;
}

//! CON: many at once.

use std::sync::Arc;

use futures_util::future::join_all;
use scripted_cassandra::{Action, Consistency, ErrorFrame, Match, Opcode};
use tokio::time::{Instant, timeout};
use tower_cassandra::{Backoff, RetryPolicy};

use crate::support::{Bed, INSERT, SELECT, ms, requests, until};

/// The seed of the choices at the server, fixed: they are the test's and not the client's.
const SEED: u64 = 4;

#[tokio::test]
async fn con_04_one_in_five_fails_and_nearly_all_succeed() {
    // Three attempts.
    let policy = RetryPolicy::default().max_retries(2).without_budget();
    let policy = policy.backoff(Backoff::exponential(ms(100), ms(1_000)));
    let bed = Bed::with(3, |client| client.retry(policy)).await;
    let (insert, select) = (bed.prepare(INSERT).await, bed.prepare(SELECT).await);
    let failing =
        |frames: Match, error: ErrorFrame| bed.cluster.on(frames).probability(0.2, SEED).then(error);
    let execute = || Match::opcode(Opcode::Execute);
    let write = ErrorFrame::write_timeout(Consistency::QUORUM, 1, 2, "SIMPLE");
    let unavailable = ErrorFrame::unavailable(Consistency::QUORUM, 2, 1);
    let rules = [
        failing(execute().statement_contains("INSERT"), write),
        failing(execute().statement_contains("SELECT"), unavailable),
    ];
    bed.cluster.ledger().clear();
    let writes = (0..50).map(|id| insert.bind((id, "v")).unwrap().idempotent(true));
    let reads = (0..100).map(|id| select.bind((id,)).unwrap());
    let (writes, reads) = tokio::join!(
        join_all(writes.map(|write| bed.session.execute(write))),
        join_all(reads.map(|read| bed.session.execute(read))),
    );
    let succeeded = |results: &[Result<_, _>]| results.iter().filter(|result| result.is_ok()).count();
    let (writes, reads) = (succeeded(&writes), succeeded(&reads));
    assert!(writes >= 45 && reads >= 95, "{writes} of 50, {reads} of 100");
    let failed: u64 = rules.iter().map(|rule| rule.applied()).sum();
    let lost = (150 - writes - reads) as u64;
    assert!(failed > 10, "{failed}");
    // Each failure was answered by one more frame, except the last one of a call.
    assert_eq!(bed.frames().len() as u64, 150 + failed - lost);
    println!("CON-04: {writes}/50 writes, {reads}/100 reads, {failed} failed attempts");
    bed.at_rest().await;
}

#[tokio::test]
async fn con_05_no_more_are_under_way_than_the_limit_says() {
    let bed = Bed::with(1, |client| client.concurrency_limit(2)).await;
    let handle = bed.session.limits().concurrency.unwrap();
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    bed.cluster.on(requests()).then(Action::delay(ms(200)));
    bed.cluster.ledger().clear();
    let run = || bed.session.execute(&select);
    let before = handle.admitted();
    let start = Instant::now();
    for result in join_all((0..4).map(|_| run())).await {
        result.unwrap();
    }
    assert!(start.elapsed() >= ms(400));
    assert_eq!((handle.active(), handle.queued()), (0, 0));
    assert_eq!((bed.frames().len(), handle.admitted() - before), (4, 4));

    // Two run, two wait and are cancelled; a PREPARE passes.
    let running = join_all((0..2).map(|_| run()));
    let waiting = async {
        let two = join_all((0..2).map(|_| run()));
        assert!(timeout(ms(50), two).await.is_err());
    };
    let preparing = async {
        let start = Instant::now();
        bed.session.prepare("SELECT v FROM ks.t").await.unwrap();
        assert!(start.elapsed() < ms(180), "{:?}", start.elapsed());
    };
    let (running, (), ()) = tokio::join!(running, waiting, preparing);
    assert!(running.iter().all(Result::is_ok));
    assert_eq!((bed.frames().len(), handle.admitted() - before), (6, 6));
    assert_eq!((handle.active(), handle.queued()), (0, 0));
    let open = bed.cluster.open_frames();
    assert_eq!((open.now, open.most), (0, 2));

    // Changed while it runs.
    handle.set_limit(4).unwrap();
    let start = Instant::now();
    for result in join_all((0..4).map(|_| run())).await {
        result.unwrap();
    }
    assert!(start.elapsed() < ms(400), "{:?}", start.elapsed());
    assert_eq!(bed.cluster.open_frames().most, 4);
    bed.at_rest().await;
}

#[tokio::test]
async fn con_06_twenty_at_once_find_nothing() {
    let bed = Bed::make(3).await;
    let select = Arc::new(bed.prepare(SELECT).await);
    bed.cluster.ledger().clear();
    let reads = (0..20).map(|id| bed.session.execute(select.bind((id * 7_919,)).unwrap()));
    for response in join_all(reads).await {
        assert!(response.unwrap().is_empty());
    }
    assert_eq!(bed.frames().len(), 20);
    until("nothing is under way", || {
        bed.session.health().nodes.iter().all(|node| node.in_flight == 0)
    })
    .await;
    bed.at_rest().await;
}

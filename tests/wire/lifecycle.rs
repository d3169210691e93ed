//! LIF: sessions that are closed.

use scripted_cassandra::Action;
use tokio::time::Instant;
use tower_cassandra::{Applied, Batch, ErrorKind, Limit};

use crate::rows::kinds::{Kind, Texts};
use crate::support::{Bed, INSERT, PATIENCE, SELECT, client, ms, requests, until};

async fn connections_end(bed: &Bed) {
    until("all connections are closed", || {
        bed.cluster.nodes().iter().all(|node| node.connections() == 0)
    })
    .await;
}

#[tokio::test]
async fn lif_01_a_closed_session_sends_nothing() {
    let bed = Bed::make(3).await;
    let insert = bed.prepare(INSERT).await;
    bed.session.close(PATIENCE).await.unwrap();
    bed.cluster.ledger().clear();
    let session = &bed.session;
    let bound = insert.bind((1, "v")).unwrap();
    let errors = [
        session.execute(&bound).await.map(drop),
        session.execute(Batch::logged().with(&bound)).await.map(drop),
        session.query(SELECT, (1,)).await.map(drop),
        session.prepare(SELECT).await.map(drop),
        session.set_keyspace("ks", false).await,
        session
            .stream::<(i32, String)>(SELECT)
            .next()
            .await
            .unwrap()
            .map(drop),
    ];
    for error in errors {
        let error = error.unwrap_err();
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Closed, Applied::No));
    }
    assert_eq!(bed.cluster.ledger().count_if(|_, _, _| true), 0);
    assert!(session.is_closed() && session.health().nodes.is_empty());
    connections_end(&bed).await;

    let cluster = client(&bed.cluster).build().unwrap();
    cluster.close(PATIENCE).await.unwrap();
    let before = bed.cluster.node(0).accepted();
    let error = cluster.connect().await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Closed, Applied::No));
    assert_eq!(bed.cluster.node(0).accepted(), before);
}

#[tokio::test]
async fn a_response_without_rows_holds_no_connection() {
    let bed = Bed::make(3).await;
    let insert = bed.prepare(INSERT).await;
    let kept = bed.session.execute(insert.bind((1, "v")).unwrap()).await.unwrap();
    bed.session.close(PATIENCE).await.unwrap();
    connections_end(&bed).await;
    assert!(kept.coordinator().is_some());
}

#[tokio::test]
async fn lif_02_five_that_close_at_once_close_once() {
    let bed = Bed::make(3).await;
    let accepted = || {
        bed.cluster
            .nodes()
            .iter()
            .map(|node| node.accepted())
            .sum::<u64>()
    };
    let before = accepted();
    let session = &bed.session;
    let (a, b, c, d, e) = tokio::join!(
        session.close(PATIENCE),
        session.close(PATIENCE),
        session.close(PATIENCE),
        session.close(PATIENCE),
        session.close(PATIENCE),
    );
    assert!([a, b, c, d, e].iter().all(Result::is_ok));
    connections_end(&bed).await;
    // One to each node and one for control, and none came after.
    assert_eq!((before, accepted()), (4, 4));
}

#[tokio::test]
async fn lif_03_an_idle_session_closes_in_no_time() {
    let mut best = PATIENCE;
    // The machine may be busy; the session is not. Its limit is a minute.
    for _ in 0..5 {
        let bed = Bed::make(3).await;
        let start = Instant::now();
        bed.session.close(PATIENCE).await.unwrap();
        best = best.min(start.elapsed());
        connections_end(&bed).await;
    }
    println!("LIF-03: {best:?}");
    assert!(best < ms(100), "{best:?}");
}

#[tokio::test]
async fn lif_07_what_takes_too_long_is_cut_off() {
    let bed = Bed::with(1, |client| client.timeout(PATIENCE).attempt_timeout(None)).await;
    let texts = Texts::prepare(&bed).await;
    bed.cluster.on(requests()).then(Action::Silence);
    let calls = Kind::ALL.map(|kind| {
        let (session, statement) = (bed.session.clone(), texts.statement(kind, 1));
        tokio::spawn(async move { session.execute(statement).await })
    });
    until("all were sent", || bed.frames().len() == calls.len()).await;
    let start = Instant::now();
    let error = bed.session.close(ms(1_000)).await.unwrap_err();
    let elapsed = start.elapsed();
    // At its limit, and long before the call itself would have ended.
    assert!(ms(1_000) <= elapsed && elapsed < ms(3_000), "{elapsed:?}");
    assert_eq!(
        (error.kind(), error.timeout()),
        (ErrorKind::Timeout, Some(Limit::Deadline))
    );
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("calls under way: 11"), "{source}");
    // A13
    for (kind, call) in Kind::ALL.into_iter().zip(calls) {
        let error = call.await.unwrap().unwrap_err();
        let verdict = (error.kind(), error.applied());
        assert_eq!(verdict, (ErrorKind::Closed, Applied::Maybe), "{kind}");
    }
    let start = Instant::now();
    bed.session.close(PATIENCE).await.unwrap();
    assert!(start.elapsed() < PATIENCE / 4);
    assert_eq!(bed.session.running(), 0);
    connections_end(&bed).await;
}

//! LIF: sessions that are closed.

use scripted_cassandra::Action;
use tokio::time::Instant;
use tower_cassandra::{Applied, Batch, ErrorKind, Limit};

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
    // The machine may be busy; the session is not.
    for _ in 0..3 {
        let bed = Bed::make(3).await;
        let start = Instant::now();
        bed.session.close(PATIENCE).await.unwrap();
        best = best.min(start.elapsed());
        connections_end(&bed).await;
    }
    assert!(best < ms(100), "{best:?}");
}

#[tokio::test]
async fn lif_07_what_takes_too_long_is_cut_off() {
    let bed = Bed::make(1).await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    bed.cluster.on(requests()).then(Action::delay(ms(2_000)));
    let call = tokio::spawn({
        let session = bed.session.clone();
        async move { session.execute(select).await }
    });
    until("it was sent", || bed.frames().len() == 1).await;
    let start = Instant::now();
    let error = bed.session.close(ms(1_000)).await.unwrap_err();
    let elapsed = start.elapsed();
    assert!(ms(1_000) <= elapsed && elapsed < ms(1_900), "{elapsed:?}");
    assert_eq!(
        (error.kind(), error.timeout()),
        (ErrorKind::Timeout, Some(Limit::Deadline))
    );
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("calls under way: 1"), "{source}");
    // A13
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Closed, Applied::Maybe)
    );
    let start = Instant::now();
    bed.session.close(ms(1_000)).await.unwrap();
    assert!(start.elapsed() < ms(500));
    assert_eq!(bed.session.running(), 0);
    connections_end(&bed).await;
}

//! ERR-04, NET and MON-04: nodes that are gone and come back.

use std::time::Duration;

use scripted_cassandra::{Action, ErrorFrame, Match, Opcode};
use tokio::time::Instant;
use tower_cassandra::prometheus::Exporter;
use tower_cassandra::{Applied, Backoff, ErrorKind, HealthSettings, RetryPolicy};

use crate::support::{Bed, SELECT, ms, requests, until};

#[tokio::test]
async fn err_04_each_caller_sees_its_own_outcome() {
    let bed = Bed::make(3).await;
    let select = bed.prepare(SELECT).await;
    bed.cluster.node(2).crash().await.unwrap();
    until("the node is lost", || !bed.health(2).connected).await;
    bed.cluster
        .on(requests().value(13))
        .then(ErrorFrame::invalid("unlucky"));
    bed.cluster.ledger().clear();
    let bound = |id: i32| select.bind((id,)).unwrap();
    let session = &bed.session;
    let dead = bed.cluster.node(2).host_id();
    for _ in 0..20 {
        let (invalid, good, pinned) = tokio::join!(
            session.execute(bound(13)),
            session.execute(bound(1)),
            session.execute(bound(2).on_host(dead)),
        );
        assert_eq!(invalid.unwrap_err().kind(), ErrorKind::Invalid);
        assert!(good.unwrap().is_empty());
        let pinned = pinned.unwrap_err();
        assert_eq!((pinned.kind(), pinned.node()), (ErrorKind::NoHost, Some(dead)));
    }
    assert!(bed.nodes().iter().all(|node| *node != 2));
    assert_eq!(bed.frames().len(), 40);
    bed.cluster.node(2).listen_again().await.unwrap();
    bed.connected().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn net_02_a_connection_that_is_cut_comes_back() {
    let bed = Bed::with(1, |client| client.no_retry()).await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    bed.cluster.ledger().clear();
    let mut outcomes = Vec::new();
    for number in 1..=6 {
        bed.connected().await;
        let cut = number % 2 == 1;
        if cut {
            bed.cluster.on(requests()).times(1).then(Action::Close);
        }
        let before = bed.cluster.node(0).accepted();
        outcomes.push(bed.session.execute(&select).await.map_err(|error| error.kind()));
        until("the connection is back", || {
            bed.cluster.node(0).accepted() >= before + u64::from(cut)
        })
        .await;
    }
    let failed = |outcome: &Result<_, ErrorKind>| matches!(outcome, Err(ErrorKind::Connection));
    let pattern: Vec<bool> = outcomes.iter().map(failed).collect();
    assert_eq!(pattern, [true, false, true, false, true, false], "{outcomes:?}");
    assert_eq!(bed.frames().len(), 6);
    bed.at_rest().await;
}

#[tokio::test]
async fn without_retries_a_node_that_is_gone_is_no_host_as_well() {
    let bed = Bed::with(2, |client| client.no_retry()).await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    let gone = bed.cluster.node(1).host_id();
    bed.cluster.node(1).crash().await.unwrap();
    until("it is not connected", || !bed.health(1).connected).await;
    let error = bed.fails(select.on_host(gone)).await;
    assert_eq!((error.kind(), error.applied()), (ErrorKind::NoHost, Applied::No));
    let attempts: Vec<_> = error.attempts().iter().map(|attempt| attempt.node()).collect();
    assert_eq!(attempts, [Some(gone)]);
    // One that was sent is noted too.
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    bed.cluster.on(requests()).times(1).then(Action::Close);
    let error = bed.fails(select).await;
    assert_eq!((error.kind(), error.attempts().len()), (ErrorKind::Connection, 1));
    bed.cluster.node(1).listen_again().await.unwrap();
    bed.connected().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn net_04_what_is_swallowed_is_sent_again_with_growing_pauses() {
    let backoff = Backoff::exponential(ms(10), ms(1_000)).without_jitter();
    let policy = RetryPolicy::default().backoff(backoff);
    let bed = Bed::with(1, |client| client.retry(policy).attempt_timeout(ms(50))).await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    bed.cluster.on(requests()).times(3).then(Action::Silence);
    bed.cluster.ledger().clear();
    let started = Instant::now();
    let response = bed.session.execute(select).await.unwrap();
    assert_eq!(response.attempts(), 4);
    let frames = bed.frames();
    assert_eq!(frames.len(), 4);
    assert!(frames.iter().all(|frame| frame.opcode == Opcode::Execute));
    // From the beginning, as the server's thread may read any of them late: 50 ms for each attempt and the pauses of 10, 20 and 40 ms.
    for (frame, least) in frames.iter().zip([0, 60, 130, 220]) {
        let at = frame.at - started;
        assert!(at >= ms(least) && at < ms(least + 4_000), "{at:?}, {least}");
    }
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn mon_04_no_host_and_then_the_answer_of_the_node() {
    let settings = HealthSettings::default().ejection(ms(10), ms(10));
    let exporter = Exporter::new();
    let metrics = exporter.metrics();
    let bed = Bed::with(2, |client| client.health_settings(settings).metrics(metrics)).await;
    // Read as soon as the caller has its result: it is recorded by then.
    let recorded = |kind: &str| {
        let series = format!(r#"cassandra_errors_total{{error_type="{kind}"}} 1"#);
        exporter.render().lines().any(|line| line == series)
    };
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    for node in bed.cluster.nodes() {
        node.crash().await.unwrap();
    }
    until("no node is connected", || bed.session.health().healthy == 0).await;
    let start = Instant::now();
    let error = bed.fails(&select).await;
    assert_eq!((error.kind(), bed.frames().len()), (ErrorKind::NoHost, 0));
    assert!(
        recorded("no_host") && !recorded("invalid"),
        "{}",
        exporter.render()
    );
    assert!(start.elapsed() < Duration::from_secs(1));
    bed.cluster.on(Match::any()).then(ErrorFrame::invalid("no"));
    for node in bed.cluster.nodes() {
        node.listen_again().await.unwrap();
    }
    bed.connected().await;
    let error = bed.fails(&select).await;
    assert_eq!((error.kind(), bed.frames().len()), (ErrorKind::Invalid, 1));
    assert!(
        recorded("no_host") && recorded("invalid"),
        "{}",
        exporter.render()
    );
    bed.at_rest().await;
}

//! PREPARE: one for any number of callers, and none that holds up a query.

use futures_util::future::join_all;
use scripted_cassandra::{Action, ErrorFrame, Match, Opcode};
use tokio::time::Instant;
use tower_cassandra::{ErrorKind, Statement};

use crate::support::{Bed, INSERT, SELECT, ms, until};

fn prepares(bed: &Bed, node: usize) -> u64 {
    bed.cluster.ledger().count_at(node, Opcode::Prepare, "")
}

fn prepare() -> Match {
    Match::opcode(Opcode::Prepare)
}

#[tokio::test]
async fn a_hundred_callers_share_one_prepare() {
    let bed = Bed::make(3).await;
    bed.cluster.on(prepare()).then(Action::delay(ms(30)));
    for result in join_all((0..100).map(|_| bed.session.prepare(SELECT))).await {
        result.unwrap();
    }
    let queries = join_all((0..100).map(|id| bed.session.query(SELECT, (id,))));
    assert!(queries.await.iter().all(Result::is_ok));
    assert_eq!([0, 1, 2].map(|node| prepares(&bed, node)), [1, 1, 1]);
    assert_eq!(bed.frames().len(), 100);
    bed.at_rest().await;
}

#[tokio::test]
async fn a_waiter_that_is_cancelled_takes_nobody_with_it() {
    let bed = Bed::make(3).await;
    bed.cluster.on(prepare()).then(Action::delay(ms(2_500)));
    let mut waiters: Vec<_> = (0..10)
        .map(|_| {
            let session = bed.session.clone();
            tokio::spawn(async move { session.prepare(SELECT).await })
        })
        .collect();
    until("it is being prepared", || prepares(&bed, 0) == 1).await;
    // The first one began it.
    for cancelled in waiters.drain(..3) {
        cancelled.abort();
        assert!(cancelled.await.unwrap_err().is_cancelled());
    }
    for waiter in waiters {
        waiter.await.unwrap().unwrap();
    }
    assert_eq!([0, 1, 2].map(|node| prepares(&bed, node)), [1, 1, 1]);

    // All of them cancelled: it lands all the same.
    let alone = tokio::time::timeout(ms(20), bed.session.prepare(INSERT)).await;
    assert!(alone.is_err());
    until("it has landed", || bed.cluster.open_frames().now == 0).await;
    bed.session.prepare(INSERT).await.unwrap();
    assert_eq!([0, 1, 2].map(|node| prepares(&bed, node)), [2, 2, 2]);
    bed.at_rest().await;
}

#[tokio::test]
async fn a_node_that_swallows_prepare_holds_up_no_query() {
    let bed = Bed::with(3, |client| client.attempt_timeout(ms(300))).await;
    let long = ms(8_000);
    bed.cluster.on(prepare().node(1)).then(Action::delay(long));
    let start = Instant::now();
    let select = || Statement::with_values(SELECT, (1,));
    for _ in 0..3 {
        bed.session.execute(select()).await.unwrap();
    }
    // Each waits for one attempt, and at most for one more if it meets that node.
    assert!(start.elapsed() < long, "{:?}", start.elapsed());
    assert!(bed.nodes().iter().all(|node| *node != 1), "{:?}", bed.nodes());
    // One for each, and one more for an attempt that the machine has held up.
    assert!(bed.frames().len() >= 3);
    assert!(bed.frames().iter().all(|frame| frame.opcode == Opcode::Execute));
    // The flight that began with the first query lands in the end, and serves the others.
    until("it has landed", || bed.cluster.open_frames().now == 0).await;
    bed.cluster.clear_rules();
    bed.session.prepare(SELECT).await.unwrap();
    let before = [0, 1, 2].map(|node| prepares(&bed, node));
    for _ in 0..20 {
        bed.session.execute(select()).await.unwrap();
    }
    assert_eq!([0, 1, 2].map(|node| prepares(&bed, node)), before);
    bed.at_rest().await;
}

#[tokio::test]
async fn a_plain_write_beside_a_node_that_swallows_prepare_is_never_made_twice() {
    let bed = Bed::with(3, |client| client.attempt_timeout(ms(500))).await;
    bed.cluster.on(prepare().node(1)).then(Action::Silence);
    let writes = (0..30).map(|id| bed.session.query(INSERT, (id, "v")));
    let mut written = 0;
    for (id, result) in (0_i32..).zip(join_all(writes).await) {
        let executed = bed.cluster.ledger().executions("INSERT", &id.to_be_bytes());
        match result {
            Ok(_) => assert_eq!(executed, 1),
            // It met that node; what was swallowed there cannot be told from the statement itself. Or the machine has held it up.
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Timeout);
                assert!(error.is_ambiguous() && executed <= 1);
            }
        }
        written += executed;
    }
    assert!(written >= 10, "{written}");
    bed.hang_up().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn a_failure_to_prepare_is_not_kept() {
    let bed = Bed::make(3).await;
    let rule = bed.cluster.on(prepare()).then(ErrorFrame::invalid("not yet"));
    for _ in 0..2 {
        let error = bed.session.query(SELECT, (1,)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::Invalid, Some("not yet"))
        );
    }
    // The driver asks all nodes twice.
    assert_eq!(rule.applied(), 2 * 2 * 3);
    rule.remove();
    bed.session.query(SELECT, (1,)).await.unwrap();
    assert_eq!(bed.frames().len(), 1);
    bed.at_rest().await;
}

#[tokio::test]
async fn a_node_that_forgot_is_told_again_once() {
    let bed = Bed::make(3).await;
    let insert = bed.prepare(INSERT).await;
    bed.cluster.node(2).forget_prepared();
    bed.cluster.ledger().clear();
    let pinned = |id: i32| {
        insert
            .bind((id, "v"))
            .unwrap()
            .on_host(bed.cluster.node(2).host_id())
    };
    for id in 0..5 {
        let response = bed.session.execute(pinned(id)).await.unwrap();
        // The driver heals it by itself: that is no retry.
        assert_eq!(response.attempts(), 1);
        let executed = bed.cluster.ledger().executions("INSERT", &id.to_be_bytes());
        assert_eq!(executed, 1);
    }
    assert_eq!([0, 1, 2].map(|node| prepares(&bed, node)), [0, 0, 1]);
    assert_eq!(bed.frames().len(), 6);
    bed.at_rest().await;
}

#[tokio::test]
async fn a_text_whose_id_has_changed_is_remembered_anew() {
    let bed = Bed::make(3).await;
    bed.session.query(SELECT, (1,)).await.unwrap();
    bed.cluster.renew_prepared_ids();
    bed.session.query(SELECT, (1,)).await.unwrap();
    bed.cluster.ledger().clear();
    for _ in 0..10 {
        let response = bed.session.query(SELECT, (1,)).await.unwrap();
        assert_eq!(response.attempts(), 1);
    }
    assert_eq!([0, 1, 2].map(|node| prepares(&bed, node)), [0, 0, 0]);
    assert_eq!(bed.frames().len(), 10);
    bed.at_rest().await;
}

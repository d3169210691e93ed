//! RTY: how often a request is sent, counted at the server.

use scripted_cassandra::{Consistency, ErrorFrame, Match, Rows, Type, Value};
use tower_cassandra::layers::{Advice, Failure};
use tower_cassandra::scylla::errors::WriteType;
use tower_cassandra::scylla::statement::Consistency as Level;
use tower_cassandra::scylla::value::Counter;
use tower_cassandra::{Applied, Batch, CqlClassifier, ErrorKind, ReadTimeoutRule, Statement};

use crate::support::{ADD, Bed, CONDITIONAL, INSERT, SELECT, quick};

fn write_timeout(write_type: &str) -> ErrorFrame {
    ErrorFrame::write_timeout(Consistency::QUORUM, 1, 2, write_type)
}

#[tokio::test]
async fn rty_01_a_marked_write_is_sent_as_often_as_the_policy_says() {
    let types = [
        ("SIMPLE", WriteType::Simple),
        ("BATCH", WriteType::Batch),
        ("UNLOGGED_BATCH", WriteType::UnloggedBatch),
    ];
    for nodes in [1, 3] {
        for retries in [3, 1, 0] {
            let bed = Bed::with(nodes, |client| client.retry(quick(retries))).await;
            let insert = bed.prepare(INSERT).await;
            for (name, write_type) in &types {
                bed.cluster.on(Match::any()).then(write_timeout(name));
                let statement = insert.bind((1, "v")).unwrap().idempotent(true);
                let error = bed.fails(statement).await;
                assert_eq!(bed.frames().len(), retries as usize + 1, "{nodes} {name}");
                assert_eq!(error.kind(), ErrorKind::WriteTimeout);
                assert_eq!(error.write_type(), Some(write_type));
                assert_eq!((error.received(), error.required()), (Some(1), Some(2)));
                assert_eq!(error.consistency(), Some(Level::Quorum));
                assert_eq!(error.attempts().len(), retries as usize + 1);
                bed.clear();
            }
            bed.at_rest().await;
        }
    }
}

#[tokio::test]
async fn rty_02_what_is_not_marked_is_sent_once() {
    let bed = Bed::make(3).await;
    let insert = bed.prepare(INSERT).await;
    let member = insert.bind((1, "v")).unwrap();
    let rule = bed.cluster.on(Match::any()).then(write_timeout("SIMPLE"));
    let error = bed.fails(&member).await;
    assert_eq!((bed.frames().len(), error.applied()), (1, Applied::Maybe));
    rule.remove();

    bed.cluster.on(Match::any()).then(write_timeout("UNLOGGED_BATCH"));
    let member = member.idempotent(true);
    let batch = Batch::unlogged().with(&member).with(&member);
    let error = bed.fails(batch).await;
    assert_eq!((bed.frames().len(), error.applied()), (1, Applied::Maybe));
    bed.at_rest().await;
}

#[tokio::test]
async fn rty_03_counters_and_conditional_writes_are_sent_once_however_they_are_marked() {
    let bed = Bed::make(3).await;
    let add = bed.prepare(ADD).await;
    let conditional = bed.prepare(CONDITIONAL).await;
    let bound = [
        (add.bind((Counter(1), 1)).unwrap(), "COUNTER"),
        (conditional.bind((1, "v")).unwrap(), "CAS"),
        // Not prepared: the schema says that it is a counter, the text that it is conditional.
        (
            Statement::new("UPDATE ks.counts SET n = n + 1 WHERE id = 1"),
            "SIMPLE",
        ),
        (
            Statement::new("UPDATE ks.t SET v = 'a' WHERE id = 1 IF v = 'b'"),
            "SIMPLE",
        ),
    ];
    for (statement, write_type) in bound {
        bed.cluster.on(Match::any()).then(write_timeout(write_type));
        let error = bed.fails(statement.idempotent(true)).await;
        assert_eq!(bed.frames().len(), 1, "{write_type}");
        assert_eq!(error.kind(), ErrorKind::WriteTimeout);
        assert!(error.is_ambiguous());
        bed.clear();
    }
    bed.at_rest().await;
}

#[tokio::test]
async fn rty_04_unavailable_is_tried_elsewhere_and_never_hidden() {
    let bed = Bed::make(3).await;
    let select = bed.prepare(SELECT).await;
    let select = select.bind((1,)).unwrap().consistency(Level::Quorum);
    let unavailable = || ErrorFrame::unavailable(Consistency::QUORUM, 3, 2);
    let rows = Rows::new([("id", Type::Int), ("v", Type::Text)]).row([Value::from(1), "v".into()]);
    bed.cluster.ledger().clear();
    bed.cluster.on(Match::any()).times(1).then(unavailable());
    bed.cluster.on(Match::any()).then(rows);
    let response = bed.session.execute(&select).await.unwrap();
    assert_eq!((response.len(), response.attempts()), (1, 2));
    let nodes = bed.nodes();
    assert_eq!(nodes.len(), 2);
    assert_ne!(nodes[0], nodes[1]);
    bed.clear();

    bed.cluster.on(Match::any()).then(unavailable());
    let error = bed.fails(&select).await;
    let frames = bed.frames();
    assert_eq!(frames.len(), 4);
    assert!(
        frames
            .iter()
            .all(|frame| frame.consistency == Some(Consistency::QUORUM))
    );
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!((error.required(), error.alive()), (Some(3), Some(2)));
    bed.at_rest().await;
}

#[tokio::test]
async fn rty_05_a_batch_whose_log_timed_out_is_repeated_if_it_is_marked() {
    let bed = Bed::make(3).await;
    let insert = bed.prepare(INSERT).await;
    let batch = Batch::logged().with(insert.bind((1, "a")).unwrap());
    let batch = batch.with(insert.bind((2, "b")).unwrap());
    let once = || {
        bed.cluster
            .on(Match::any())
            .times(1)
            .then(write_timeout("BATCH_LOG"))
    };
    once();
    bed.cluster.ledger().clear();
    let response = bed.session.execute(batch.clone().idempotent(true)).await.unwrap();
    assert_eq!((bed.frames().len(), response.attempts()), (2, 2));
    let nodes = bed.nodes();
    assert_eq!(nodes[0], nodes[1]);
    bed.clear();

    once();
    let error = bed.fails(batch).await;
    assert_eq!((bed.frames().len(), error.kind()), (1, ErrorKind::WriteTimeout));
    assert_eq!(error.write_type(), Some(&WriteType::BatchLog));
    bed.at_rest().await;
}

#[tokio::test]
async fn writes_that_a_full_node_refused_are_sent_again_where_that_is_asked_for() {
    for (on, plain) in [(false, 1), (true, 4)] {
        let bed = Bed::with(3, |client| client.resend_overloaded(on)).await;
        let plain_one = bed.prepare(INSERT).await.bind((1, "v")).unwrap();
        let conditional = bed.prepare(CONDITIONAL).await.bind((1, "v")).unwrap();
        let counter = bed.prepare(ADD).await.bind((Counter(1), 1)).unwrap();
        let text = |text: &str| Statement::new(text);
        let unlogged = Batch::unlogged().with(&plain_one).with(&plain_one);
        let logged = Batch::logged().with(&plain_one).with(&plain_one);
        bed.cluster.on(Match::any()).then(ErrorFrame::overloaded("full"));
        for (statement, sent) in [
            (plain_one, plain),
            (text("INSERT INTO ks.t (id, v) VALUES (1, 'v')"), plain),
            (logged.into(), plain),
            (conditional, 1),
            (text("INSERT INTO ks.t (id, v) VALUES (1, 'v') IF NOT EXISTS"), 1),
            (counter, 1),
            (text("UPDATE ks.counts SET n = n + 1 WHERE id = 1"), 1),
            // A part may have gone through.
            (unlogged.into(), 1),
        ] {
            let error = bed.fails(&statement).await;
            assert_eq!(
                (error.kind(), error.applied(), bed.frames().len()),
                (ErrorKind::Overloaded, Applied::Maybe, sent),
                "{on} {statement:?}"
            );
        }
        bed.at_rest().await;
    }
}

#[tokio::test]
async fn marked_writes_whose_views_were_slow_are_sent_again_where_that_is_asked_for() {
    for (on, again) in [(false, 1), (true, 4)] {
        let bed = Bed::with(3, |client| client.retry_views(on)).await;
        let insert = bed.prepare(INSERT).await.bind((1, "v")).unwrap();
        for (write_type, marked, sent) in [
            ("VIEW", true, again),
            ("CDC", true, again),
            ("VIEW", false, 1),
            ("NEW_ONE", true, 1),
        ] {
            bed.cluster.on(Match::any()).then(write_timeout(write_type));
            bed.fails(insert.clone().idempotent(marked)).await;
            assert_eq!(bed.frames().len(), sent, "{on} {write_type} {marked}");
            bed.clear();
        }
        bed.at_rest().await;
    }
}

#[tokio::test]
async fn a_judgement_of_ones_own_has_the_last_word_and_may_panic() {
    let classifier = CqlClassifier::new().judged_by(|error, nature, failure| match error.kind() {
        ErrorKind::Invalid => Failure {
            advice: Advice::Next,
            ..failure
        },
        ErrorKind::Bootstrapping => Failure {
            advice: Advice::Never,
            ..failure
        },
        ErrorKind::Truncate => panic!("at {nature:?}"),
        _ => failure,
    });
    let bed = Bed::with(3, |client| client.classifier(classifier)).await;
    let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
    for (frame, kind, sent) in [
        (ErrorFrame::invalid("no"), ErrorKind::Invalid, 4),
        (ErrorFrame::bootstrapping("not yet"), ErrorKind::Bootstrapping, 1),
        (ErrorFrame::unauthorized("no"), ErrorKind::Unauthorized, 1),
        (ErrorFrame::truncate_error("no"), ErrorKind::Truncate, 4),
    ] {
        bed.cluster.on(Match::any()).then(frame);
        assert_eq!(bed.fails(&select).await.kind(), kind);
        assert_eq!(bed.frames().len(), sent, "{kind:?}");
        bed.clear();
    }
    bed.at_rest().await;
}

#[tokio::test]
async fn which_reads_are_repeated_after_a_read_timeout_is_a_rule_of_the_session() {
    use ReadTimeoutRule::{Elsewhere, Once, Original};
    // Answers of replicas, those that are needed, and whether one of them had the data.
    for (received, required, data, [once, original, elsewhere]) in [
        (2, 2, false, [2, 4, 4]),
        (1, 2, true, [1, 4, 4]),
        (1, 2, false, [1, 1, 4]),
    ] {
        for (rule, sent) in [(Once, once), (Original, original), (Elsewhere, elsewhere)] {
            let bed = Bed::with(3, |client| client.read_timeouts(rule)).await;
            let select = bed.prepare(SELECT).await.bind((1,)).unwrap();
            let late = ErrorFrame::read_timeout(Consistency::QUORUM, received, required, data);
            bed.cluster.on(Match::any()).then(late);
            let error = bed.fails(&select).await;
            assert_eq!(error.kind(), ErrorKind::ReadTimeout);
            assert_eq!(
                bed.frames().len(),
                sent,
                "{rule:?}, {received} of {required}, {data}"
            );
            // Reads at a serial level never.
            bed.fails(select.consistency(Level::LocalSerial)).await;
            assert_eq!(bed.frames().len(), 1, "{rule:?}");
            bed.at_rest().await;
        }
    }
}

//! Tables B and A: connections that break, nodes that are silent, nodes that are gone.

use std::fmt::Write as _;

use scripted_cassandra::{Action, Opcode};
use tower_cassandra::{Applied, ErrorKind, Limit, Statement};

use super::bed;
use super::kinds::{Kind, Texts};
use crate::support::{Bed, ms, requests, until};

/// An answer to a request that nobody made.
fn foreign_stream() -> Action {
    Action::Bytes(vec![0x84, 0, 0x70, 0, 0x08, 0, 0, 0, 4, 0, 0, 0, 1])
}

/// An answer said to be compressed, on a connection without compression. The stream is that of the only request.
fn compressed() -> Action {
    Action::Bytes(vec![0x84, 1, 0, 0, 0x08, 0, 0, 0, 4, 0, 0, 0, 1])
}

/// Attempts for B2 and B3: another node each time, for what may be applied twice.
const fn attempts(kind: Kind) -> usize {
    if kind.is_marked() && !kind.never_twice() && !matches!(kind, Kind::SerialRead) {
        4
    } else {
        1
    }
}

async fn broken(bed: &Bed, texts: &Texts, name: &str, action: Action, id: &mut i32) {
    let mut line = format!("B2   {name:28}");
    for kind in Kind::ALL {
        *id += 2;
        let at = format!("B2 {name} {kind}");
        bed.connected().await;
        bed.cluster.on(requests()).then(action.clone());
        let error = bed.fails(texts.statement(kind, *id)).await;
        bed.cluster.clear_rules();
        let expected = attempts(kind);
        assert_eq!(error.kind(), ErrorKind::Connection, "{at}: {error:?}");
        assert_eq!(error.applied(), Applied::Maybe, "{at}");
        assert_eq!(error.attempts().len(), expected, "{at}");
        let nodes = bed.nodes();
        // The fourth attempt finds the first node without connection, or with a new one.
        let least = expected.min(3);
        assert!((least..=expected).contains(&nodes.len()), "{at}: {nodes:?}");
        let mut first = nodes[..least].to_vec();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), least, "{at}: {nodes:?}");
        let _ = write!(line, " {:>9}", format!("{} Maybe", nodes.len()));
    }
    println!("{line}");
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_it_open_what_was_applied() {
    let bed = bed().await;
    let texts = Texts::prepare(&bed).await;
    let mut id = 0;
    for (name, action) in [
        ("connection closed", Action::Close),
        ("connection reset", Action::Reset),
        ("half an answer, closed", Action::HalfAnswerThenClose),
        ("no frame at all", Action::Bytes(vec![0xFF; 9])),
        ("answer to nobody", foreign_stream()),
    ] {
        broken(&bed, &texts, name, action, &mut id).await;
    }
    bed.connected().await;
    bed.at_rest().await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_unpacked_is_a_protocol_error() {
    let bed = bed().await;
    let texts = Texts::prepare(&bed).await;
    for kind in Kind::ALL {
        bed.cluster.on(requests()).times(1).then(compressed());
        let error = bed.fails(texts.statement(kind, 1)).await;
        assert_eq!(error.kind(), ErrorKind::Protocol, "{kind}: {error:?}");
        assert_eq!((error.applied(), bed.frames().len()), (Applied::Maybe, 1));
    }
    bed.connected().await;
    bed.at_rest().await;
}

async fn silent(name: &str, limit: Limit, limited: impl Fn(Statement) -> Statement) {
    let bed = bed().await;
    let texts = Texts::prepare(&bed).await;
    let mut line = format!("{name:33}");
    for kind in Kind::ALL {
        let at = format!("{name} {kind}");
        bed.cluster.on(requests()).then(Action::Silence);
        let error = bed.fails(limited(texts.statement(kind, 1))).await;
        let expected = if limit == Limit::Attempt {
            attempts(kind)
        } else {
            1
        };
        assert_eq!(error.kind(), ErrorKind::Timeout, "{at}: {error:?}");
        assert_eq!(error.timeout(), Some(limit), "{at}");
        assert_eq!(error.applied(), Applied::Maybe, "{at}");
        assert_eq!(error.attempts().len(), expected, "{at}");
        until("what was sent has arrived", || bed.frames().len() >= expected).await;
        let nodes = bed.nodes();
        assert_eq!(nodes.len(), expected, "{at}");
        let mut first = nodes.iter().take(3).collect::<Vec<_>>();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), expected.min(3), "{at}: {nodes:?}");
        // Each is kept, and counts against its node, until that has answered or is gone.
        let owed: u32 = bed.session.health().nodes.iter().map(|node| node.abandoned).sum();
        assert_eq!(owed as usize, expected, "{at}");
        bed.hang_up().await;
        let _ = write!(line, " {:>9}", format!("{} Maybe", nodes.len()));
    }
    println!("{line}");
    bed.at_rest().await;
}

#[tokio::test]
async fn silence_ends_the_attempt_and_the_next_node_is_asked() {
    silent("B3   attempt limit", Limit::Attempt, |statement| {
        statement.attempt_timeout(ms(30))
    })
    .await;
}

#[tokio::test]
async fn silence_ends_the_call_and_nobody_is_asked_again() {
    silent("B4   call limit", Limit::Call, |statement| {
        statement.timeout(ms(30)).attempt_timeout(None)
    })
    .await;
    silent("B4   deadline", Limit::Deadline, |statement| {
        statement.deadline(ms(30)).attempt_timeout(None)
    })
    .await;
}

#[tokio::test]
async fn where_no_node_is_there_nothing_is_sent() {
    let bed = bed().await;
    let texts = Texts::prepare(&bed).await;
    for node in bed.cluster.nodes() {
        node.crash().await.unwrap();
    }
    until("no node is connected", || {
        bed.session.health().nodes.iter().all(|node| !node.connected)
    })
    .await;
    let mut line = format!("A4   {:28}", "no connection anywhere");
    for kind in Kind::ALL {
        let error = bed.fails(texts.statement(kind, 1)).await;
        assert_eq!(error.kind(), ErrorKind::NoHost, "{kind}: {error:?}");
        assert_eq!(error.applied(), Applied::No, "{kind}");
        assert_eq!(error.attempts().len(), 4, "{kind}");
        assert!(
            error
                .attempts()
                .iter()
                .all(|attempt| attempt.kind() == ErrorKind::Connection),
            "{kind}: {error:?}"
        );
        let _ = write!(line, " {:>9}", "0 No");
    }
    println!("{line}");
    // A8
    let error = bed.session.prepare("SELECT v FROM ks.t").await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::NoHost, Applied::No));
    assert_eq!(bed.cluster.ledger().count(Opcode::Prepare, ""), 0);
    assert_eq!(bed.frames().len(), 0);
    for node in bed.cluster.nodes() {
        node.listen_again().await.unwrap();
    }
    bed.connected().await;
    bed.at_rest().await;
}

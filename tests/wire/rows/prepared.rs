//! What goes wrong around prepared statements (A9, A10, D5), after success (E1) and in decoding (D4).

use scripted_cassandra::{Action, ErrorFrame, Match, Opcode};
use tower_cassandra::{Applied, ErrorKind};

use super::bed;
use super::kinds::{Kind, Texts};
use crate::support::{Bed, SELECT, ms, requests};

/// PREPARED with an id that no other node gives.
fn strange_id() -> Action {
    let mut body = vec![0, 0, 0, 4, 0, 16];
    body.extend([7; 16]);
    // No markers, no key, no columns.
    body.extend([0; 12]);
    body.extend([0, 0, 0, 4, 0, 0, 0, 0]);
    Action::Frame(0x08, body)
}

fn prepares(bed: &Bed) -> u64 {
    bed.cluster.ledger().count(Opcode::Prepare, "")
}

#[tokio::test]
async fn errors_of_prepare_are_judged_like_those_of_statements() {
    let bed = bed().await;
    // The driver prepares on all nodes, and where that fails on all connections once more.
    let rounds = 2 * 3;
    for (id, answer, kind, attempts) in [
        (
            "A9",
            Action::from(ErrorFrame::syntax_error("why")),
            ErrorKind::Syntax,
            1,
        ),
        ("A9", ErrorFrame::invalid("why").into(), ErrorKind::Invalid, 1),
        (
            "A9",
            ErrorFrame::overloaded("why").into(),
            ErrorKind::Overloaded,
            4,
        ),
        (
            "A9",
            ErrorFrame::server_error("why").into(),
            ErrorKind::ServerError,
            4,
        ),
    ] {
        bed.cluster.on(Match::opcode(Opcode::Prepare)).then(answer);
        let error = bed.session.prepare(SELECT).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{id}");
        assert_eq!(error.applied(), Applied::No, "{id}");
        assert_eq!(error.message(), Some("why"));
        assert_eq!(error.attempts().len(), attempts, "{id}");
        assert_eq!(prepares(&bed), attempts as u64 * rounds, "{id} {kind}");
        println!("{id:4} PREPARE: {kind}: {attempts} attempts, No");
        bed.clear();
    }
    bed.cluster
        .on(Match::opcode(Opcode::Prepare).node(1))
        .then(strange_id());
    let error = bed.session.prepare(SELECT).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Prepare, Applied::No));
    println!(
        "A10  PREPARE: ids differ: {} attempts, No",
        error.attempts().len()
    );
    assert_eq!(error.attempts().len(), 2, "A10: once");
    bed.clear();
    bed.session.prepare(SELECT).await.unwrap();
    bed.at_rest().await;
}

#[tokio::test]
async fn a_stale_handle_is_prepared_anew_and_sent_once_more() {
    let bed = bed().await;
    let texts = Texts::prepare(&bed).await;
    for (number, kind) in (1..).zip(Kind::ALL) {
        bed.cluster.renew_prepared_ids();
        bed.cluster.ledger().clear();
        let response = bed.session.execute(texts.statement(kind, number * 2)).await;
        let response = response.unwrap_or_else(|error| panic!("D5 {kind}: {error:?}"));
        assert_eq!(response.attempts(), 2, "D5 {kind}");
        let executed = bed.frames().iter().filter(|frame| frame.executed).count();
        assert_eq!((bed.frames().len(), executed), (2, 1), "D5 {kind}");
    }
    // A statement of the batch that is none of it.
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_batch()) {
        bed.cluster
            .on(Match::opcode(Opcode::Batch))
            .then(ErrorFrame::unprepared(&[1, 2, 3]));
        let error = bed.fails(texts.statement(kind, 1)).await;
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Prepare, Applied::No));
        assert_eq!(bed.frames().len(), 2, "D5 {kind}");
        bed.clear();
    }
    bed.at_rest().await;
}

#[tokio::test]
async fn a_row_of_another_type_is_an_error_of_the_reader() {
    let bed = bed().await;
    bed.session
        .query("INSERT INTO ks.t (id, v) VALUES (?, ?)", (1, "v"))
        .await
        .unwrap();
    bed.cluster.ledger().clear();
    let response = bed.session.query(SELECT, (1,)).await.unwrap();
    let error = response.rows::<(String, i32)>().unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Decode, Applied::Yes));
    assert_eq!(bed.frames().len(), 1);
    bed.at_rest().await;
}

#[tokio::test]
async fn ddl_without_agreement_was_applied() {
    let bed = Bed::with(3, |client| client.schema_agreement_timeout(ms(300))).await;
    bed.cluster.node(1).disagree_on_schema(true);
    let error = bed.fails("CREATE TABLE ks.late (id int PRIMARY KEY)").await;
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::SchemaAgreement, Applied::Yes)
    );
    assert_eq!(bed.cluster.ledger().count(Opcode::Query, "CREATE TABLE"), 1);
    bed.cluster.node(1).disagree_on_schema(false);
    bed.cluster.ledger().clear();
    // Its own errors are those of any statement; unmarked, it is sent once.
    bed.cluster.on(requests()).then(ErrorFrame::overloaded("why"));
    let error = bed.fails("CREATE TABLE ks.later (id int PRIMARY KEY)").await;
    assert_eq!((error.kind(), bed.frames().len()), (ErrorKind::Overloaded, 1));
    bed.at_rest().await;
}

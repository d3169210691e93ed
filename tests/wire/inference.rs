//! Idempotence read from the text: what becomes fit for retries by it, counted at the server.

use scripted_cassandra::{Consistency, ErrorFrame, Match};
use tower_cassandra::{Applied, Batch, Statement};

use crate::support::{ADD, Bed, CONDITIONAL, INSERT};

/// Three retries, if it may be repeated.
const REPEATED: usize = 4;
const ONCE: usize = 1;

async fn sent(bed: &Bed, statement: impl Into<Statement>) -> usize {
    let error = bed.fails(statement).await;
    assert_eq!(error.applied(), Applied::Maybe);
    bed.frames().len()
}

fn always_late(bed: &Bed) {
    let late = ErrorFrame::write_timeout(Consistency::QUORUM, 1, 2, "SIMPLE");
    bed.cluster.on(Match::any()).then(late);
}

#[tokio::test]
async fn an_unmarked_write_is_repeated_if_its_text_leaves_no_doubt() {
    let bed = Bed::with(3, |client| client.infer_idempotence(true)).await;
    let insert = bed.prepare(INSERT).await;
    let conditional = bed.prepare(CONDITIONAL).await;
    let add = bed.prepare(ADD).await;
    let delete = bed.prepare("DELETE FROM ks.counts WHERE id = ?").await;
    let bound = || insert.bind((1, "v")).unwrap();
    always_late(&bed);

    let of_text = |text: &str| Statement::new(text);
    let batch = |member: &str| Statement::new(format!("BEGIN UNLOGGED BATCH {member} APPLY BATCH"));
    for (statement, expected) in [
        (bound(), REPEATED),
        (Statement::with_values(INSERT, (1, "v")), REPEATED),
        (of_text("UPDATE ks.t SET v = 'now()' WHERE id = 1"), REPEATED),
        (of_text("DELETE FROM ks.t WHERE id = 1"), REPEATED),
        (of_text("INSERT INTO ks.t (id, v) VALUES (1, f('x'))"), ONCE),
        (conditional.bind((1, "v")).unwrap(), ONCE),
        (
            add.bind((tower_cassandra::scylla::value::Counter(1), 1)).unwrap(),
            ONCE,
        ),
        // Only the schema knows that this table has counters.
        (of_text("DELETE FROM ks.counts WHERE id = 1"), ONCE),
        (delete.bind((1,)).unwrap(), ONCE),
        // Nobody knows whether this one has.
        (of_text("DELETE FROM ks.unknown WHERE id = 1"), ONCE),
        (of_text("UPDATE ks.unknown SET v = 'x' WHERE id = 1"), REPEATED),
        (batch("DELETE FROM ks.counts WHERE id = 1"), ONCE),
        (batch("UPDATE ks.t SET v = 'x' WHERE id = 1"), REPEATED),
        // A mark wins.
        (bound().idempotent(false), ONCE),
        (
            of_text("DELETE FROM ks.t WHERE id = 1").idempotent(true),
            REPEATED,
        ),
        (
            of_text("DELETE FROM ks.unknown WHERE id = 1").idempotent(true),
            REPEATED,
        ),
        // But not where there are counters.
        (
            of_text("DELETE FROM ks.counts WHERE id = 1").idempotent(true),
            ONCE,
        ),
        (
            Statement::with_values("DELETE FROM ks.counts WHERE id = ?", (1,)).idempotent(true),
            ONCE,
        ),
        (
            Batch::unlogged()
                .with("DELETE FROM ks.counts WHERE id = 1")
                .idempotent(true)
                .into(),
            ONCE,
        ),
        (
            of_text("INSERT INTO ks.t (id, v) VALUES (1, f('x'))").idempotent(true),
            REPEATED,
        ),
    ] {
        assert_eq!(
            sent(&bed, &statement).await,
            expected,
            "{}",
            statement.fingerprint().text()
        );
    }
    bed.at_rest().await;
}

#[tokio::test]
async fn an_unmarked_batch_is_repeated_if_all_its_members_may_be() {
    let bed = Bed::with(3, |client| client.infer_idempotence(true)).await;
    let member = bed.prepare(INSERT).await.bind((1, "v")).unwrap();
    let doubtful = "INSERT INTO ks.t (id, v) VALUES (1, f('x'))";
    always_late(&bed);

    let batch = || Batch::logged().with(&member);
    for (batch, expected) in [
        (batch().with("DELETE FROM ks.t WHERE id = 2"), REPEATED),
        (batch().with(doubtful), ONCE),
        (batch().with(Statement::new(doubtful).idempotent(true)), REPEATED),
        (batch().with(member.clone().idempotent(false)), ONCE),
        (
            batch().with(Statement::with_values(INSERT, (1, "v")).idempotent(false)),
            ONCE,
        ),
        (batch().with(Statement::with_values(INSERT, (1, "v"))), REPEATED),
        (batch().with("DELETE FROM ks.counts WHERE id = 1"), ONCE),
        (batch().idempotent(false), ONCE),
    ] {
        assert_eq!(sent(&bed, batch).await, expected);
    }
    bed.at_rest().await;
}

#[tokio::test]
async fn nothing_is_inferred_unless_asked_for() {
    let bed = Bed::make(3).await;
    let member = bed.prepare(INSERT).await.bind((1, "v")).unwrap();
    always_late(&bed);
    assert_eq!(sent(&bed, &member).await, ONCE);
    assert_eq!(sent(&bed, "DELETE FROM ks.t WHERE id = 1").await, ONCE);
    assert_eq!(sent(&bed, Batch::logged().with(&member)).await, ONCE);
    bed.at_rest().await;
}

#[tokio::test]
async fn a_read_at_a_serial_level_is_not_repeated_whoever_chose_the_level() {
    use tower_cassandra::scylla::statement::Consistency::{LocalQuorum, LocalSerial};
    for (default, expected) in [(LocalSerial, ONCE), (LocalQuorum, REPEATED)] {
        let bed = Bed::with(3, |client| client.default_consistency(default)).await;
        let select = bed.prepare(crate::support::SELECT).await;
        bed.cluster
            .on(Match::any())
            .then(ErrorFrame::overloaded("too much"));
        bed.fails(select.bind((1,)).unwrap()).await;
        assert_eq!(bed.frames().len(), expected, "{default}");
        bed.at_rest().await;
    }
}

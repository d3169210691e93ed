//! Statements that give nothing back end at once and are no errors.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;
use tower_cassandra::{Batch, Error, Response, Session, Statement};
use uuid::Uuid;

use crate::support::{Bed, filled};

const TABLE: &str = "CREATE TABLE t (id uuid PRIMARY KEY, name text, value int)";

/// Within the limit of the call, which is 10 s, and 60 s for DDL.
async fn nothing(session: &Session, statement: impl Into<Statement>) {
    let answer = timeout(Duration::from_secs(60), session.execute(statement)).await;
    none(answer.expect("an answer within the limit"));
}

fn none(result: Result<Response, Error>) {
    let response = result.unwrap();
    assert_eq!((response.len(), response.is_empty()), (0, true));
    assert!(response.rows::<(Uuid,)>().unwrap().is_empty());
    assert_eq!(response.was_applied(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emp_01_every_kind_of_statement_without_rows_ends() {
    let Some(bed) = Bed::make("emp_01").await else {
        return;
    };
    let session = &bed.session;
    nothing(session, TABLE).await;
    let insert = bed
        .prepare("INSERT INTO t (id, name, value) VALUES (?, ?, ?)")
        .await;
    let update = bed.prepare("UPDATE t SET value = ? WHERE id = ?").await;
    let delete = bed.prepare("DELETE FROM t WHERE id = ?").await;
    let select = bed.prepare("SELECT id FROM t WHERE id = ?").await;
    let new = || insert.bind((Uuid::new_v4(), "name", 1)).unwrap();

    nothing(session, new()).await;
    nothing(session, update.bind((2, Uuid::new_v4())).unwrap()).await;
    nothing(session, delete.bind((Uuid::new_v4(),)).unwrap()).await;
    nothing(session, select.bind((Uuid::new_v4(),)).unwrap()).await;

    nothing(session, "CREATE TABLE u (id uuid PRIMARY KEY)").await;
    nothing(session, "ALTER TABLE u ADD name text").await;
    nothing(session, "DROP TABLE u").await;

    nothing(
        session,
        "CREATE TABLE w (id uuid PRIMARY KEY, name text, value int)",
    )
    .await;
    let into_w = bed
        .prepare("INSERT INTO w (id, name, value) VALUES (?, ?, ?)")
        .await;
    for i in 0..5 {
        nothing(session, into_w.bind((Uuid::new_v4(), "name", i)).unwrap()).await;
    }
    assert_eq!(session.execute("SELECT id FROM w").await.unwrap().len(), 5);
    nothing(session, "TRUNCATE w").await;
    nothing(session, "SELECT id FROM w").await;

    nothing(session, filled(Batch::logged(), (0..10).map(|_| new()))).await;
    let mixed = Batch::unlogged()
        .with(new())
        .with(update.bind((3, Uuid::new_v4())).unwrap())
        .with(delete.bind((Uuid::new_v4(),)).unwrap());
    nothing(session, mixed).await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emp_02_twenty_at_once() {
    let Some(bed) = Bed::make("emp_02").await else {
        return;
    };
    bed.run(TABLE).await;
    let insert = bed
        .prepare("INSERT INTO t (id, name, value) VALUES (?, ?, ?)")
        .await;
    let update = bed.prepare("UPDATE t SET value = ? WHERE id = ?").await;
    let delete = bed.prepare("DELETE FROM t WHERE id = ?").await;
    let select = bed.prepare("SELECT id FROM t WHERE id = ?").await;
    let id = Uuid::new_v4;
    let statements = (0..5).flat_map(|i| {
        [
            insert.bind((id(), "name", i)).unwrap(),
            update.bind((i, id())).unwrap(),
            delete.bind((id(),)).unwrap(),
            select.bind((id(),)).unwrap(),
        ]
    });
    let results = join_all(statements.map(|statement| bed.session.execute(statement))).await;
    assert_eq!(results.len(), 20);
    results.into_iter().for_each(none);
    bed.done().await;
}

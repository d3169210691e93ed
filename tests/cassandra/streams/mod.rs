//! STR: results page by page; many statements; whole tables.

mod beside;
mod dying;
mod life;
mod many;
mod rows;
mod scans;

use tower_cassandra::{Prepared, RowStream, Session, Statement};

use crate::support::Bed;

/// Runs them all, many at a time; none may fail.
pub(crate) async fn run_all(session: &Session, statements: impl IntoIterator<Item = Statement>) {
    let summary = session
        .execute_many(statements)
        .concurrency(128)
        .run()
        .await
        .unwrap();
    assert_eq!(summary.failed, 0);
}

/// A table `t (id int, v text)` with ids from 0.
async fn numbers(bed: &Bed, rows: i32) -> Prepared {
    bed.run("CREATE TABLE t (id int PRIMARY KEY, v text)").await;
    let insert = bed.prepare("INSERT INTO t (id, v) VALUES (?, ?)").await;
    let value = |id: i32| insert.bind((id, format!("value {id}"))).unwrap();
    run_all(&bed.session, (0..rows).map(value)).await;
    insert
}

/// The ids of what is left of a stream, in rising order.
async fn rest(rows: &mut RowStream<(i32, String)>) -> Vec<i32> {
    let mut ids = Vec::new();
    while let Some(row) = rows.next().await {
        let (id, value) = row.unwrap();
        assert_eq!(value, format!("value {id}"));
        ids.push(id);
    }
    ids.sort_unstable();
    ids
}

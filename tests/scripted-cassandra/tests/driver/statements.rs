use scripted_cassandra::{Opcode, Rows, Type};
use scylla::errors::DbError;
use scylla::response::PagingState;
use scylla::statement::batch::{Batch, BatchType};
use scylla::value::Counter;

use crate::support::{INSERT, cluster, db_error, insert, query, session, until};

#[tokio::test]
async fn a_row_is_what_was_written_last() {
    let cluster = cluster(3).await;
    let session = session(&cluster).await;
    let insert = session
        .prepare("INSERT INTO ks.wide (a, b, c, n) VALUES (?, ?, ?, ?)")
        .await
        .unwrap();
    for c in [3, -1, 2] {
        session
            .execute_unpaged(&insert, ("x", 7_i64, c, i64::from(c)))
            .await
            .unwrap();
    }
    session
        .execute_unpaged(&insert, ("y", 7_i64, 0, 9_i64))
        .await
        .unwrap();
    let update = session
        .prepare("UPDATE ks.wide SET n = :n WHERE a = :a AND b = :b AND c = :c")
        .await
        .unwrap();
    session
        .execute_unpaged(&update, (20_i64, "x", 7_i64, 2))
        .await
        .unwrap();
    session
        .query_unpaged("DELETE FROM ks.wide WHERE a = 'x' AND b = 7 AND c = 3", &[])
        .await
        .unwrap();

    let select = session
        .prepare("SELECT c, n FROM ks.wide WHERE a = ? AND b = ?")
        .await
        .unwrap();
    assert_eq!(select.get_variable_pk_indexes().len(), 2);
    let rows = session.execute_unpaged(&select, ("x", 7_i64)).await.unwrap();
    let rows = rows.into_rows_result().unwrap();
    let found: Vec<(i32, i64)> = rows.rows().unwrap().map(Result::unwrap).collect();
    assert_eq!(found, [(-1, -1), (2, 20)]);

    let text = "SELECT count(*) FROM ks.wide WHERE c >= 0 ALLOW FILTERING";
    let rows = query(&session, text).await.unwrap().into_rows_result().unwrap();
    assert_eq!(rows.single_row::<(i64,)>().unwrap(), (2,));
    query(&session, "TRUNCATE ks.wide").await.unwrap();
    let rows = query(&session, "SELECT * FROM ks.wide")
        .await
        .unwrap()
        .into_rows_result()
        .unwrap();
    assert_eq!((rows.rows_num(), rows.column_specs().len()), (0, 4));
}

#[tokio::test]
async fn pages_end_with_the_rows() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    let prepared = session.prepare(INSERT).await.unwrap();
    for id in 0..10 {
        insert(&session, &prepared, id).await.unwrap();
    }
    let mut select = session.prepare("SELECT id FROM ks.t LIMIT ?").await.unwrap();
    select.set_page_size(4);
    let mut state = PagingState::start();
    let mut pages = Vec::new();
    loop {
        let page = session
            .execute_single_page(&select, (9,), state.clone())
            .await
            .unwrap();
        pages.push(page.0.into_rows_result().unwrap().rows_num());
        match page.1.into_paging_control_flow() {
            std::ops::ControlFlow::Break(()) => break,
            std::ops::ControlFlow::Continue(next) => state = next,
        }
    }
    assert_eq!(pages, [4, 4, 1]);
    let frames = cluster.ledger().of(Opcode::Execute, "SELECT");
    let sizes = frames.iter().map(|frame| frame.page_size);
    assert_eq!(sizes.collect::<Vec<_>>(), [Some(4); 3]);
    assert!(frames[0].paging_state.is_none() && frames[2].paging_state.is_some());
}

#[tokio::test]
async fn given_rows_are_answered_page_by_page() {
    let cluster = cluster(1).await;
    let rows = (0..5).fold(Rows::new([("n", Type::Int)]).bind("x", Type::Text), |rows, n| {
        rows.row([n])
    });
    cluster.answer_rows("SELECT whatever(?)", rows);
    let session = session(&cluster).await;
    let mut prepared = session.prepare("SELECT whatever(?)").await.unwrap();
    prepared.set_page_size(2);
    let pager = session.execute_iter(prepared, ("x",)).await.unwrap();
    let mut rows = pager.rows_stream::<(i32,)>().unwrap();
    let mut found = Vec::new();
    while let Some(row) = futures_util::StreamExt::next(&mut rows).await {
        found.push(row.unwrap().0);
    }
    assert_eq!(found, [0, 1, 2, 3, 4]);
    assert_eq!(cluster.ledger().count(Opcode::Execute, "whatever"), 3);
}

#[tokio::test]
async fn batches_hold_all_their_statements() {
    let cluster = cluster(3).await;
    let session = session(&cluster).await;
    let prepared = session.prepare(INSERT).await.unwrap();
    let mut batch = Batch::new(BatchType::Unlogged);
    batch.append_statement(prepared.clone());
    batch.append_statement("INSERT INTO ks.t (id, v) VALUES (2, 'two')");
    batch.set_timestamp(Some(77));
    session.batch(&batch, ((1, "one"), ())).await.unwrap();
    let rows = query(&session, "SELECT v FROM ks.t")
        .await
        .unwrap()
        .into_rows_result()
        .unwrap();
    assert_eq!(rows.rows_num(), 2);

    let frames = cluster.ledger().of(Opcode::Batch, "INSERT");
    let frame = &frames[0];
    assert_eq!(frame.statements.len(), 2);
    assert_eq!(frame.batch_type, Some(scripted_cassandra::BatchType::Unlogged));
    assert_eq!(frame.timestamp, Some(77));
    assert_eq!(frame.values()[1].bytes(), Some(&b"one"[..]));
    assert_eq!(frame.statements[0].key.as_deref(), Some(&1_i32.to_be_bytes()[..]));
}

#[tokio::test]
async fn conditions_are_answered_with_whether_they_held() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    let text = "INSERT INTO ks.t (id, v) VALUES (?, ?) IF NOT EXISTS";
    let prepared = session.prepare(text).await.unwrap();
    let first = session.execute_unpaged(&prepared, (1, "first")).await.unwrap();
    let first = first.into_rows_result().unwrap();
    assert_eq!(first.single_row::<(bool,)>().unwrap(), (true,));
    let second = session.execute_unpaged(&prepared, (1, "second")).await.unwrap();
    let second = second.into_rows_result().unwrap();
    let row = second.single_row::<(bool, i32, String)>().unwrap();
    assert_eq!(row, (false, 1, "first".to_owned()));

    let text = "UPDATE ks.t SET v = 'third' WHERE id = 1 IF v = 'second'";
    let refused = query(&session, text).await.unwrap().into_rows_result().unwrap();
    assert_eq!(
        refused.single_row::<(bool, String)>().unwrap(),
        (false, "first".to_owned())
    );
    let text = "DELETE FROM ks.t WHERE id = 2 IF EXISTS";
    let refused = query(&session, text).await.unwrap().into_rows_result().unwrap();
    assert_eq!(refused.single_row::<(bool,)>().unwrap(), (false,));
}

#[tokio::test]
async fn counters_add_up() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    let prepared = session
        .prepare("UPDATE ks.counts SET n = n + ? WHERE id = ?")
        .await
        .unwrap();
    for _ in 0..5 {
        session.execute_unpaged(&prepared, (Counter(3), 1)).await.unwrap();
    }
    query(&session, "UPDATE ks.counts SET n = n - 1 WHERE id = 1")
        .await
        .unwrap();
    let rows = query(&session, "SELECT n FROM ks.counts WHERE id = 1")
        .await
        .unwrap();
    let rows = rows.into_rows_result().unwrap();
    assert_eq!(rows.single_row::<(Counter,)>().unwrap(), (Counter(14),));
    // Five with the key as a value, one with the key in its text.
    assert_eq!(cluster.ledger().executions("UPDATE", &1_i32.to_be_bytes()), 6);
}

#[tokio::test]
async fn mistakes_are_answered_as_cassandra_does() {
    let cluster = cluster(1).await;
    let session = session(&cluster).await;
    for (text, expected) in [
        ("SELEC * FROM ks.t", DbError::SyntaxError),
        ("INSERT INTO ks.t", DbError::SyntaxError),
        ("SELECT * FROM ks.nothing", DbError::Invalid),
        ("SELECT nothing FROM ks.t", DbError::Invalid),
        ("SELECT * FROM t", DbError::Invalid),
        ("INSERT INTO ks.t (v) VALUES ('x')", DbError::Invalid),
        ("INSERT INTO ks.t (id) VALUES ('x')", DbError::Invalid),
        (
            "INSERT INTO ks.wide (a, b, n) VALUES ('x', 1, 1)",
            DbError::Invalid,
        ),
        (
            "UPDATE ks.wide SET n = 1 WHERE a = 'x' AND b = 1",
            DbError::Invalid,
        ),
        ("SELECT * FROM ks.t LIMIT 0", DbError::Invalid),
        ("SELECT * FROM ks.t WHERE id = ?", DbError::Invalid),
    ] {
        let (error, _) = db_error(query(&session, text).await.unwrap_err());
        assert_eq!(error, expected, "{text}");
    }
    assert!(
        session
            .prepare("SELECT nothing FROM ks.t WHERE id = ?")
            .await
            .is_err()
    );
    assert!(session.use_keyspace("nothing", false).await.is_err());
}

#[tokio::test]
async fn clients_change_the_schema() {
    let cluster = cluster(2).await;
    let session = session(&cluster).await;
    let replication = "{'class': 'SimpleStrategy', 'replication_factor': 2}";
    let text = format!("CREATE KEYSPACE other WITH replication = {replication}");
    query(&session, &text).await.unwrap();
    let (error, _) = db_error(query(&session, &text).await.unwrap_err());
    let expected = DbError::AlreadyExists {
        keyspace: "other".to_owned(),
        table: String::new(),
    };
    assert_eq!(error, expected);
    session.use_keyspace("other", false).await.unwrap();
    query(&session, "CREATE TABLE t (id int PRIMARY KEY, v text)")
        .await
        .unwrap();
    session
        .query_unpaged("INSERT INTO t (id, v) VALUES (?, ?)", (5, "five"))
        .await
        .unwrap();
    query(&session, "ALTER TABLE t ADD w int").await.unwrap();
    let rows = query(&session, "SELECT * FROM t")
        .await
        .unwrap()
        .into_rows_result()
        .unwrap();
    let row = rows.single_row::<(i32, String, Option<i32>)>().unwrap();
    assert_eq!(row, (5, "five".to_owned(), None));
    until("the driver has heard of it", || {
        let state = session.get_cluster_state();
        let keyspace = state.get_keyspace("other");
        keyspace.is_some_and(|keyspace| {
            keyspace
                .tables
                .get("t")
                .is_some_and(|table| table.columns.len() == 3)
        })
    })
    .await;
    query(&session, "DROP KEYSPACE other").await.unwrap();
    assert!(query(&session, "SELECT * FROM other.t").await.is_err());
}

//! Statements that are prepared: wrong ones, shared ones, and those that the schema has left behind.

use std::collections::HashMap;

use futures_util::future::join_all;
use scylla::value::CqlValue;
use tower_cassandra::{Applied, ErrorKind, Query, Row, SerializeRow, scylla};
use uuid::Uuid;

use crate::support::{Bed, chain};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pre_01_what_does_not_fit_is_refused() {
    let Some(bed) = Bed::make("pre_01").await else {
        return;
    };
    bed.run("CREATE TABLE t (id uuid PRIMARY KEY, value int)").await;
    let session = &bed.session;
    for (text, kind) in [
        ("THIS IS NOT CQL", ErrorKind::Syntax),
        (
            "INSERT INTO t (id, no_such_column) VALUES (?, ?)",
            ErrorKind::Invalid,
        ),
    ] {
        let error = session.prepare(text).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.applied()),
            (kind, Applied::No),
            "{}",
            chain(&error)
        );
    }
    let insert = bed.prepare("INSERT INTO t (id, value) VALUES (?, ?)").await;
    let id = Uuid::new_v4();
    for result in [insert.bind((id, 1, 2, 3)), insert.bind((id,)), insert.bind(())] {
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.applied()),
            (ErrorKind::Serialization, Applied::No)
        );
    }
    assert!(session.execute("SELECT id FROM t").await.unwrap().is_empty());
    session.execute(insert.bind((id, 1)).unwrap()).await.unwrap();
    assert_eq!(session.execute("SELECT id FROM t").await.unwrap().len(), 1);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pre_02_ten_tasks_share_one_statement() {
    let Some(bed) = Bed::make("pre_02").await else {
        return;
    };
    bed.run("CREATE TABLE t (task int, id int, PRIMARY KEY (task, id))")
        .await;
    let insert = bed.prepare("INSERT INTO t (task, id) VALUES (?, ?)").await;
    let tasks = (0..10).map(|task| {
        let (session, insert) = (bed.session.clone(), insert.clone());
        tokio::spawn(async move {
            for id in 0..20 {
                session.execute(insert.bind((task, id)).unwrap()).await.unwrap();
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    let per_task = bed.prepare("SELECT id FROM t WHERE task = ?").await;
    for task in 0..10 {
        let response = bed
            .session
            .execute(per_task.bind((task,)).unwrap())
            .await
            .unwrap();
        assert_eq!(response.len(), 20);
    }
    assert_eq!(bed.session.execute("SELECT id FROM t").await.unwrap().len(), 200);
    bed.done().await;
}

#[derive(SerializeRow)]
#[scylla(crate = tower_cassandra::scylla)]
struct Named<'a> {
    // In another order than the markers.
    name: &'a str,
    id: i32,
}

#[derive(SerializeRow)]
#[scylla(crate = tower_cassandra::scylla)]
struct OneTooMany {
    id: i32,
    name: String,
    other: i32,
}

#[derive(SerializeRow)]
#[scylla(crate = tower_cassandra::scylla)]
struct OneTooFew {
    id: i32,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_by_name_go_to_their_markers() {
    let Some(bed) = Bed::make("named").await else {
        return;
    };
    bed.run("CREATE TABLE t (id int PRIMARY KEY, name text, copy text)")
        .await;
    // One name may stand at several places.
    let text = "INSERT INTO t (id, name, copy) VALUES (:id, :name, :name)";
    let insert = bed.prepare(text).await;
    let by_struct = insert.bind(Named { name: "one", id: 1 }).unwrap();
    bed.session.execute(by_struct).await.unwrap();
    let map = HashMap::from([
        ("name", CqlValue::Text("two".to_owned())),
        ("id", CqlValue::Int(2)),
    ]);
    bed.session.execute(insert.bind(&map).unwrap()).await.unwrap();
    // Text with values goes the same way.
    let owned: HashMap<String, CqlValue> = [("name", "three"), ("id", "")]
        .map(|(name, value)| match name {
            "id" => (name.to_owned(), CqlValue::Int(3)),
            _ => (name.to_owned(), CqlValue::Text(value.to_owned())),
        })
        .into();
    bed.session.query(text, owned).await.unwrap();
    let response = bed.session.execute("SELECT id, name, copy FROM t").await.unwrap();
    let mut rows: Vec<(i32, &str, &str)> = response.rows().unwrap();
    rows.sort_unstable();
    assert_eq!(
        rows,
        [(1, "one", "one"), (2, "two", "two"), (3, "three", "three")]
    );

    let many = OneTooMany {
        id: 1,
        name: String::new(),
        other: 1,
    };
    for (what, result) in [
        ("other", insert.bind(many)),
        ("name", insert.bind(OneTooFew { id: 1 })),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Serialization);
        assert!(chain(&error).contains(what), "{}", chain(&error));
    }
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_prepared_before_a_change_of_the_schema_still_works_or_says_why() {
    let Some(bed) = Bed::make("schema_change").await else {
        return;
    };
    let session = &bed.session;
    bed.run("CREATE TABLE t (id int PRIMARY KEY, a int)").await;
    let insert = "INSERT INTO t (id, a) VALUES (?, ?)";
    let (all, by_hand) = (bed.prepare("SELECT * FROM t").await, bed.prepare(insert).await);
    let read = async || {
        let response = session.execute(all.bind(()).unwrap()).await;
        response.map(|response| response.one::<Row>().unwrap().unwrap())
    };
    session.query(insert, (1, 1)).await.unwrap();
    assert_eq!(read().await.unwrap().len(), 2);
    // Rows are never read with the columns of an older schema.
    bed.run("ALTER TABLE t ADD b text").await;
    bed.run("UPDATE t SET b = 'new' WHERE id = 1").await;
    let row = read().await.unwrap();
    assert_eq!(row.len(), 3);
    assert_eq!(
        row.get("b").and_then(|b| b.as_text().cloned()),
        Some("new".to_owned())
    );
    bed.run("ALTER TABLE t DROP a").await;
    assert!(!read().await.unwrap().contains("a"));
    // The column is gone, and the server says so.
    let old = by_hand.bind((2, 2)).unwrap();
    let error = session.execute(old).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Invalid, Applied::No));
    assert_eq!(
        session.query(insert, (2, 2)).await.unwrap_err().kind(),
        ErrorKind::Invalid
    );

    // Made anew with another type: text with values follows, a handle bound for the old type does not go through.
    bed.run("DROP TABLE t").await;
    bed.run("CREATE TABLE t (id int PRIMARY KEY, a text)").await;
    session.query(insert, (3, "three")).await.unwrap();
    let error = by_hand.bind((4, "four")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Serialization);
    let fresh = bed.prepare(insert).await;
    session.execute(fresh.bind((4, "four")).unwrap()).await.unwrap();
    assert_eq!(session.execute("SELECT id FROM t").await.unwrap().len(), 2);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_text_means_the_table_of_the_current_keyspace() {
    let Some(bed) = Bed::make("two_keyspaces").await else {
        return;
    };
    let session = &bed.session;
    let other = format!("{}_2", bed.keyspace);
    bed.run(&format!(
        "CREATE KEYSPACE {other} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}}"
    ))
    .await;
    let (insert, select) = (
        "INSERT INTO t (id, v) VALUES (1, ?)",
        "SELECT v FROM t WHERE id = ?",
    );
    for keyspace in [&bed.keyspace, &other] {
        session.set_keyspace(keyspace, false).await.unwrap();
        bed.run("CREATE TABLE t (id int PRIMARY KEY, v text)").await;
        session.query(insert, (keyspace.clone(),)).await.unwrap();
    }
    let of_second = bed.prepare(select).await;
    for _ in 0..2 {
        for keyspace in [&bed.keyspace, &other] {
            session.set_keyspace(keyspace, false).await.unwrap();
            let response = session.query(select, (1,)).await.unwrap();
            assert_eq!(response.one::<(&str,)>().unwrap(), Some((keyspace.as_str(),)));
            // A handle stays what it was.
            let response = session.execute(of_second.bind((1,)).unwrap()).await.unwrap();
            assert_eq!(response.one::<(&str,)>().unwrap(), Some((other.as_str(),)));
        }
    }
    session.set_keyspace(&bed.keyspace, false).await.unwrap();
    bed.run(&format!("DROP KEYSPACE {other}")).await;
    bed.done().await;
}

const USERS: Query<(i32,), (String, Option<i32>)> = Query::new("SELECT name, age FROM users WHERE id = ?");
const ADD: Query<(i32, String)> = Query::new("INSERT INTO users (id, name) VALUES (?, ?)").idempotent(true);
const WRONG_TYPE: Query<(i32,), (i32,)> = Query::new("SELECT name FROM users WHERE id = ?");
const NO_TABLE: Query<(), (i32,)> = Query::new("SELECT id FROM nowhere");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn constants_are_checked_against_the_schema_at_the_start() {
    let Some(bed) = Bed::make("definitions").await else {
        return;
    };
    bed.run("CREATE TABLE users (id int PRIMARY KEY, name text, age int)")
        .await;
    let session = &bed.session;
    let good = [USERS.definition(), ADD.definition()];
    let [users, _] = session.prepare_all(good).await.unwrap();
    let bad = [
        USERS.definition(),
        WRONG_TYPE.definition(),
        NO_TABLE.definition(),
        &"SELEKT",
    ];
    let error = session.prepare_all(bad).await.unwrap_err();
    let found: Vec<_> = error
        .failures()
        .iter()
        .map(|failure| (failure.index(), failure.error().kind()))
        .collect();
    assert_eq!(
        found,
        [
            (1, ErrorKind::Decode),
            (2, ErrorKind::Invalid),
            (3, ErrorKind::Syntax)
        ]
    );
    assert_eq!(
        error.to_string(),
        "3 of 4 statements could not be prepared: #1 row does not fit the type, #2 invalid request, #3 syntax error"
    );
    session.execute(ADD.bind((1, "Ada".to_owned()))).await.unwrap();
    for statement in [USERS.bind((1,)), users.bind((1,)).unwrap()] {
        let response = session.execute(statement).await.unwrap();
        assert_eq!(USERS.one(&response).unwrap(), Some(("Ada".to_owned(), None)));
    }
    let none = session.execute(USERS.bind((2,))).await.unwrap();
    assert_eq!(USERS.one(&none).unwrap(), None);
    bed.done().await;
}

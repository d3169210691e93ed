//! Errors of a real server, each as its own kind, and the session good after each.

use tower_cassandra::{Applied, ErrorKind, Session};

use crate::support::{Bed, at_rest, chain};

async fn fails(session: &Session, text: &str, kind: ErrorKind) -> tower_cassandra::Error {
    let error = session.execute(text).await.unwrap_err();
    assert_eq!(error.kind(), kind, "{text}: {}", chain(&error));
    assert_eq!(error.applied(), Applied::No, "{text}: {error}");
    assert!(error.message().is_some_and(|message| !message.is_empty()));
    assert_eq!(error.attempts().len(), 1, "{text}: {error:?}");
    let good = session.execute("SELECT key FROM system.local").await;
    assert_eq!(good.unwrap().len(), 1);
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn err_01_what_is_not_cql_and_what_is_not_there() {
    let Some(bed) = Bed::make("err_01").await else {
        return;
    };
    let session = &bed.session;
    bed.run("CREATE TABLE t (id int PRIMARY KEY, v text)").await;
    for text in [
        "SELECT * FROM",
        "SELEKT * FROM t",
        "SELECT * FROM t WHERE",
        "INSERT INTO t (id, v)",
        "CREATE TABLE",
    ] {
        fails(session, text, ErrorKind::Syntax).await;
        let error = session.prepare(text).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Syntax, "prepare {text}");
    }
    let error = fails(session, "SELECT * FROM no_such_table", ErrorKind::Invalid).await;
    assert!(chain(&error).contains("no_such_table"), "{}", chain(&error));
    // The text of the error itself quotes nothing.
    assert!(!format!("{error} {error:?}").contains("no_such_table"));

    let error = session.set_keyspace("no_such_keyspace", false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(chain(&error).contains("no_such_keyspace"), "{}", chain(&error));
    assert_eq!(session.keyspace().as_deref(), Some(&*bed.keyspace));
    assert_eq!(session.execute("SELECT * FROM t").await.unwrap().len(), 0);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn err_02_what_exists_already() {
    let Some(bed) = Bed::make("err_02").await else {
        return;
    };
    let (session, keyspace) = (&bed.session, &bed.keyspace);
    let table = "CREATE TABLE users (id int PRIMARY KEY, name text)";
    let index = "CREATE INDEX users_by_name ON users (name)";
    bed.run(table).await;
    bed.run(index).await;

    let error = fails(session, table, ErrorKind::AlreadyExists).await;
    assert_eq!(
        (error.keyspace(), error.table()),
        (Some(&**keyspace), Some("users"))
    );
    let again = format!(
        "CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}"
    );
    let error = fails(session, &again, ErrorKind::AlreadyExists).await;
    assert_eq!((error.keyspace(), error.table()), (Some(&**keyspace), None));
    fails(session, index, ErrorKind::Invalid).await;

    let alter = "ALTER TABLE users ADD email text";
    let (one, other) = tokio::join!(session.execute(alter), session.execute(alter));
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    for result in [one, other] {
        if let Err(error) = result {
            assert_eq!(error.kind(), ErrorKind::Invalid, "{}", chain(&error));
        }
    }
    bed.run("INSERT INTO users (id, name, email) VALUES (1, 'a', 'b')")
        .await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn err_03_functions_that_cannot_be_called() {
    let Some(bed) = Bed::make("err_03").await else {
        return;
    };
    for text in [
        "SELECT no_such_function(key) FROM system.local",
        "SELECT toTimestamp() FROM system.local",
        "SELECT sum(key) FROM system.local",
    ] {
        fails(&bed.session, text, ErrorKind::Invalid).await;
    }
    at_rest(&bed.session).await;
    bed.done().await;
}

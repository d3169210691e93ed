//! Conditional writes, counters without trouble, and consistency levels.

use futures_util::future::try_join_all;
use scylla::statement::Consistency;
use scylla::value::Counter;
use tower_cassandra::{Nature, scylla};
use uuid::Uuid;

use crate::support::Bed;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bat_07_the_first_one_wins() {
    let Some(bed) = Bed::make("bat_07").await else {
        return;
    };
    bed.run("CREATE TABLE users (id uuid PRIMARY KEY, name text)")
        .await;
    let session = &bed.session;
    let insert = bed
        .prepare("INSERT INTO users (id, name) VALUES (?, ?) IF NOT EXISTS")
        .await;
    assert_eq!(insert.nature(), Nature::Lwt);
    let id = Uuid::new_v4();
    let first = session
        .execute(insert.bind((id, "first")).unwrap())
        .await
        .unwrap();
    assert_eq!(first.was_applied(), Some(true));
    let second = session
        .execute(insert.bind((id, "second")).unwrap())
        .await
        .unwrap();
    assert_eq!(second.was_applied(), Some(false));
    let existing = second.one::<(bool, Uuid, String)>().unwrap();
    assert_eq!(existing, Some((false, id, "first".to_owned())));
    let stored = session.execute("SELECT name FROM users").await.unwrap();
    assert_eq!(stored.rows::<(String,)>().unwrap(), [("first".to_owned(),)]);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bat_08_a_document_goes_through_its_states() {
    let Some(bed) = Bed::make("bat_08").await else {
        return;
    };
    bed.run("CREATE TABLE documents (id int PRIMARY KEY, status text, version int)")
        .await;
    let session = &bed.session;
    bed.run("INSERT INTO documents (id, status, version) VALUES (1, 'draft', 1)")
        .await;
    let step = bed
        .prepare("UPDATE documents SET status = ?, version = ? WHERE id = 1 IF status = ? AND version = ?")
        .await;
    let go = async |to: &str, version: i32, from: &str, at: i32| {
        let statement = step.bind((to, version, from, at)).unwrap();
        session.execute(statement).await.unwrap()
    };
    assert_eq!(go("published", 2, "draft", 1).await.was_applied(), Some(true));
    let refused = go("archived", 3, "published", 1).await;
    assert_eq!(refused.was_applied(), Some(false));
    assert_eq!(
        refused.one::<(bool, String, i32)>().unwrap(),
        Some((false, "published".to_owned(), 2))
    );
    assert_eq!(go("archived", 3, "published", 2).await.was_applied(), Some(true));
    let state = session
        .execute("SELECT status, version FROM documents WHERE id = 1")
        .await
        .unwrap();
    assert_eq!(
        state.one::<(String, i32)>().unwrap(),
        Some(("archived".to_owned(), 3))
    );
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bat_09_a_condition_guards_a_delete() {
    let Some(bed) = Bed::make("bat_09").await else {
        return;
    };
    bed.run("CREATE TABLE rows (id int PRIMARY KEY, active boolean)")
        .await;
    let session = &bed.session;
    bed.run("INSERT INTO rows (id, active) VALUES (1, true)").await;
    let delete = bed
        .prepare("DELETE FROM rows WHERE id = ? IF active = false")
        .await;
    let delete = delete.bind((1,)).unwrap();
    let count = async || session.execute("SELECT id FROM rows").await.unwrap().len();
    assert_eq!(session.execute(&delete).await.unwrap().was_applied(), Some(false));
    assert_eq!(count().await, 1);
    bed.run("UPDATE rows SET active = false WHERE id = 1").await;
    assert_eq!(session.execute(&delete).await.unwrap().was_applied(), Some(true));
    assert_eq!(count().await, 0);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bat_10_counters_count_every_increment() {
    let Some(bed) = Bed::make("bat_10").await else {
        return;
    };
    bed.run("CREATE TABLE counts (id int PRIMARY KEY, n counter)")
        .await;
    let session = &bed.session;
    let add = bed.prepare("UPDATE counts SET n = n + ? WHERE id = ?").await;
    assert_eq!(add.nature(), Nature::Counter);
    let increments = (0..110).map(|i| {
        let id = i32::from(i >= 100);
        // The mark makes no difference for a counter.
        session.execute(add.bind((Counter(1), id)).unwrap().idempotent(i % 2 == 0))
    });
    try_join_all(increments).await.unwrap();
    for (id, expected) in [(0, 100), (1, 10)] {
        let text = format!("SELECT n FROM counts WHERE id = {id}");
        let read = session.execute(text).await.unwrap();
        assert_eq!(read.one::<(Counter,)>().unwrap(), Some((Counter(expected),)));
    }
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bat_11_what_was_written_is_read() {
    let Some(bed) = Bed::make("bat_11").await else {
        return;
    };
    bed.run("CREATE TABLE t (id int PRIMARY KEY, v int)").await;
    let session = &bed.session;
    let write = bed.prepare("INSERT INTO t (id, v) VALUES (?, ?)").await;
    let read = bed.prepare("SELECT v FROM t WHERE id = ?").await;
    let value = async |id: i32, consistency| {
        let statement = read.bind((id,)).unwrap().consistency(consistency);
        let response = session.execute(statement).await.unwrap();
        response.one::<(i32,)>().unwrap().unwrap().0
    };
    let levels = [
        Consistency::Quorum,
        Consistency::LocalOne,
        Consistency::LocalQuorum,
    ];
    for (id, consistency) in (0..).zip(levels) {
        let statement = write.bind((id, id * 10)).unwrap().consistency(consistency);
        session.execute(statement).await.unwrap();
        assert_eq!(value(id, consistency).await, id * 10, "{consistency}");
    }
    for v in 0..10 {
        let statement = write.bind((9, v)).unwrap().consistency(Consistency::One);
        session.execute(statement).await.unwrap();
    }
    assert_eq!(value(9, Consistency::One).await, 9);
    assert_eq!(value(9, Consistency::Quorum).await, 9);
    bed.done().await;
}

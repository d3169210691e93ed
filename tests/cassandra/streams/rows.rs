use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tower_cassandra::scylla::value::CqlTimestamp;
use tower_cassandra::{ErrorKind, PageState, Statement, StreamOptions};
use uuid::Uuid;

use super::{numbers, rest, run_all};
use crate::support::{Bed, now};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn str_01_rows_of_a_table_of_a_limit_and_of_bound_values() {
    let Some(bed) = Bed::make("str_01").await else {
        return;
    };
    bed.run("CREATE TABLE users (id uuid PRIMARY KEY, name text, email text, age int, created_at timestamp)")
        .await;
    let insert = bed
        .prepare("INSERT INTO users (id, name, email, age, created_at) VALUES (?, ?, ?, ?, ?)")
        .await;
    let created = now();
    let user = |age: i32| {
        let (name, email) = (format!("user {age}"), format!("user{age}@example.com"));
        insert.bind((Uuid::new_v4(), name, email, age, created)).unwrap()
    };
    run_all(&bed.session, (0..100).map(user)).await;

    type User = (Uuid, i32, CqlTimestamp, String, String);
    let mut rows = bed
        .session
        .stream_with::<User>("SELECT * FROM users", StreamOptions::new().page_size(20));
    let (handle, mut seen, mut ages) = (rows.handle(), 0, BTreeSet::new());
    while let Some(row) = rows.next().await {
        let (_, age, at, email, name) = row.unwrap();
        assert_eq!(
            (name, email),
            (format!("user {age}"), format!("user{age}@example.com"))
        );
        assert_eq!(at, created);
        ages.insert(age);
        seen += 1;
        assert_eq!(handle.rows(), seen);
    }
    assert!(ages.into_iter().eq(0..100));
    assert_eq!(handle.rows(), 100);
    assert!(handle.pages() >= 5 && handle.bytes() > 5_000);

    let limited = Statement::streaming("SELECT id FROM users LIMIT 30").page_size(10);
    let mut rows = bed.session.stream::<(Uuid,)>(limited);
    while let Some(row) = rows.next().await {
        row.unwrap();
    }
    assert_eq!(rows.handle().rows(), 30);
    assert!(rows.handle().pages() >= 3);

    let of_age = bed
        .prepare("SELECT name FROM users WHERE age = ? ALLOW FILTERING")
        .await;
    let options = StreamOptions::new().page_size(5);
    let mut rows = bed
        .session
        .stream_with::<(String,)>(of_age.bind((99,)).unwrap(), options);
    assert_eq!(rows.next().await.unwrap().unwrap().0, "user 99");
    assert!(rows.next().await.is_none());
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn str_02_to_05_pages_progress_limits_and_the_same_rows_as_execute() {
    let Some(bed) = Bed::make("str_02_05").await else {
        return;
    };
    numbers(&bed, 50).await;
    str_02_pages(&bed).await;
    str_03_progress(&bed).await;
    str_04_max_pages(&bed).await;
    str_05_same_as_execute(&bed).await;
    bed.done().await;
}

async fn str_02_pages(bed: &Bed) {
    let mut pages = bed
        .session
        .pages_with("SELECT id FROM t", StreamOptions::new().page_size(10));
    let (mut sizes, mut ids) = (Vec::new(), BTreeSet::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert_eq!(page.number(), sizes.len() as u64 + 1);
        sizes.push(page.len());
        ids.extend(page.rows::<(i32,)>().unwrap().into_iter().map(|(id,)| id));
    }
    assert!(
        sizes.len() >= 5 && sizes.iter().all(|size| *size <= 10),
        "{sizes:?}"
    );
    assert!(ids.into_iter().eq(0..50));
    assert_eq!(pages.handle().rows(), 50);
}

async fn str_03_progress(bed: &Bed) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let options = StreamOptions::new().page_size(15).on_page({
        let calls = Arc::clone(&calls);
        move |page| calls.lock().unwrap().push((page.number, page.rows))
    });
    let mut rows = bed
        .session
        .stream_with::<(i32,)>("SELECT id FROM t LIMIT 50", options);
    while let Some(row) = rows.next().await {
        row.unwrap();
    }
    assert_eq!(*calls.lock().unwrap(), [(1, 15), (2, 15), (3, 15), (4, 5)]);
}

async fn str_04_max_pages(bed: &Bed) {
    let all = Statement::new("SELECT id, v FROM t");
    let options = StreamOptions::new().page_size(5).max_pages(2);
    let mut rows = bed.session.stream_with::<(i32, String)>(&all, options);
    let mut ids = rest(&mut rows).await;
    assert_eq!((ids.len(), rows.handle().pages()), (10, 2));
    let state = PageState::from_bytes(&rows.paging_state().unwrap().to_bytes()).unwrap();
    let mut rows = bed
        .session
        .stream_with::<(i32, String)>(&all, StreamOptions::new().resume_from(state));
    ids.extend(rest(&mut rows).await);
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..50));
}

async fn str_05_same_as_execute(bed: &Bed) {
    let text = "SELECT id FROM t LIMIT 20";
    let once = bed.session.execute(text).await.unwrap();
    let once: BTreeSet<i32> = once
        .rows::<(i32,)>()
        .unwrap()
        .into_iter()
        .map(|(id,)| id)
        .collect();
    let options = StreamOptions::new().page_size(7);
    let mut rows = bed.session.stream_with::<(i32,)>(text, options);
    let mut streamed = BTreeSet::new();
    while let Some(row) = rows.next().await {
        streamed.insert(row.unwrap().0);
    }
    assert_eq!((streamed.len(), streamed), (20, once));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn str_10_large_rows_arrive_byte_by_byte() {
    let Some(bed) = Bed::make("str_10").await else {
        return;
    };
    bed.run("CREATE TABLE large (id int PRIMARY KEY, words text, bytes blob)")
        .await;
    let words = |id: i32| -> String {
        (0..100_000)
            .map(|at| char::from(b'a' + ((at + id) % 26) as u8))
            .collect()
    };
    let bytes = |id: i32| -> Vec<u8> { (0..50_000).map(|at| ((at + id) % 251) as u8).collect() };
    let insert = bed
        .prepare("INSERT INTO large (id, words, bytes) VALUES (?, ?, ?)")
        .await;
    let row = |id: i32| insert.bind((id, words(id), bytes(id))).unwrap();
    run_all(&bed.session, (0..50).map(row)).await;
    let options = StreamOptions::new().page_size(10).prefetch(1);
    let mut rows = bed
        .session
        .stream_with::<(i32, String, Vec<u8>)>("SELECT id, words, bytes FROM large", options);
    let (mut ids, mut size) = (BTreeSet::new(), 0);
    while let Some(row) = rows.next().await {
        let (id, text, blob) = row.unwrap();
        size += text.len() + blob.len();
        assert!(text == words(id) && blob == bytes(id), "row {id}");
        ids.insert(id);
    }
    assert_eq!((ids.len(), size), (50, 7_500_000));
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn str_11_a_missing_table_and_then_one_that_is_there() {
    let Some(bed) = Bed::make("str_11").await else {
        return;
    };
    numbers(&bed, 10).await;
    let mut rows = bed.session.stream::<(i32,)>("SELECT id FROM nowhere");
    let error = rows.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.message().unwrap().contains("nowhere"));
    assert!(rows.next().await.is_none());
    let mut rows = bed.session.stream::<(i32, String)>("SELECT id, v FROM t");
    assert!(rest(&mut rows).await.into_iter().eq(0..10));
    assert!(!bed.session.is_closed());
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emp_03_a_stream_of_nothing() {
    let Some(bed) = Bed::make("emp_03").await else {
        return;
    };
    bed.run("CREATE TABLE t (id uuid PRIMARY KEY, name text, value int)")
        .await;
    let none = bed.prepare("SELECT name, value FROM t WHERE id = ?").await;
    let options = || StreamOptions::new().page_size(10).max_pages(5);
    for statement in [
        none.bind((Uuid::new_v4(),)).unwrap(),
        "SELECT name, value FROM t".into(),
    ] {
        let mut rows = bed.session.stream_with::<(String, i32)>(statement, options());
        assert!(rows.next().await.is_none());
        assert_eq!(rows.handle().rows(), 0);
        assert!(rows.paging_state().is_none());
        drop(rows);
    }
    bed.done().await;
}

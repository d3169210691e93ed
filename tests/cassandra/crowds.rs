//! CON: writers and readers at once, and scans.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use tower_cassandra::Statement;
use uuid::Uuid;

use crate::support::{Bed, PATIENCE, assert_within};

const USERS: &str = "CREATE TABLE users (id uuid PRIMARY KEY, name text, email text, age int)";
const INSERT: &str = "INSERT INTO users (id, name, email, age) VALUES (?, ?, ?, ?)";

/// How many succeed, all at once, each in a task of its own; and their mean time.
async fn all_at_once(bed: &Bed, statements: Vec<Statement>) -> (usize, Duration) {
    let count = u32::try_from(statements.len()).unwrap();
    let calls = statements.into_iter().map(|statement| {
        let session = bed.session.clone();
        tokio::spawn(async move {
            let started = Instant::now();
            let good = session.execute(statement).await.is_ok();
            (good, started.elapsed())
        })
    });
    let results: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
    let mean = results.iter().map(|(_, took)| *took).sum::<Duration>() / count;
    (results.iter().filter(|(good, _)| *good).count(), mean)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn con_02_writers_and_readers_at_once() {
    let Some(bed) = Bed::make("con_02").await else {
        return;
    };
    bed.run(USERS).await;
    let insert = bed.prepare(INSERT).await;
    let user = |id: Uuid, number: i32| {
        let values = (
            id,
            format!("user {number}"),
            format!("{number}@example.org"),
            number % 80,
        );
        insert.bind(values).unwrap()
    };
    let there: Vec<Uuid> = (0..50).map(|_| Uuid::new_v4()).collect();
    let begin = there
        .iter()
        .zip(0..)
        .map(|(id, number)| user(*id, number))
        .collect();
    assert_eq!(all_at_once(&bed, begin).await.0, 50);

    let started = Instant::now();
    let inserts = (0..500).map(|number| user(Uuid::new_v4(), number)).collect();
    let (good, mean) = all_at_once(&bed, inserts).await;
    let took = started.elapsed();
    println!("500 inserts at once: {good} succeeded in {took:?}, mean {mean:?}");
    assert!(
        good >= 495 && took < Duration::from_secs(10),
        "{good} in {took:?}"
    );

    let select = bed.prepare("SELECT name, age FROM users WHERE id = ?").await;
    let update = bed.prepare("UPDATE users SET age = ? WHERE id = ?").await;
    let mut mixed = Vec::new();
    // Spread evenly: of six, two inserts, three selects and an update.
    for number in 0..600_usize {
        let id = there[number % there.len()];
        mixed.push(match number % 6 {
            0 | 3 => user(Uuid::new_v4(), 1),
            1 | 2 | 4 => select.bind((id,)).unwrap(),
            _ => update.bind((30_i32, id)).unwrap(),
        });
    }
    let started = Instant::now();
    let (good, mean) = all_at_once(&bed, mixed).await;
    let took = started.elapsed();
    println!("600 mixed at once: {good} succeeded in {took:?}, mean {mean:?}");
    assert!(
        good >= 590 && took < Duration::from_secs(15),
        "{good} in {took:?}"
    );
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn con_03_scans_at_once() {
    let Some(bed) = Bed::make("con_03").await else {
        return;
    };
    bed.run(USERS).await;
    let insert = bed.prepare(INSERT).await;
    let rows = (0..100).map(|age| insert.bind((Uuid::new_v4(), "name", "email", age)).unwrap());
    assert_eq!(all_at_once(&bed, rows.collect()).await.0, 100);
    let scan = bed
        .prepare("SELECT id, name, email, age FROM users LIMIT 1000")
        .await;
    let scans = (0..1_000).map(|_| scan.bind(()).unwrap()).collect();
    let (good, mean) = all_at_once(&bed, scans).await;
    println!("1,000 scans at once: {good} succeeded, mean {mean:?}");
    assert!(good >= 950, "{good}");
    // It must not be the limit of a call that ends them.
    assert_within("CON-03: a scan, mean", mean, Duration::from_secs(2), PATIENCE / 4);
    let full = (0..50).map(|_| Statement::new("SELECT * FROM users")).collect();
    let (good, mean) = all_at_once(&bed, full).await;
    println!("50 full scans at once: {good} succeeded, mean {mean:?}");
    assert!(good >= 45, "{good}");
    bed.done().await;
}

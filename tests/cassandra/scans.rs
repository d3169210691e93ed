//! Large values, many rows and pages.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::try_join_all;
use scylla::value::CqlTimestamp;
use tower_cassandra::scylla;

use crate::support::{Bed, now};

fn large(length: usize, seed: usize) -> String {
    let letter = |at: usize| char::from(b'a' + u8::try_from((at * 7 + seed) % 26).unwrap());
    (0..length).map(letter).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qry_04_large_texts_come_back_byte_by_byte() {
    let Some(bed) = Bed::make("qry_04").await else {
        return;
    };
    bed.run("CREATE TABLE texts (id int PRIMARY KEY, small text, large text, pairs map<text, text>)")
        .await;
    let session = &bed.session;
    let insert = bed
        .prepare("INSERT INTO texts (id, small, large, pairs) VALUES (?, ?, ?, ?)")
        .await;
    let select = bed
        .prepare("SELECT small, large, pairs FROM texts WHERE id = ?")
        .await;
    let small = large(26, 0);
    let map: HashMap<String, String> = (0..10).map(|i| (format!("key_{i}"), large(700, i))).collect();
    let read = async |id: i32| {
        let response = session.execute(select.bind((id,)).unwrap()).await.unwrap();
        response
            .one::<(String, String, Option<HashMap<String, String>>)>()
            .unwrap()
            .unwrap()
    };

    let row = insert.bind((0, &small, large(100_000, 1), &map)).unwrap();
    session.execute(row).await.unwrap();
    assert_eq!(
        read(0).await,
        (small.clone(), large(100_000, 1), Some(map.clone()))
    );

    let update = bed.prepare("UPDATE texts SET large = ? WHERE id = ?").await;
    session
        .execute(update.bind((large(200_000, 2), 0)).unwrap())
        .await
        .unwrap();
    assert_eq!(read(0).await, (small.clone(), large(200_000, 2), Some(map)));

    for id in 1..=5 {
        let entries = None::<HashMap<String, String>>;
        let row = insert.bind((
            id,
            &small,
            large(100_000, 10 + usize::try_from(id).unwrap()),
            entries,
        ));
        session.execute(row.unwrap()).await.unwrap();
    }
    for id in 1..=5 {
        let seed = 10 + usize::try_from(id).unwrap();
        assert_eq!(read(id).await.1, large(100_000, seed));
    }
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qry_05_a_filtered_scan_reads_all_its_pages() {
    let Some(bed) = Bed::make("qry_05").await else {
        return;
    };
    bed.run("CREATE TABLE users (id int PRIMARY KEY, age int)").await;
    let session = &bed.session;
    let insert = bed.prepare("INSERT INTO users (id, age) VALUES (?, ?)").await;
    for hundred in 0..10 {
        let inserts = (hundred * 100..(hundred + 1) * 100)
            .map(|id| session.execute(insert.bind((id, 20 + id % 50)).unwrap()));
        try_join_all(inserts).await.unwrap();
    }
    let select = bed
        .prepare("SELECT id, age FROM users WHERE age >= ? AND age <= ? ALLOW FILTERING")
        .await;
    let statement = select.bind((20, 30)).unwrap().page_size(50);
    let response = session.execute(statement).await.unwrap();
    let rows: Vec<(i32, i32)> = response.rows().unwrap();
    assert_eq!((rows.len(), response.len()), (220, 220));
    assert!(rows.iter().all(|(_, age)| (20..=30).contains(age)));
    assert_eq!(rows.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(), 220);
    assert!(response.page_count() > 1, "{response:?}");
    assert_eq!(response.attempts() as usize, response.page_count());
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qry_06_the_newest_rows_come_first() {
    let Some(bed) = Bed::make("qry_06").await else {
        return;
    };
    bed.run(
        "CREATE TABLE events (sensor int, at timestamp, value int, PRIMARY KEY (sensor, at)) \
         WITH CLUSTERING ORDER BY (at DESC)",
    )
    .await;
    let session = &bed.session;
    let insert = bed
        .prepare("INSERT INTO events (sensor, at, value) VALUES (?, ?, ?)")
        .await;
    let base = now().0;
    let inserts = (0..100).map(|i| {
        session.execute(
            insert
                .bind((1, CqlTimestamp(base + i * 1_000), i as i32))
                .unwrap(),
        )
    });
    try_join_all(inserts).await.unwrap();
    let select = bed
        .prepare("SELECT at, value FROM events WHERE sensor = ? LIMIT 10")
        .await;
    let response = session.execute(select.bind((1,)).unwrap()).await.unwrap();
    let rows: Vec<(CqlTimestamp, i32)> = response.rows().unwrap();
    let values: Vec<i32> = rows.iter().map(|(_, value)| *value).collect();
    assert_eq!(values, (90..100).rev().collect::<Vec<_>>());
    assert!(rows.windows(2).all(|pair| pair[0].0.0 > pair[1].0.0));
    bed.done().await;
}

//! Statements and what comes back.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::try_join_all;
use scylla::value::{CqlDecimal, CqlTimestamp};
use tower_cassandra::scylla;
use uuid::Uuid;

use crate::support::{Bed, now};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qry_01_rows_come_back_as_they_were_written() {
    let Some(bed) = Bed::make("qry_01").await else {
        return;
    };
    bed.run("CREATE TABLE users (id uuid PRIMARY KEY, name text, email text, age int, created_at timestamp)")
        .await;
    let insert = bed
        .prepare(
            "INSERT INTO users (id, name, email, age, created_at) VALUES (?, ?, ?, ?, toTimestamp(now()))",
        )
        .await;
    let select = bed
        .prepare("SELECT id, name, email, age, created_at FROM users WHERE id = ?")
        .await;
    let (id, before) = (Uuid::new_v4(), now());
    let john = (id, "John Doe", "john@example.com", 30);
    bed.session.execute(insert.bind(john).unwrap()).await.unwrap();

    let response = bed.session.execute(select.bind((id,)).unwrap()).await.unwrap();
    let rows = response
        .rows::<(Uuid, String, String, i32, Option<CqlTimestamp>)>()
        .unwrap();
    assert_eq!(rows.len(), 1);
    let (got, name, email, age, created) = &rows[0];
    assert_eq!((*got, name.as_str(), email.as_str(), *age), john);
    let created = created.expect("a time of creation").0;
    assert!((created - before.0).abs() < 60_000, "{created} {before:?}");

    let mut ids = BTreeSet::from([id]);
    for age in 20..25 {
        let id = Uuid::new_v4();
        ids.insert(id);
        let user = (id, format!("User {age}"), format!("{age}@example.com"), age);
        bed.session.execute(insert.bind(user).unwrap()).await.unwrap();
    }
    let all = bed.session.execute("SELECT * FROM users").await.unwrap();
    assert_eq!(all.len(), 6);
    let all = bed.session.execute("SELECT id FROM users").await.unwrap();
    let found: BTreeSet<Uuid> = all.rows().unwrap().into_iter().map(|(id,)| id).collect();
    assert_eq!(found, ids);
    bed.done().await;
}

fn decimal(tenths: i16) -> CqlDecimal {
    CqlDecimal::from_signed_be_bytes_and_exponent(tenths.to_be_bytes().to_vec(), 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qry_02_an_update_changes_what_it_names_and_a_condition_decides() {
    let Some(bed) = Bed::make("qry_02").await else {
        return;
    };
    bed.run("CREATE TABLE users (id uuid PRIMARY KEY, name text, email text, active boolean, score decimal)")
        .await;
    let session = &bed.session;
    let id = Uuid::new_v4();
    let insert = bed
        .prepare("INSERT INTO users (id, name, email, active, score) VALUES (?, ?, ?, ?, ?)")
        .await;
    let alice = insert.bind((id, "Alice", "alice@old.com", true, decimal(855)));
    session.execute(alice.unwrap()).await.unwrap();

    let update = bed
        .prepare("UPDATE users SET email = ?, active = ? WHERE id = ?")
        .await;
    let plain = session
        .execute(update.bind(("alice@new.com", false, id)).unwrap())
        .await
        .unwrap();
    assert_eq!(plain.was_applied(), None);
    let select = bed
        .prepare("SELECT name, email, active, score FROM users WHERE id = ?")
        .await;
    let read = async || {
        let response = session.execute(select.bind((id,)).unwrap()).await.unwrap();
        response.one::<(String, String, bool, CqlDecimal)>().unwrap()
    };
    let (name, email, active, score) = read().await.unwrap();
    assert_eq!(
        (name.as_str(), email.as_str(), active),
        ("Alice", "alice@new.com", false)
    );
    assert_eq!(score, decimal(855));

    let rescore = bed
        .prepare("UPDATE users SET score = ? WHERE id = ? IF EXISTS")
        .await;
    let known = rescore.bind((decimal(920), id)).unwrap();
    assert_eq!(session.execute(known).await.unwrap().was_applied(), Some(true));
    assert_eq!(read().await.unwrap().3, decimal(920));
    let unknown = rescore.bind((decimal(1000), Uuid::new_v4())).unwrap();
    assert_eq!(session.execute(unknown).await.unwrap().was_applied(), Some(false));

    let delete = bed.prepare("DELETE FROM users WHERE id = ?").await;
    // The server's clock stamped the conditional update; it is the same machine's.
    session.execute(delete.bind((id,)).unwrap()).await.unwrap();
    assert!(read().await.is_none());
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qry_03_six_prepared_statements_over_one_partition() {
    let Some(bed) = Bed::make("qry_03").await else {
        return;
    };
    bed.run(
        "CREATE TABLE items (pk int, ck int, value text, metadata map<text, text>, PRIMARY KEY (pk, ck))",
    )
    .await;
    let session = &bed.session;
    let insert = bed
        .prepare("INSERT INTO items (pk, ck, value) VALUES (?, ?, ?)")
        .await;
    let with_map = bed
        .prepare("INSERT INTO items (pk, ck, value, metadata) VALUES (?, ?, ?, ?)")
        .await;
    let update = bed
        .prepare("UPDATE items SET value = ? WHERE pk = ? AND ck = ?")
        .await;
    let delete = bed.prepare("DELETE FROM items WHERE pk = ? AND ck = ?").await;
    let all = bed.prepare("SELECT ck, value FROM items WHERE pk = ?").await;
    let one = bed
        .prepare("SELECT metadata FROM items WHERE pk = ? AND ck = ?")
        .await;

    for ck in 0..10 {
        let statement = insert.bind((1, ck, format!("value_{ck}"))).unwrap();
        session.execute(statement).await.unwrap();
    }
    let map = HashMap::from([
        ("type".to_owned(), "special".to_owned()),
        ("level".to_owned(), "high".to_owned()),
    ]);
    let special = with_map.bind((1, 100, "with_map", &map)).unwrap();
    session.execute(special).await.unwrap();
    let rows = async || {
        let response = session.execute(all.bind((1,)).unwrap()).await.unwrap();
        response.rows::<(i32, String)>().unwrap()
    };
    assert_eq!(rows().await.len(), 11);

    for ck in (0..10).step_by(2) {
        let statement = update.bind((format!("updated_{ck}"), 1, ck)).unwrap();
        session.execute(statement).await.unwrap();
    }
    for (ck, value) in rows().await.into_iter().filter(|(ck, _)| *ck < 100) {
        let word = if ck % 2 == 0 { "updated" } else { "value" };
        assert_eq!(value, format!("{word}_{ck}"));
    }
    for ck in 5..10 {
        session.execute(delete.bind((1, ck)).unwrap()).await.unwrap();
    }
    let left: Vec<i32> = rows().await.into_iter().map(|(ck, _)| ck).collect();
    assert_eq!(left, [0, 1, 2, 3, 4, 100]);
    let response = session.execute(one.bind((1, 100)).unwrap()).await.unwrap();
    assert_eq!(
        response.one::<(HashMap<String, String>,)>().unwrap(),
        Some((map,))
    );
    bed.done().await;
}

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

//! Statements and what comes back.

use std::collections::{BTreeSet, HashMap};

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

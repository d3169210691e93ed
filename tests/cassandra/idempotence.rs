//! The verdicts read from CQL text, held against what a server does with a statement that comes twice, as it does when it is
//! repeated: with the same bytes and the same timestamp.

use std::sync::{Arc, Mutex};

use tower::util::MapRequestLayer;
use tower_cassandra::cql::{Fingerprint, idempotence};
use tower_cassandra::layers::request::{Idempotency, Request};
use tower_cassandra::{Batch, ErrorKind, Statement};

use crate::support::{Bed, PATIENCE, builder};

const REPEATABLE: &[&str] = &[
    "INSERT INTO things (k, a, t, s, m, l) VALUES (1, -5, 'it''s', {3, 1}, {'x': 1}, null) USING TTL 1000",
    "INSERT INTO things (k, u, d) VALUES (1, {street: 'x', no: 5}, 1h30m)",
    "UPDATE things USING TTL 1000 SET t = $$+ IF now()$$, a = null /* IF */ WHERE k = 1 -- IF\n",
    "UPDATE things SET s = s + {7, 8}, m = M + {'a': 5} WHERE k IN (1, 2)",
    "UPDATE things SET s -= {1}, m -= {'old'} WHERE k = 1",
    "UPDATE things SET l = l - [10] WHERE k = 1",
    "UPDATE things SET l = null, \"Quoted\" = NaN WHERE k = 1",
    "UPDATE things SET m['new'] = 6 WHERE k = 1",
    "DELETE a, m['old'] FROM things WHERE k = 1",
    "DELETE FROM things WHERE k = 1",
    "BEGIN BATCH INSERT INTO things (k, a) VALUES (1, 7); DELETE t FROM things WHERE k = 1 APPLY BATCH",
    "BEGIN UNLOGGED BATCH UPDATE things SET s += {9} WHERE k = 1 APPLY BATCH;",
];

/// What differs when it comes twice. (A text of which the verdict is no may well be repeatable.)
const NOT: &[&str] = &[
    // The second one does not replace the first: that is not older.
    "UPDATE things SET l = [10, 11] WHERE k = 1",
    "INSERT INTO things (k, l) VALUES (1, [10, 11])",
    "INSERT INTO things JSON '{\"k\": 1, \"l\": [10, 11]}' DEFAULT UNSET",
    "UPDATE things SET l = l + [10] WHERE k = 1",
    "UPDATE things SET l = [10] + l WHERE k = 1",
    "UPDATE things SET l += [10] WHERE k = 1",
    "INSERT INTO things (k, i) VALUES (1, uuid())",
    "UPDATE things SET i = now() WHERE k = 1",
    "DELETE l[0] FROM things WHERE k = 1",
    "UPDATE counts SET n = n + 1 WHERE k = 1",
    "UPDATE counts SET n = n -1 WHERE k = 1",
    "BEGIN COUNTER BATCH UPDATE counts SET n += 1 WHERE k = 1; APPLY BATCH",
];

async fn content(bed: &Bed) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["things", "counts"] {
        let rows = bed
            .session
            .execute(format!("SELECT JSON * FROM {table}"))
            .await
            .unwrap();
        all.extend(rows.rows::<(String,)>().unwrap().into_iter().map(|(row,)| row));
    }
    all
}

/// The content after the statement came once, and after it came once more.
async fn once_and_twice(bed: &Bed, text: &str, time: &mut i64) -> [Vec<String>; 2] {
    // All of a statement is later than the one before, and both its arrivals are of the same time.
    *time += 10;
    let row = "INSERT INTO things (k, a, t, s, m, l) VALUES (1, 1, 'a', {1, 2}, {'old': 1}, [10, 11, 12])";
    for reset in ["DELETE FROM things WHERE k IN (1, 2)", row] {
        *time += 1;
        bed.session
            .execute(Statement::new(reset).timestamp(*time))
            .await
            .unwrap();
    }
    *time += 1;
    let mut after = [Vec::new(), Vec::new()];
    for content_then in &mut after {
        let statement = Statement::new(text);
        let counts = text.contains("counts");
        let statement = if counts {
            statement
        } else {
            statement.timestamp(*time)
        };
        bed.session
            .execute(statement)
            .await
            .unwrap_or_else(|error| panic!("{text}: {error:?}"));
        *content_then = content(bed).await;
    }
    after
}

#[tokio::test]
async fn what_reads_as_idempotent_leaves_the_same_when_it_comes_twice() {
    let Some(bed) = Bed::make("idempotence").await else {
        return;
    };
    bed.run("CREATE TYPE place (street text, no int)").await;
    bed.run(
        "CREATE TABLE things (k int PRIMARY KEY, a int, t text, s set<int>, m map<text, int>, l list<int>, \
         u place, d duration, i uuid, \"Quoted\" double)",
    )
    .await;
    bed.run("CREATE TABLE counts (k int PRIMARY KEY, n counter)")
        .await;
    let mut time = 1_000_000;
    for text in REPEATABLE {
        assert!(idempotence(text).is_yes(), "{text}: {:?}", idempotence(text));
        let [once, twice] = once_and_twice(&bed, text, &mut time).await;
        assert_eq!(once, twice, "{text}");
    }
    for text in NOT {
        assert!(!idempotence(text).is_yes(), "{text}");
        // Of two values of the same time the greater one stays: a random one changes nothing every other time.
        let mut differs = false;
        for _ in 0..32 {
            let [once, twice] = once_and_twice(&bed, text, &mut time).await;
            differs = once != twice;
            if differs {
                break;
            }
        }
        assert!(differs, "{text}");
    }
    bed.done().await;
}

#[tokio::test]
async fn what_the_text_does_not_tell_the_types_and_the_schema_do() {
    let Some(bed) = Bed::make("inferred").await else {
        return;
    };
    bed.run("CREATE TABLE lists (k int PRIMARY KEY, a int, l list<int>)")
        .await;
    bed.run("CREATE TABLE frozen_lists (k int PRIMARY KEY, a int, l frozen<list<int>>)")
        .await;
    bed.run("CREATE TABLE counts (k int PRIMARY KEY, n counter)")
        .await;
    let seen = Arc::new(Mutex::new(None));
    let watch = {
        let seen = Arc::clone(&seen);
        MapRequestLayer::new(move |statement: Statement| {
            *seen.lock().unwrap() = Some(statement.idempotency());
            statement
        })
    };
    let session = builder(&bed.cluster).infer_idempotence(true).attempt_layer(watch);
    let session = session.keyspace(&bed.keyspace).connect().await.unwrap();
    let insert = |table: &str| format!("INSERT INTO {table} (k, l) VALUES (?, ?)");
    for (text, expected) in [
        (insert("lists"), Idempotency::Unknown),
        (insert("frozen_lists"), Idempotency::Yes),
    ] {
        let bound = session
            .prepare(&text)
            .await
            .unwrap()
            .bind((1, vec![1, 2]))
            .unwrap();
        session.execute(&bound).await.unwrap();
        assert_eq!(seen.lock().unwrap().take(), Some(expected), "{text}");
        session.execute(Batch::logged().with(&bound)).await.unwrap();
        assert_eq!(seen.lock().unwrap().take(), Some(expected), "{text} in a batch");
    }
    session
        .query("INSERT INTO lists (k, a) VALUES (?, ?)", (1, 2))
        .await
        .unwrap();
    assert_eq!(seen.lock().unwrap().take(), Some(Idempotency::Yes));
    for (text, expected) in [
        ("DELETE FROM counts WHERE k = 1", Idempotency::Unknown),
        ("DELETE FROM lists WHERE k = 1", Idempotency::Yes),
    ] {
        session.execute(text).await.unwrap();
        assert_eq!(seen.lock().unwrap().take(), Some(expected), "{text}");
    }
    session.close(PATIENCE).await.unwrap();
    bed.done().await;
}

/// The tokenizer takes for one statement what the server takes for one: the readable text of a fingerprint is CQL that can be prepared.
#[tokio::test]
async fn mon_03_the_readable_text_of_a_fingerprint_can_be_prepared() {
    let Some(bed) = Bed::make("fingerprints").await else {
        return;
    };
    bed.run("CREATE TABLE t (k int, c text, l list<int>, m map<text, int>, \"Q\" int, PRIMARY KEY (k, c))")
        .await;
    for text in [
        "SELECT k, \"Q\" AS \"A b\", count(*) FROM t WHERE k = -5 AND c > 'x' LIMIT 10;",
        "SELECT * FROM t WHERE k IN (1, 2, 3) /* all */ AND c IN ('a', 'b') ALLOW FILTERING -- end",
        "SELECT * FROM t WHERE k = 1 AND (c) >= ('a') ORDER BY c DESC",
        "INSERT INTO t (k, c, l) VALUES (1, 'it''s', [1, 2]) IF NOT EXISTS USING TTL 5",
        "UPDATE t USING TIMESTAMP 1 SET m['a'] = 1, l = l + [1], \"Q\" = null WHERE k = 1 AND c = $$x$$",
        "DELETE l[0], m['a'] FROM t WHERE k = 1 AND c = 'a'",
    ] {
        let fingerprint = Fingerprint::of(text);
        let prepared = bed.session.prepare(fingerprint.text()).await;
        let prepared = prepared.unwrap_or_else(|error| panic!("{fingerprint:?}: {:?}", error.message()));
        assert_eq!(Fingerprint::of(prepared.text()), fingerprint);
    }
    let error = bed
        .session
        .prepare(Fingerprint::of("SELECT \"q\" FROM t").text())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    bed.done().await;
}

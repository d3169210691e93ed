//! Several writes as one request.

use futures_util::future::join_all;
use scylla::statement::Consistency;
use scylla::value::CqlTimestamp;
use tower_cassandra::{Batch, ErrorKind, Nature, Row, Session, Statement, scylla};
use uuid::Uuid;

use crate::support::{Bed, builder, chain, create_keyspace, done, filled, now};
use crate::three::three_nodes;

/// Makes its tables in the session's keyspace.
async fn logged_unlogged_and_levels(session: &Session, read_at: Consistency) {
    let rows = async |table: &str| {
        let all = Statement::new(format!("SELECT id, v FROM {table}")).consistency(read_at);
        let response = session.execute(all).await.unwrap();
        let mut rows = response.rows::<(i32, String)>().unwrap();
        rows.sort();
        rows
    };
    let expected =
        |count: i32| -> Vec<(i32, String)> { (0..count).map(|id| (id, format!("v{id}"))).collect() };
    session
        .execute("CREATE TABLE one (k int, id int, v text, PRIMARY KEY (k, id))")
        .await
        .unwrap();
    let insert = session
        .prepare("INSERT INTO one (k, id, v) VALUES (1, ?, ?)")
        .await
        .unwrap();
    let members = (0..5).map(|id| insert.bind((id, format!("v{id}"))).unwrap());
    session.batch(filled(Batch::logged(), members)).await.unwrap();
    assert_eq!(rows("one").await, expected(5));

    for (table, count) in [("many", 50), ("levels", 3)] {
        let create = format!("CREATE TABLE {table} (id int PRIMARY KEY, v text)");
        session.execute(create).await.unwrap();
        let insert = format!("INSERT INTO {table} (id, v) VALUES (?, ?)");
        // Every second one as text with values.
        let prepared = session.prepare(&insert).await.unwrap();
        let member = |id: i32| match id % 2 {
            0 => prepared.bind((id, format!("v{id}"))).unwrap(),
            _ => Statement::with_values(&insert, (id, format!("v{id}"))),
        };
        if table == "many" {
            session
                .batch(filled(Batch::unlogged(), (0..count).map(member)))
                .await
                .unwrap();
        } else {
            let levels = [Consistency::One, Consistency::Quorum, Consistency::All];
            for (id, level) in (0..).zip(levels) {
                let batch = Batch::logged().with(member(id)).consistency(level);
                session.batch(batch).await.unwrap();
            }
        }
        assert_eq!(rows(table).await, expected(count));
    }
}

/// Equal timestamps: the larger value wins, hence these names.
async fn inserts_and_updates_of_one_batch(session: &Session) {
    session
        .execute("CREATE TABLE steps (k int, id int, v text, PRIMARY KEY (k, id))")
        .await
        .unwrap();
    let insert = session
        .prepare("INSERT INTO steps (k, id, v) VALUES (1, ?, ?)")
        .await
        .unwrap();
    let update = session
        .prepare("UPDATE steps SET v = ? WHERE k = 1 AND id = ?")
        .await
        .unwrap();
    let inserts = (0..5).map(|id| insert.bind((id, format!("initial_{id}"))).unwrap());
    let updates = (0..3).map(|id| update.bind((format!("updated_{id}"), id)).unwrap());
    let batch = filled(Batch::logged(), inserts.chain(updates)).consistency(Consistency::Quorum);
    session.batch(batch).await.unwrap();
    let all = Statement::new("SELECT v FROM steps WHERE k = 1").consistency(Consistency::Quorum);
    let response = session.execute(all).await.unwrap();
    let values: Vec<(&str,)> = response.rows().unwrap();
    let expected = ["updated_0", "updated_1", "updated_2", "initial_3", "initial_4"];
    assert!(values.iter().map(|(v,)| *v).eq(expected), "{values:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bat_01_batches_of_both_kinds_and_at_each_level() {
    let Some(bed) = Bed::make("bat_01").await else {
        return;
    };
    logged_unlogged_and_levels(&bed.session, Consistency::One).await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bat_05_inserts_and_updates_in_one_batch() {
    let Some(bed) = Bed::make("bat_05").await else {
        return;
    };
    inserts_and_updates_of_one_batch(&bed.session).await;
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bat_01_05_11_on_three_nodes() {
    let Some(three) = three_nodes("bat_01_05_11").await else {
        return;
    };
    let session = builder(three.cluster).connect().await.unwrap();
    let keyspace = create_keyspace(&session, "bat_three", 3).await;
    session.set_keyspace(&keyspace, false).await.unwrap();
    logged_unlogged_and_levels(&session, Consistency::All).await;
    inserts_and_updates_of_one_batch(&session).await;
    let write = session
        .prepare("INSERT INTO many (id, v) VALUES (?, ?)")
        .await
        .unwrap();
    let read = session.prepare("SELECT v FROM many WHERE id = ?").await.unwrap();
    for (id, level) in [(100, Consistency::Quorum), (101, Consistency::LocalQuorum)] {
        let own = write.bind((id, "own")).unwrap().consistency(level);
        session.execute(own).await.unwrap();
        let back = read.bind((id,)).unwrap().consistency(level);
        let response = session.execute(back).await.unwrap();
        assert_eq!(response.one::<(&str,)>().unwrap(), Some(("own",)));
    }
    done(session, &keyspace).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bat_02_counters_do_not_mix_with_other_writes() {
    let Some(bed) = Bed::make("bat_02").await else {
        return;
    };
    bed.run("CREATE TABLE plain (id int PRIMARY KEY, v int)").await;
    bed.run("CREATE TABLE counts (id int PRIMARY KEY, n counter)")
        .await;
    let batch = Batch::logged()
        .with("INSERT INTO plain (id, v) VALUES (1, 1)")
        .with("UPDATE counts SET n = n + 1 WHERE id = 1");
    let error = bed.session.batch(batch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{}", chain(&error));
    let message = error.message().unwrap_or_default().to_lowercase();
    assert!(message.contains("counter"), "{message}");

    // The third kind of batch is for them.
    let add = bed.prepare("UPDATE counts SET n = n + ? WHERE id = ?").await;
    let add = |n: i64, id: i32| add.bind((scylla::value::Counter(n), id)).unwrap();
    let batch = Batch::counter()
        .with(add(5, 1))
        .with(add(7, 2))
        .with("UPDATE counts SET n = n - 1 WHERE id = 1");
    let statement = Statement::from(batch.idempotent(true));
    assert_eq!(statement.nature(), Nature::CounterBatch);
    bed.session.execute(statement).await.unwrap();
    let response = bed.session.execute("SELECT id, n FROM counts").await.unwrap();
    let mut counts = response.rows::<(i32, scylla::value::Counter)>().unwrap();
    counts.sort_by_key(|(id, _)| *id);
    let counts: Vec<_> = counts.into_iter().map(|(id, n)| (id, n.0)).collect();
    assert_eq!(counts, [(1, 4), (2, 7)]);
    assert!(
        bed.session
            .execute("SELECT id FROM plain")
            .await
            .unwrap()
            .is_empty()
    );
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bat_03_conditions_belong_to_one_partition() {
    let Some(bed) = Bed::make("bat_03").await else {
        return;
    };
    bed.run("CREATE TABLE t (id int PRIMARY KEY, v int)").await;
    let insert = bed
        .prepare("INSERT INTO t (id, v) VALUES (?, ?) IF NOT EXISTS")
        .await;
    let both = Batch::logged()
        .with(insert.bind((1, 1)).unwrap())
        .with(insert.bind((2, 2)).unwrap());
    let error = bed.session.batch(both).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{}", chain(&error));

    bed.run("CREATE TABLE p (k int, c int, v int, PRIMARY KEY (k, c))")
        .await;
    let insert = bed
        .prepare("INSERT INTO p (k, c, v) VALUES (1, ?, ?) IF NOT EXISTS")
        .await;
    let batch = || {
        Batch::logged()
            .with(insert.bind((1, 10)).unwrap())
            .with(Statement::with_values(
                "INSERT INTO p (k, c, v) VALUES (1, ?, ?)",
                (2, 20),
            ))
    };
    assert_eq!(Statement::from(batch()).nature(), Nature::Lwt);
    let applied = bed.session.batch(batch()).await.unwrap();
    assert_eq!(applied.was_applied(), Some(true));
    let refused = bed.session.batch(batch()).await.unwrap();
    assert_eq!(refused.was_applied(), Some(false));
    let current = refused.current_row::<Row>().unwrap().expect("the row");
    assert_eq!(current.get("v").and_then(|v| v.as_int()), Some(10));
    assert_eq!(bed.session.execute("SELECT c FROM p").await.unwrap().len(), 2);
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bat_04_the_later_timestamp_wins() {
    let Some(bed) = Bed::make("bat_04").await else {
        return;
    };
    bed.run("CREATE TABLE t (id int PRIMARY KEY, v int)").await;
    let session = &bed.session;
    let value = async || {
        let response = session.execute("SELECT v FROM t WHERE id = 1").await.unwrap();
        response.one::<(i32,)>().unwrap().unwrap().0
    };
    let CqlTimestamp(millis) = now();
    let hour = 3_600_000_000_i64;
    let (before, after) = (millis * 1_000 - hour, millis * 1_000 + hour);
    session
        .execute("INSERT INTO t (id, v) VALUES (1, 100)")
        .await
        .unwrap();
    let update = bed
        .prepare("UPDATE t USING TIMESTAMP ? SET v = ? WHERE id = 1")
        .await;
    session.execute(update.bind((before, 50)).unwrap()).await.unwrap();
    assert_eq!(value().await, 100);
    session.execute(update.bind((after, 200)).unwrap()).await.unwrap();
    assert_eq!(value().await, 200);
    // The same by the option, alone and of a batch.
    let plain = bed.prepare("UPDATE t SET v = ? WHERE id = 1").await;
    session
        .execute(plain.bind((300,)).unwrap().timestamp(after - 1))
        .await
        .unwrap();
    assert_eq!(value().await, 200);
    let batch = Batch::logged()
        .with(plain.bind((400,)).unwrap())
        .timestamp(after + 1);
    session.batch(batch).await.unwrap();
    assert_eq!(value().await, 400);
    let written = session
        .execute("SELECT writetime(v) FROM t WHERE id = 1")
        .await
        .unwrap();
    assert_eq!(written.one::<(i64,)>().unwrap(), Some((after + 1,)));
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bat_06_a_batch_that_is_too_large_leaves_the_session_good() {
    let Some(bed) = Bed::make("bat_06").await else {
        return;
    };
    bed.run("CREATE TABLE t (id uuid PRIMARY KEY, data text)").await;
    let insert = bed.prepare("INSERT INTO t (id, data) VALUES (?, ?)").await;
    let of = |count: usize, length: usize| {
        let data = "x".repeat(length);
        let rows = (0..count).map(|_| insert.bind((Uuid::new_v4(), data.as_str())).unwrap());
        filled(Batch::unlogged(), rows)
    };
    // The server warns from 5 kB on and refuses from 50 kB on, unless it was told otherwise.
    match bed.session.batch(of(100, 1_000)).await {
        Ok(response) => assert!(response.warnings().count() > 0),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Invalid, "{}", chain(&error)),
    }
    let small = bed.session.batch(of(5, 10)).await.unwrap();
    assert!(small.is_empty() && small.coordinator().is_some());
    bed.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_of_texts_are_prepared_once_for_all() {
    let Some(bed) = Bed::make("batch_texts").await else {
        return;
    };
    bed.run("CREATE TABLE t (id int PRIMARY KEY, v text)").await;
    let text = "INSERT INTO t (id, v) VALUES (?, ?)";
    let batches = (0..10).map(|n| {
        let members = (0..10).map(|i| Statement::with_values(text, (n * 10 + i, "v")));
        bed.session.batch(filled(Batch::unlogged(), members))
    });
    for result in join_all(batches).await {
        result.unwrap();
    }
    assert_eq!(bed.session.execute("SELECT id FROM t").await.unwrap().len(), 100);
    let stats = bed.session.prepared_cache();
    assert_eq!((stats.misses, stats.entries), (1, 1), "{stats:?}");
    bed.done().await;
}

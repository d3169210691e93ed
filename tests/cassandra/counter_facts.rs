//! An increment is seen to be one, however it is written and wherever its table came from. Everything hangs on that: what
//! is not seen to be a counter is repeated when it is marked idempotent.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scylla::value::Counter;
use tokio::time::sleep;
use tower::BoxError;
use tower::filter::AsyncFilterLayer;
use tower_cassandra::layers::request::{Idempotency, Request};
use tower_cassandra::{Batch, Nature, Statement, scylla};

use crate::support::{Bed, PATIENCE, at_rest, builder};

/// Of the attempt that does not wait for its PREPARE.
const LIMIT: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_increment_is_known_in_every_form() {
    let Some(bed) = Bed::make("counter_known").await else {
        return;
    };
    let seen = Arc::new(Mutex::new(Vec::new()));
    // Preparing takes longer than an attempt of the statement that waits for it.
    let slow = Arc::new(AtomicBool::new(false));
    let watch = {
        let (seen, slow) = (Arc::clone(&seen), Arc::clone(&slow));
        AsyncFilterLayer::new(move |statement: Statement| {
            let prepares = statement.nature() == Nature::Prepare;
            let pause = prepares && slow.load(Relaxed);
            if !prepares {
                let what = (
                    statement.nature(),
                    statement.idempotency(),
                    format!("{statement:?}"),
                );
                seen.lock().unwrap().push(what);
            }
            async move {
                if pause {
                    sleep(LIMIT * 2).await;
                }
                Ok::<_, BoxError>(statement)
            }
        })
    };
    let keyspace = bed.keyspace.clone();
    // This session is there before the table, and nobody tells it.
    let session = builder(&bed.cluster)
        .attempt_layer(watch)
        .connect()
        .await
        .unwrap();
    bed.run("CREATE TABLE counts (id int PRIMARY KEY, n counter)")
        .await;
    bed.run("CREATE TABLE plain (id int PRIMARY KEY, n int)").await;

    let add = format!("UPDATE {keyspace}.counts SET n = n + 1 WHERE id =");
    let prepared = session.prepare(format!("{add} ?")).await.unwrap();
    assert_eq!(prepared.nature(), Nature::Counter);
    let typed = format!("UPDATE {keyspace}.counts SET n = n + ? WHERE id = 0");
    let typed = session.prepare(typed).await.unwrap();
    assert_eq!(typed.nature(), Nature::Counter);
    let plain = format!("UPDATE {keyspace}.plain SET n = 1 WHERE id = ?");
    let plain = session.prepare(plain).await.unwrap();
    assert_eq!(plain.nature(), Nature::Write);

    let of_a_batch = format!("BEGIN UNLOGGED BATCH {add} ? APPLY BATCH");
    let of_a_batch = session.prepare(of_a_batch).await.unwrap();

    let marked = |statement: Statement| statement.idempotent(true);
    let text = Statement::new(format!("{add} 0"));
    let batch = || Batch::unlogged().idempotent(true);
    let forms = [
        prepared.bind((0,)).unwrap(),
        typed.bind((Counter(1),)).unwrap(),
        text.clone(),
        Statement::with_values(format!("{add} ? /* not prepared yet */"), (0,)).attempt_timeout(LIMIT),
        batch().with(prepared.bind((0,)).unwrap()).into(),
        batch().with(text.clone()).into(),
        Statement::new(format!("BEGIN UNLOGGED BATCH {add} 0 APPLY BATCH")),
        of_a_batch.bind((0,)).unwrap(),
        Statement::new(format!("BEGIN COUNTER BATCH {add} 0 APPLY BATCH")),
    ];
    let count = i64::try_from(forms.len()).unwrap();
    slow.store(true, Relaxed);
    for form in forms {
        session.execute(marked(form)).await.unwrap();
    }
    // Without a mark it is not looked at, and is not repeated either.
    session.execute(text).await.unwrap();
    session.execute(marked(plain.bind((0,)).unwrap())).await.unwrap();

    let mut seen = std::mem::take(&mut *seen.lock().unwrap());
    let (nature, idempotency, _) = seen.pop().unwrap();
    assert_eq!((nature, idempotency), (Nature::Write, Idempotency::Yes));
    let (_, idempotency, _) = seen.pop().unwrap();
    assert_eq!(idempotency, Idempotency::Unknown);
    for (nature, idempotency, shown) in &seen {
        assert!(
            matches!(nature, Nature::Counter | Nature::CounterBatch),
            "{nature:?} {shown}"
        );
        assert_eq!(*idempotency, Idempotency::No, "{shown}");
    }
    assert!(seen[3].2.contains("text with values"), "{}", seen[3].2);
    let read = bed
        .session
        .execute("SELECT n FROM counts WHERE id = 0")
        .await
        .unwrap();
    assert_eq!(read.one::<(Counter,)>().unwrap(), Some((Counter(count + 1),)));

    at_rest(&session).await;
    session.close(PATIENCE).await.unwrap();
    bed.done().await;
}

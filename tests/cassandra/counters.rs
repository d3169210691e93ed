//! The hard rule: an increment is never sent twice, whatever happens to the nodes and however it is marked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use scylla::statement::Consistency;
use scylla::value::Counter;
use tokio::time::{Instant, sleep};
use tower_cassandra::{Applied, Error, Prepared, Session, Statement, scylla};

use crate::support::{PATIENCE, at_rest, builder, create_keyspace};
use crate::three::three_nodes;

const WORKERS: i32 = 48;
/// Of one worker; the time ends it before that.
const MOST: i32 = 2_000;

/// What became of one increment: its attempts, or its error.
type End = Result<u32, Error>;

/// One increment after the other, each of a row of its own, so that one that was counted twice shows.
async fn work(session: Session, add: Prepared, first: i32, over: Arc<AtomicBool>) -> Vec<(i32, End)> {
    let mut ends = Vec::new();
    for id in first..first + MOST {
        if over.load(Relaxed) {
            break;
        }
        // The mark must make no difference.
        let increment = add.bind((id,)).unwrap().idempotent(id % 2 == 0);
        let end = session
            .execute(increment)
            .await
            .map(|response| response.attempts());
        ends.push((id, end));
        sleep(Duration::from_millis(25)).await;
    }
    ends
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_increment_is_never_sent_twice() {
    let Some(three) = three_nodes("an_increment_is_never_sent_twice").await else {
        return;
    };
    let cluster = three.cluster;
    let session = builder(cluster).connect().await.unwrap();
    let keyspace = create_keyspace(&session, "counters", 3).await;
    session
        .execute(format!(
            "CREATE TABLE {keyspace}.counts (id int PRIMARY KEY, n counter)"
        ))
        .await
        .unwrap();
    let add = format!("UPDATE {keyspace}.counts SET n = n + 1 WHERE id = ?");
    let add = session.prepare(add).await.unwrap();

    let (started, over) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let work = work(session.clone(), add.clone(), worker * MOST, Arc::clone(&over));
            tokio::spawn(work)
        })
        .collect();
    sleep(Duration::from_secs(2)).await;
    for _ in 0..2 {
        cluster.node(1).freeze().unwrap();
        sleep(Duration::from_secs(4)).await;
        cluster.node(1).resume().unwrap();
        sleep(Duration::from_secs(2)).await;
    }
    cluster.node(2).kill().await.unwrap();
    sleep(Duration::from_secs(1)).await;
    cluster.node(2).restart().await.unwrap();
    over.store(true, Relaxed);
    let mut ends = Vec::new();
    for worker in workers {
        ends.extend(worker.await.unwrap());
    }
    cluster.ready().await.unwrap();
    // What a resumed node still had in its queues is done by now.
    sleep(Duration::from_secs(2)).await;

    let all = Statement::new(format!("SELECT id, n FROM {keyspace}.counts"));
    let all = all.consistency(Consistency::Quorum);
    let rows = session
        .execute(all)
        .await
        .unwrap()
        .rows::<(i32, Counter)>()
        .unwrap();
    let counted: HashMap<i32, i64> = rows.into_iter().map(|(id, n)| (id, n.0)).collect();
    judge(&ends, &counted, started.elapsed());

    at_rest(&session).await;
    session
        .execute(format!("DROP KEYSPACE {keyspace}"))
        .await
        .unwrap();
    session.close(PATIENCE).await.unwrap();
}

fn judge(ends: &[(i32, End)], counted: &HashMap<i32, i64>, took: Duration) {
    let (mut ok, mut maybe, mut no, mut attempts) = (0, 0, 0, 0);
    let (mut lost, mut twice, mut against) = (0, 0, 0);
    let mut kinds = BTreeMap::<&str, u32>::new();
    for (id, end) in ends {
        let n = counted.get(id).copied().unwrap_or(0);
        twice += u32::from(n > 1);
        match end {
            Ok(used) => {
                ok += 1;
                attempts += used;
                lost += u32::from(n == 0);
            }
            Err(error) => {
                *kinds.entry(error.label()).or_default() += 1;
                if error.is_ambiguous() {
                    maybe += 1;
                } else {
                    no += 1;
                    against += u32::from(n > 0);
                }
            }
        }
    }
    let value = u32::try_from(counted.values().sum::<i64>()).unwrap();
    println!(
        "increments sent {}, acknowledged {ok} (in {attempts} attempts), possibly applied {maybe}, not applied {no}; \
         counted {value}; errors {kinds:?}; {took:?}",
        ends.len()
    );
    println!("counted twice {twice}, lost {lost}, counted though not applied {against}");
    assert_eq!(twice, 0, "increments were counted twice");
    assert_eq!(lost, 0, "acknowledged increments were not counted");
    assert_eq!(
        against, 0,
        "increments that certainly were not applied were counted"
    );
    assert!((ok..=ok + maybe).contains(&value), "{value}");
    for error in ends.iter().filter_map(|(_, end)| end.as_ref().err()) {
        assert_ne!(error.applied(), Applied::Yes, "{error:?}");
        assert!(!error.may_retry(true), "{error:?}");
        // The attempt that left it open was the last one.
        let attempts = error.attempts();
        let open = attempts.iter().position(|it| it.applied() != Applied::No);
        assert!(open.is_none_or(|at| at + 1 == attempts.len()), "{error:?}");
    }
    assert!(maybe > 0, "no increment was left open: nothing was tested");
}

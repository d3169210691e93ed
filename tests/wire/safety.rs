//! What must not be made twice is not: unmarked writes, conditional ones and counters under random faults.
//!
//! 10,000 operations and as many that may be made twice, with `FULL=1` ten times as many. The seed is printed; `SEED=n` repeats its faults.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use scripted_cassandra::{Action, Consistency, ErrorFrame, Recording};
use tokio::time::sleep;
use tower_cassandra::scylla::value::Counter;
use tower_cassandra::{
    Applied, Batch, ClusterBuilder, ErrorKind, HealthSettings, Hedge, Prepared, Response, Statement,
};

use crate::support::{ADD, Bed, CONDITIONAL, INSERT, SELECT, ms, requests};

/// A request that enters the queue of a connection at the very moment of its death is answered by nobody: the queue keeps it,
/// and it keeps the connection that keeps the queue. Our limits end the wait (`Timeout`, `Maybe`; it was not sent), and what is
/// kept of it is let go after 30 s. It takes several threads, and happens about once in two hundred deaths.
const FORGOTTEN: Duration = Duration::from_secs(120);

struct Texts {
    insert: Prepared,
    conditional: Prepared,
    add: Prepared,
    // Of texts of their own, so that the ledger tells them apart.
    again: Prepared,
    read: Prepared,
}

impl Texts {
    async fn prepare(bed: &Bed) -> Self {
        Self {
            insert: bed.prepare(INSERT).await,
            conditional: bed.prepare(CONDITIONAL).await,
            add: bed.prepare(ADD).await,
            again: bed.prepare("INSERT INTO ks.t (v, id) VALUES (?, ?)").await,
            read: bed.prepare(SELECT).await,
        }
    }

    /// What may be made twice, under ids below zero.
    fn repeatable(&self, id: i32) -> Statement {
        match id % 2 {
            0 => self.read.bind((-1 - id,)).unwrap(),
            _ => self.again.bind(("v", -1 - id)).unwrap().idempotent(true),
        }
    }

    fn operation(&self, id: i32) -> Statement {
        let insert = self.insert.bind((id, "v")).unwrap();
        let add = self.add.bind((Counter(1), id)).unwrap();
        match id % 6 {
            0 => insert,
            1 => self.conditional.bind((id, "v")).unwrap().idempotent(true),
            2 => add.idempotent(true),
            3 => Batch::logged().with(insert).into(),
            4 => Batch::unlogged().with(insert).into(),
            _ => Batch::unlogged().with(add).idempotent(true).into(),
        }
    }
}

fn faults(bed: &Bed, seed: u64) {
    let timeout = |write_type| ErrorFrame::write_timeout(Consistency::ONE, 0, 1, write_type);
    let faults: [(f64, Action); 16] = [
        (0.001, Action::Close),
        (0.001, Action::Reset),
        (0.001, Action::Close.executed()),
        (0.001, Action::Reset.executed()),
        (0.001, Action::HalfAnswerThenClose),
        (0.001, Action::Silence),
        (0.001, Action::Silence.executed()),
        (0.01, Action::Unprepared),
        (0.02, ErrorFrame::overloaded("busy").into()),
        (0.02, ErrorFrame::bootstrapping("soon").into()),
        (0.02, ErrorFrame::unavailable(Consistency::ONE, 1, 0).into()),
        (0.02, timeout("SIMPLE").into()),
        (0.02, Action::from(timeout("SIMPLE")).executed()),
        (0.02, Action::from(ErrorFrame::server_error("oh")).executed()),
        (0.02, Action::Frame(0x02, Vec::new()).executed()),
        (0.20, Action::delay(ms(15))),
    ];
    for (number, (share, action)) in (1..).zip(faults) {
        let seed = seed.wrapping_mul(31).wrapping_add(number);
        bed.cluster.on(requests()).probability(share, seed).then(action);
    }
}

fn seed() -> u64 {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    given.unwrap_or_else(|| now.subsec_nanos().into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_made_twice_and_nothing_that_was_made_is_denied() {
    let _ = everything_through_faults(10_000, 0, |client| client).await;
}

/// 3,000 operations, with `FULL=1` 100,000. Beside them what may be made twice, and is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_second_attempts_nothing_is_made_twice_either() {
    let hedge = Hedge::default().after(ms(2)).share(1.0);
    // Nodes are judged by nobody: with one of them ejected there is often none left for a second attempt.
    let health = HealthSettings::default()
        .consecutive_failures(u32::MAX)
        .failure_percent(100);
    let hedged = |client: ClusterBuilder| client.hedge(hedge).health_settings(health);
    let hedges = everything_through_faults(3_000, 101, hedged).await;
    assert!(hedges > 100, "{hedges} second attempts: nothing was tested");
}

/// So many operations, with `FULL=1` 100,000, and as many that may be made twice; up to ten times as many, until there were so many second
/// attempts: how many there are depends on the nodes that can be reached at the time. Returns their number.
async fn everything_through_faults(
    few: i32,
    wanted: u32,
    change: impl FnOnce(ClusterBuilder) -> ClusterBuilder,
) -> u32 {
    let is_full = std::env::var_os("FULL").is_some();
    let total = if is_full { 100_000 } else { few };
    let seed = seed();
    println!("safety: {total} operations, SEED={seed}");
    let bed = Bed::with(3, |client| change(client.attempt_timeout(ms(60)))).await;
    let texts = Arc::new(Texts::prepare(&bed).await);
    bed.cluster.set_recording(Recording::Keys);
    bed.cluster.ledger().clear();
    faults(&bed, seed);
    let (next, hedges) = (Arc::new(AtomicI32::new(0)), Arc::new(AtomicU32::new(0)));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (session, texts) = (bed.session.clone(), Arc::clone(&texts));
            let (next, hedges) = (Arc::clone(&next), Arc::clone(&hedges));
            tokio::spawn(async move {
                let mut results = Vec::new();
                loop {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    let is_enough = hedges.load(Ordering::Relaxed) >= wanted || id >= total * 10;
                    if id >= total && is_enough {
                        return results;
                    }
                    let repeatable = session.execute(texts.repeatable(id)).await;
                    let made = repeatable.map_or(0, |response| response.hedges());
                    hedges.fetch_add(made, Ordering::Relaxed);
                    let result = session.execute(texts.operation(id)).await;
                    assert_eq!(result.as_ref().map_or(0, Response::hedges), 0);
                    // Not all of them while there is no connection.
                    while session.health().nodes.iter().all(|node| !node.connected) {
                        sleep(ms(2)).await;
                    }
                    results.push((id, result.map(|response| response.was_applied())));
                }
            })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.extend(task.await.unwrap());
    }
    let hedges = hedges.load(Ordering::Relaxed);
    bed.hang_up().await;
    bed.at_rest_within(FORGOTTEN).await;

    // Now nothing is under way any more: what was not executed never will be.
    let ledger = bed.cluster.ledger();
    let mut repeated = ledger.repeated("");
    let all = repeated.len();
    // Ids below zero.
    repeated.retain(|(key, _)| key.first().is_some_and(|byte| byte & 0x80 == 0));
    assert!(repeated.is_empty(), "SEED={seed}: {repeated:?}");
    println!("safety: {hedges} second attempts; {all} of what may be made twice was");
    let mut counts = BTreeMap::<String, [u64; 2]>::new();
    for (id, result) in results {
        let executed = ledger.executions("", &id.to_be_bytes());
        let outcome = match result {
            Ok(applied) => {
                assert_eq!(executed, 1, "SEED={seed} {id}");
                assert_eq!(applied, (id % 6 == 1).then_some(true), "SEED={seed} {id}");
                "success".to_owned()
            }
            Err(error) => {
                assert_ne!(error.kind(), ErrorKind::Internal, "SEED={seed} {id}: {error:?}");
                match error.applied() {
                    Applied::No => assert_eq!(executed, 0, "SEED={seed} {id}: {error:?}"),
                    Applied::Maybe => {}
                    Applied::Yes => panic!("SEED={seed} {id}: {error:?}"),
                }
                format!("{} {:?}", error.label(), error.applied())
            }
        };
        counts.entry(outcome).or_default()[usize::from(executed > 0)] += 1;
    }
    println!(
        "{:28} {:>12} {:>12}",
        "safety: outcome", "not executed", "executed"
    );
    for (outcome, [not, executed]) in &counts {
        println!("{outcome:28} {not:>12} {executed:>12}");
    }
    let ambiguous = counts.iter().filter(|(name, _)| name.ends_with("Maybe"));
    let both = ambiguous.fold([0, 0], |sum, (_, of)| [sum[0] + of[0], sum[1] + of[1]]);
    assert!(
        both[0] > 0 && both[1] > 0,
        "what may have been applied is neither always nor never"
    );
    hedges
}

/// B1, R10. A request that was still in the queue of a connection that died was not sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_in_the_queue_of_a_dead_connection_was_not_executed() {
    const AT_ONCE: i32 = 2_000;
    let bed = Bed::with(1, |client| client.no_retry().attempt_timeout(ms(2_000))).await;
    let insert = bed.prepare(INSERT).await;
    bed.cluster.set_recording(Recording::Keys);
    let large = "x".repeat(4_000);
    // No and Maybe; not executed and executed.
    let mut counts = [[0_u64; 2]; 2];
    let mut forgotten = 0;
    let mut first = 0;
    for (round, action) in (0..).zip(
        [Action::Reset, Action::Close, Action::HalfAnswerThenClose]
            .iter()
            .cycle()
            .take(9),
    ) {
        bed.connected().await;
        bed.cluster.clear_rules();
        bed.cluster
            .on(requests())
            .after(50 + round * 20)
            .times(1)
            .then(action.clone());
        let calls: Vec<_> = (first..first + AT_ONCE)
            .map(|id| {
                let (session, write) = (bed.session.clone(), insert.bind((id, &large)).unwrap());
                (id, tokio::spawn(async move { session.execute(write).await }))
            })
            .collect();
        let mut results = Vec::new();
        for (id, call) in calls {
            results.push((id, call.await.unwrap()));
        }
        first += AT_ONCE;
        bed.connected().await;
        for (id, result) in results {
            let executed = bed.cluster.ledger().executions("INSERT", &id.to_be_bytes());
            let Err(error) = result else {
                assert_eq!(executed, 1);
                continue;
            };
            let kinds = [ErrorKind::Connection, ErrorKind::NoHost, ErrorKind::Timeout];
            assert!(kinds.contains(&error.kind()), "{error:?}");
            forgotten += u64::from(error.kind() == ErrorKind::Timeout);
            let maybe = error.is_ambiguous();
            assert!(maybe || executed == 0, "round {round}, {id}: {error:?}");
            counts[usize::from(maybe)][usize::from(executed > 0)] += 1;
        }
    }
    println!(
        "R10: No: {:?}, Maybe: {:?} (not executed, executed)",
        counts[0], counts[1]
    );
    println!("R10: forgotten by the driver: {forgotten}");
    bed.at_rest_within(FORGOTTEN).await;
    assert!(counts[0][0] > 0, "nothing was in a queue");
    assert!(counts[1][1] > 0, "nothing was in flight");
    assert!(bed.cluster.ledger().repeated("INSERT").is_empty());
}

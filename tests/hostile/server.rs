//! A server that answers with damaged frames. 1,000,000 with `FULL=1`.
//!
//! Damage to the length of a frame leaves its connection mute until the keepalive gives it up, so most of the time is waiting: many clusters,
//! each with a session of its own, wait side by side.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::try_join_all;
use futures_util::{StreamExt, stream};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use scripted_cassandra::{Action, Match, Opcode, Recording, ScriptedCluster};
use tokio::time::{Instant, sleep, timeout};
use tower_cassandra::{ErrorKind, Row};

use crate::client::Client;
use crate::table::{WIDE, server};
use crate::{PATIENCE, mangle, panics, seed, times};

/// Of each session.
const WORKERS: u64 = 32;
const FRAMES_PER_SESSION: u64 = 1_000;
const SESSIONS_AT_A_TIME: usize = 16;
/// Of the damaged answers. Each costs at least the 50 ms that the driver waits before it connects anew.
const LETHAL: f64 = 0.002;

/// What came of calls.
#[derive(Default)]
struct Tally {
    damaged: u64,
    good: u64,
    bad: u64,
    longest: Duration,
}

impl Tally {
    fn and(self, other: Self) -> Self {
        Self {
            damaged: self.damaged + other.damaged,
            good: self.good + other.good,
            bad: self.bad + other.bad,
            longest: self.longest.max(other.longest),
        }
    }
}

/// Ends when no answer has been damaged for as long as nothing may take.
async fn standstill(damaged: &AtomicU64) {
    let (mut last, mut since) = (0, Instant::now());
    while since.elapsed() < PATIENCE {
        sleep(Duration::from_secs(1)).await;
        let now = damaged.load(Ordering::Relaxed);
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
}

/// From now on damages answers to statements. Gives how many were.
fn damage(cluster: &ScriptedCluster, seed: u64) -> Arc<AtomicU64> {
    let chance = Mutex::new(SmallRng::seed_from_u64(seed));
    let damaged = Arc::new(AtomicU64::new(0));
    let sent = Arc::clone(&damaged);
    let damage = Action::Answer.changed(move |frame| {
        let mut chance = chance.lock().unwrap();
        // Every fourth is left as it is, so that statements get further than their PREPARE.
        if chance.random_bool(0.75) {
            mangle::answer(frame, LETHAL, &mut chance);
            sent.fetch_add(1, Ordering::Relaxed);
        }
    });
    let statements = Match::opcode(Opcode::Query)
        .or_opcode(Opcode::Execute)
        .or_opcode(Opcode::Batch)
        .or_opcode(Opcode::Prepare);
    let _ = cluster.on(statements).then(damage);
    damaged
}

/// Calls until so many answers were damaged.
async fn work(client: Arc<Client>, damaged: Arc<AtomicU64>, frames: u64, seed: u64) -> Tally {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut tally = Tally::default();
    while damaged.load(Ordering::Relaxed) < frames {
        let start = Instant::now();
        let result = timeout(PATIENCE, client.one(&mut rng))
            .await
            .expect("a call that hangs");
        tally.longest = tally.longest.max(start.elapsed());
        match result {
            Ok(()) => tally.good += 1,
            Err(error) => {
                // All of it can be shown.
                let _ = (format!("{error}"), error.applied());
                *client.last.lock().unwrap() = format!("{error:?}");
                tally.bad += 1;
                if error.kind() == ErrorKind::NoHost {
                    // All connections are being replaced.
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
    tally
}

/// The server is honest again: the session is as it was, and nothing is left of what was.
async fn is_as_before(client: &Client, rows: &[Row], seed: u64) {
    let start = Instant::now();
    let again = loop {
        assert!(
            start.elapsed() < PATIENCE,
            "SEED={seed}: the session does not recover"
        );
        match client.session.execute(WIDE).await {
            Ok(response) => break response.rows::<Row>().unwrap(),
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    };
    assert_eq!(again, rows, "SEED={seed}");
    // What was prepared while answers were damaged may be wrong, and is made anew by a handle of its own.
    // Again elsewhere, where the last of the damage left a connection mute.
    let kept = client.insert.bind((1, "kept")).unwrap().idempotent(true);
    let kept = client.session.execute(kept).await;
    kept.unwrap_or_else(|error| panic!("SEED={seed}: {error:?}"));
    assert_eq!(client.session.running(), 0);
    loop {
        let nodes = client.session.health().nodes;
        if nodes
            .iter()
            .all(|node| node.in_flight == 0 && node.abandoned == 0)
        {
            break;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "SEED={seed}: a node still owes an answer: {nodes:?}"
        );
        sleep(Duration::from_millis(20)).await;
    }
}

/// One session with a cluster of its own, from before the damage until it is closed.
async fn session(seed: u64) -> Tally {
    let cluster = server().await;
    // A ledger of everything would be most of the memory.
    cluster.set_recording(Recording::Last(100));
    let client = Arc::new(Client::connect(cluster.contact_points()).await);
    let rows = client.session.execute(WIDE).await.unwrap().rows::<Row>().unwrap();

    let damaged = damage(&cluster, seed);
    let workers = (1..=WORKERS).map(|worker| {
        let (client, damaged) = (Arc::clone(&client), Arc::clone(&damaged));
        tokio::spawn(work(client, damaged, FRAMES_PER_SESSION, seed ^ worker))
    });
    let ends = tokio::select! {
        ends = try_join_all(workers.collect::<Vec<_>>()) => ends.unwrap(),
        () = standstill(&damaged) => {
            let (health, last) = (client.session.health(), client.last.lock().unwrap());
            panic!("SEED={seed}: no answer for {PATIENCE:?}, the last error is {last}\n{health:#?}");
        }
    };
    let mut tally = ends.into_iter().fold(Tally::default(), Tally::and);
    tally.damaged = damaged.load(Ordering::Relaxed);

    cluster.clear_rules();
    is_as_before(&client, &rows, seed).await;
    client.session.close(PATIENCE).await.unwrap();
    let error = client.session.execute(WIDE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_server_answers_nothing_panics_or_hangs_and_the_session_goes_on() {
    let (start, before) = (Instant::now(), panics());
    let frames = times(1_000_000);
    let seed = seed("answers", frames);
    let sessions = frames / FRAMES_PER_SESSION;
    let tallies: Vec<_> = stream::iter(0..sessions)
        .map(|number| async move { tokio::spawn(session(seed ^ (number << 32))).await.unwrap() })
        .buffer_unordered(SESSIONS_AT_A_TIME)
        .collect()
        .await;
    let Tally {
        damaged,
        good,
        bad,
        longest,
    } = tallies.into_iter().fold(Tally::default(), Tally::and);
    let panics = panics() - before;
    println!(
        "answers: {damaged} damaged frames to {sessions} sessions in {:.1} s, {good} calls succeeded, {bad} failed, longest {longest:?}, {panics} panics",
        start.elapsed().as_secs_f64()
    );
    assert!(damaged >= frames, "SEED={seed}: {damaged}");
    assert_eq!(panics, 0, "SEED={seed}");
    assert!(good > 0 && bad > 0, "SEED={seed}: {good} {bad}");
}

//! A server that answers with damaged frames. 1,000,000 with `FULL=1`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use scripted_cassandra::{Action, Match, Opcode};
use tokio::time::{Instant, sleep, timeout};
use tower_cassandra::{
    Backoff, Batch, ClusterBuilder, Error, ErrorKind, Prepared, Response, RetryPolicy, Row, Session,
    Statement, StreamOptions,
};

use crate::table::{WIDE, server};
use crate::{PATIENCE, mangle, panics, seed, times};

const SELECT: &str = "SELECT id, v FROM ks.t WHERE id = ?";
const INSERT: &str = "INSERT INTO ks.t (id, v) VALUES (?, ?)";
const CONDITIONAL: &str = "INSERT INTO ks.t (id, v) VALUES (?, ?) IF NOT EXISTS";
const WORKERS: u64 = 32;
/// Of the damaged answers. Each costs at least the 50 ms that the driver waits before it connects anew.
const LETHAL: f64 = 0.002;

/// Reads all that can be read of an answer, in all ways.
fn read(response: &Response) {
    let _ = response.rows::<Row>();
    let _ = response.rows::<(i32, String)>();
    let _ = response.maybe_first_row::<(i32, &str)>();
    let _ = response.current_row::<(i32, String)>();
    let _ = (
        response.warnings().count(),
        response.columns().map(|columns| columns.len()),
    );
    let _ = (response.tracing_id(), response.page_count(), response.byte_len());
    let _ = (format!("{response:?}"), format!("{}", response.timings()));
}

/// What a worker runs.
struct Client {
    session: Session,
    select: Prepared,
    insert: Prepared,
    conditional: Prepared,
    /// The last error, for when nothing goes on.
    last: Mutex<String>,
}

impl Client {
    async fn one(&self, rng: &mut SmallRng) -> Result<(), Error> {
        let id = rng.random_range(0..100);
        let statement: Statement = match rng.random_range(0..12) {
            0..=2 => Statement::new(WIDE),
            3 | 4 => self.select.bind((id,))?.tracing(rng.random()),
            5 => self.insert.bind((id, "text"))?,
            6 => self.conditional.bind((id, "text"))?,
            7 => Batch::unlogged()
                .with(self.insert.bind((id, "a"))?)
                .with(self.insert.bind((id, "b"))?)
                .into(),
            // A text that was never prepared.
            8 => {
                let prepared = self.session.prepare(format!("{SELECT} /* {id} */")).await?;
                prepared.bind((id,))?
            }
            9 => {
                let options = StreamOptions::new().page_size(2);
                let mut rows = self.session.stream_with::<Row>(WIDE, options);
                while let Some(row) = rows.next().await {
                    row?;
                }
                return Ok(());
            }
            10 => {
                let page = self
                    .session
                    .execute_page(Statement::new(WIDE).page_size(2), Default::default());
                let page = page.await?;
                let _ = (page.rows::<Row>(), page.next().map(|state| state.to_bytes()));
                return Ok(());
            }
            _ => self.insert.bind((id, "text"))?.idempotent(true),
        };
        read(&self.session.execute(statement).await?);
        Ok(())
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_server_answers_nothing_panics_or_hangs_and_the_session_goes_on() {
    let before = panics();
    let frames = times(1_000_000);
    let seed = seed("answers", frames);
    let cluster = server().await;
    let quick = Backoff::exponential(Duration::from_millis(1), Duration::from_millis(1));
    let session = ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .no_health_check()
        .timeout(Duration::from_secs(4))
        .attempt_timeout(Duration::from_secs(1))
        .retry(
            RetryPolicy::default()
                .max_retries(2)
                .backoff(quick)
                .without_budget(),
        )
        .connect()
        .await
        .unwrap();
    let client = Arc::new(Client {
        select: session.prepare(SELECT).await.unwrap(),
        insert: session.prepare(INSERT).await.unwrap(),
        conditional: session.prepare(CONDITIONAL).await.unwrap(),
        session,
        last: Mutex::default(),
    });
    let before_damage = client.session.execute(WIDE).await.unwrap().rows::<Row>().unwrap();

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

    let workers = (0..WORKERS).map(|worker| {
        let (client, damaged) = (Arc::clone(&client), Arc::clone(&damaged));
        tokio::spawn(async move {
            let mut rng = SmallRng::seed_from_u64(seed ^ (worker + 1));
            let (mut good, mut bad, mut longest) = (0_u64, 0_u64, Duration::ZERO);
            while damaged.load(Ordering::Relaxed) < frames {
                let start = Instant::now();
                let result = timeout(PATIENCE, client.one(&mut rng))
                    .await
                    .expect("a call that hangs");
                longest = longest.max(start.elapsed());
                match result {
                    Ok(()) => good += 1,
                    Err(error) => {
                        // All of it can be shown.
                        let _ = (format!("{error}"), error.applied());
                        *client.last.lock().unwrap() = format!("{error:?}");
                        bad += 1;
                        if error.kind() == ErrorKind::NoHost {
                            // All connections are being replaced.
                            sleep(Duration::from_millis(20)).await;
                        }
                    }
                }
            }
            (good, bad, longest)
        })
    });
    let all = futures_util::future::try_join_all(workers.collect::<Vec<_>>());
    let ends = tokio::select! {
        ends = all => ends.unwrap(),
        () = standstill(&damaged) => {
            let (health, last) = (client.session.health(), client.last.lock().unwrap());
            panic!("SEED={seed}: no answer for {PATIENCE:?}, the last error is {last}\n{health:#?}");
        }
    };
    let good: u64 = ends.iter().map(|end| end.0).sum();
    let bad: u64 = ends.iter().map(|end| end.1).sum();
    let longest = ends.iter().map(|end| end.2).max().unwrap();
    let damaged = damaged.load(Ordering::Relaxed);
    let panics = panics() - before;
    println!(
        "answers: {damaged} damaged frames, {good} calls succeeded, {bad} failed, longest {longest:?}, {panics} panics"
    );
    assert_eq!(panics, 0, "SEED={seed}");
    assert!(good > 0 && bad > 0, "SEED={seed}: {good} {bad}");

    // Honest again: the session is as it was.
    cluster.clear_rules();
    let start = Instant::now();
    let rows = loop {
        assert!(
            start.elapsed() < PATIENCE,
            "SEED={seed}: the session does not recover"
        );
        match client.session.execute(WIDE).await {
            Ok(response) => break response.rows::<Row>().unwrap(),
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    };
    assert_eq!(rows, before_damage, "SEED={seed}");
    // What was prepared while answers were damaged may be wrong, and is made anew by a handle of its own.
    let kept = client
        .session
        .execute(client.insert.bind((1, "kept")).unwrap())
        .await;
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
    client.session.close(PATIENCE).await.unwrap();
    let error = client.session.execute(WIDE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

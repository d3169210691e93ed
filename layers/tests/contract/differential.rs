//! The same random scripts for a layer of ours and for tower's own: the same outcomes at the same moments.
//!
//! Where tower's does something else on purpose, the scripts keep to what both promise: its rate limit counts windows and
//! not turns, which is the same for one request per window and one caller. There is no script for the balance: tower's chooses
//! among two at random and knows neither nodes of a request nor silent ones, so hardly any choice would be the same; the
//! simulation compares what comes of the choices.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};
use tower::load_shed::LoadShed;
use tower::retry::Policy;
use tower::{Service, ServiceExt, service_fn};
use tower_cassandra_layers::limit::{ConcurrencyLimit, ConcurrencyLimitLayer, RateLimit, RateLimitLayer};
use tower_cassandra_layers::retry::{Backoff, RetryLayer, RetryPolicy};
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_cassandra_layers::{Advice, Applied, Call};
use tower_layer::Layer;

use crate::by_hand::{Random, full};
use crate::support::{Answer, Error, JUDGE, Kind, Req, fails, ms};
use crate::waiting::counted;

/// What became of a request, and when, in milliseconds after the start of the script.
type Record = (Result<(), &'static str>, u128);

fn scripts() -> (Random, usize) {
    (Random::from_env(), if full() { 20_000 } else { 300 })
}

fn run<F: Future>(script: F) -> F::Output {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(script)
}

/// Answers after `value` milliseconds; every third value is an error, of the kind that may be repeated.
fn leaf() -> impl Service<Req, Response = Answer, Error = Error, Future: Send> + Clone + Send + 'static {
    service_fn(|request: Req| async move {
        sleep(ms(u64::from(request.value))).await;
        if request.value.is_multiple_of(3) {
            return Err(fails(Applied::No, Advice::Backoff));
        }
        Ok(Answer::default())
    })
}

fn kind(error: &Error) -> &'static str {
    match error.kind {
        Kind::Elapsed(_) => "elapsed",
        Kind::Scripted(..) => "failed",
        Kind::Rejected(_) => "rejected",
        _ => "other",
    }
}

fn foreign(error: &tower::BoxError) -> &'static str {
    if error.is::<tower::timeout::error::Elapsed>() {
        return "elapsed";
    }
    if error.is::<tower::load_shed::error::Overloaded>() {
        return "rejected";
    }
    error.downcast_ref::<Error>().map_or("other", kind)
}

/// When it comes, what it is, and when its caller loses patience, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Step {
    at: u64,
    value: u32,
    patience: u64,
}

/// Every request in a task of its own, through a clone of the service.
async fn play<S>(service: S, steps: &[Step], name: fn(&S::Error) -> &'static str) -> Vec<Record>
where
    S: Service<Req, Response = Answer, Future: Send> + Clone + Send + 'static,
    S::Error: Send,
{
    let start = Instant::now();
    let mut tasks = Vec::new();
    for &Step { at, value, patience } in steps {
        let service = service.clone();
        tasks.push(tokio::spawn(async move {
            sleep_until(start + ms(at)).await;
            let call = service.oneshot(Call::new(value).idempotent(true));
            let result = match timeout(ms(patience), counted(call)).await {
                Ok((_, Ok(_))) => Ok(()),
                Ok((_, Err(error))) => Err(name(&error)),
                Err(_) => Err("dropped"),
            };
            (result, start.elapsed().as_millis())
        }));
    }
    let mut records = Vec::new();
    for task in tasks {
        records.push(task.await.unwrap());
    }
    records
}

/// Requests that come one by one, at moments of their own.
fn script(random: &mut Random, longest: u64) -> Vec<Step> {
    let mut at = 0;
    (0..=random.below(12))
        .map(|_| {
            at += 1 + random.below(9);
            Step {
                at,
                value: random.below(longest) as u32,
                patience: if random.below(4) == 0 {
                    random.below(40)
                } else {
                    100_000
                },
            }
        })
        .collect()
}

#[test]
fn timeout_does_as_towers() {
    let (mut random, scripts) = scripts();
    let mut seen = 0;
    for _ in 0..scripts {
        let (limit, steps) = (1 + random.below(40), script(&mut random, 60));
        let ours = TimeoutLayer::call(ms(limit)).unwrap().layer(leaf());
        let theirs = tower::timeout::Timeout::new(leaf(), ms(limit));
        let ours = run(play(ours, &steps, kind));
        assert_eq!(ours, run(play(theirs, &steps, foreign)), "{limit} {steps:?}");
        seen += ours.iter().filter(|(end, _)| *end == Err("elapsed")).count();
    }
    assert!(seen > 0, "no time limit ever passed");
}

#[test]
fn concurrency_limit_does_as_towers() {
    let (mut random, scripts) = scripts();
    for _ in 0..scripts {
        let (permits, steps) = (1 + random.below(4) as usize, script(&mut random, 60));
        let layer = ConcurrencyLimitLayer::new(ConcurrencyLimit::new(permits)).unwrap();
        let theirs = tower::limit::ConcurrencyLimit::new(leaf(), permits);
        let ours = run(play(layer.layer(leaf()), &steps, kind));
        assert_eq!(ours, run(play(theirs, &steps, kind)), "{permits} {steps:?}");
        let handle = layer.handle();
        assert_eq!((handle.active(), handle.queued()), (0, 0));
    }
}

#[test]
fn a_limit_without_a_queue_does_as_towers_that_sheds_load() {
    let (mut random, scripts) = scripts();
    let mut seen = 0;
    for _ in 0..scripts {
        let (permits, steps) = (1 + random.below(4) as usize, script(&mut random, 60));
        let limit = ConcurrencyLimit::new(permits).queue(0);
        let layer = ConcurrencyLimitLayer::new(limit).unwrap();
        let theirs = LoadShed::new(tower::limit::ConcurrencyLimit::new(leaf(), permits));
        let ours = run(play(layer.layer(leaf()), &steps, kind));
        assert_eq!(ours, run(play(theirs, &steps, foreign)), "{permits} {steps:?}");
        seen += ours.iter().filter(|(end, _)| *end == Err("rejected")).count();
    }
    assert!(seen > 0, "nothing was ever rejected");
}

/// What our retry does by default, as a policy of tower's: so many times, after a pause that doubles.
#[derive(Clone)]
struct Towers {
    left: u32,
    pause: Duration,
}

impl Policy<Req, Answer, Error> for Towers {
    type Future = tokio::time::Sleep;

    fn retry(&mut self, _: &mut Req, result: &mut Result<Answer, Error>) -> Option<Self::Future> {
        let error = result.as_ref().err()?;
        if !error.judge().may_retry(true) {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        let pause = self.pause;
        self.pause *= 2;
        Some(sleep(pause))
    }

    fn clone_request(&mut self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}

#[test]
fn retry_does_as_towers() {
    let (mut random, scripts) = scripts();
    for _ in 0..scripts {
        let (left, steps) = (random.below(4) as u32, script(&mut random, 20));
        let policy = RetryPolicy::default()
            .max_retries(left)
            .backoff(Backoff::exponential(ms(3), ms(1_000)).without_jitter());
        let towers = Towers { left, pause: ms(3) };
        let (ours, theirs, ours_sent, theirs_sent) = run(async {
            let (leaf, ours_sent) = counting();
            let layer = RetryLayer::new(policy, JUDGE).unwrap();
            let ours = play(layer.layer(leaf), &steps, kind).await;
            let (leaf, theirs_sent) = counting();
            let theirs = tower::retry::Retry::new(towers, leaf);
            let theirs = play(theirs, &steps, kind).await;
            (ours, theirs, ours_sent.load(SeqCst), theirs_sent.load(SeqCst))
        });
        assert_eq!((ours, ours_sent), (theirs, theirs_sent), "{left} {steps:?}");
    }
}

/// The leaf, with the number of what was sent to it. Fails by its number, so that repetitions may succeed.
fn counting() -> (
    impl Service<Req, Response = Answer, Error = Error, Future: Send> + Clone + Send + 'static,
    Arc<AtomicUsize>,
) {
    let sent = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&sent);
    let leaf = service_fn(move |request: Req| {
        let number = count.fetch_add(1, SeqCst);
        async move {
            sleep(ms(u64::from(request.value))).await;
            match number % 3 {
                0 => Ok(Answer::default()),
                1 => Err(fails(Applied::No, Advice::Backoff)),
                _ if request.value.is_multiple_of(5) => Err(fails(Applied::No, Advice::Never)),
                _ => Err(fails(Applied::No, Advice::Backoff)),
            }
        }
    });
    (leaf, sent)
}

/// One caller after another, on one service.
async fn one_by_one<S>(mut service: S, steps: &[Step]) -> Vec<u128>
where
    S: Service<Req, Response = Answer, Error = Error>,
{
    let start = Instant::now();
    let mut ends = Vec::new();
    for step in steps {
        // Values leave room for pauses between requests, longer and shorter than the period.
        sleep(ms(step.patience.min(50))).await;
        let _ = crate::support::send(&mut service, Call::new(step.value)).await;
        ends.push(start.elapsed().as_millis());
    }
    ends
}

#[test]
fn rate_limit_does_as_towers_for_one_caller() {
    let (mut random, scripts) = scripts();
    for _ in 0..scripts {
        let (period, mut steps) = (ms(1 + random.below(30)), script(&mut random, 40));
        for step in &mut steps {
            step.patience = random.below(45);
        }
        // Both take their beginning from the clock.
        let ours = run(async {
            let layer = RateLimitLayer::new(RateLimit::per(1, period).burst(1)).unwrap();
            one_by_one(layer.layer(leaf()), &steps).await
        });
        let theirs = run(async {
            let rate = tower::limit::rate::Rate::new(1, period);
            one_by_one(tower::limit::RateLimit::new(leaf(), rate), &steps).await
        });
        assert_eq!(ours, theirs, "{period:?} {steps:?}");
    }
}

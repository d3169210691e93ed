//! Random schedules of everything that can happen to a call. Afterwards nothing is left of it.

use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, advance};
use tower_cassandra_layers::health::HealthSettings;
use tower_cassandra_layers::limit::{ConcurrencyLimit, RateLimit};
use tower_cassandra_layers::request::OwnLimit;
use tower_cassandra_layers::retry::{Backoff, Budget, RetryPolicy};
use tower_cassandra_layers::{Advice, Applied, Call};
use tower_service::Service;

use crate::by_hand::{Random, Task, full};
use crate::probe::{Act, Probe, Readiness, Reply};
use crate::stack::{Layers, Settings, ended};
use crate::support::{Error, Kind, Req, fails, ms};

/// Small limits, so that each of them is met.
fn settings() -> Settings {
    Settings {
        call_limit: Some(ms(50)),
        attempt_limit: Some(ms(20)),
        concurrency: Some(ConcurrencyLimit::new(3).queue(4)),
        rate: RateLimit::per_second(200).burst(5).queue(1),
        retry: RetryPolicy::default()
            .backoff(Backoff::exponential(ms(2), ms(8)))
            .budget(Budget::new(20, 50).unwrap())
            .seed(1),
        health: HealthSettings::default()
            .node_limit(1)
            .consecutive_failures(2)
            .ejection(ms(5), ms(50))
            .seed(1),
        nodes: 2,
    }
}

/// One call of the stack, polled by hand.
struct Under<F> {
    task: Task<F>,
    polled: bool,
}

/// What became of the calls, by kind.
#[derive(Default)]
struct Ends(BTreeMap<&'static str, u64>);

impl Ends {
    fn count(&mut self, end: &'static str) {
        *self.0.entry(end).or_default() += 1;
    }

    fn result(&mut self, result: &Result<Reply, Error>) {
        self.count(match result.as_ref().map_err(|error| &error.kind) {
            Ok(_) => "answered",
            Err(Kind::Scripted(..)) => "failed",
            Err(Kind::Elapsed(elapsed)) if elapsed.applied() == Applied::No => "late, not sent",
            Err(Kind::Elapsed(_)) => "late",
            Err(Kind::Rejected(rejected)) => rejected.reason().label(),
            Err(Kind::NoCandidate) => "no candidate",
            Err(Kind::Panicked(panicked)) => {
                assert!(panicked.message().starts_with("planned"), "{panicked}");
                "panicked"
            }
        });
    }

    fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

fn failure(random: &mut Random) -> Error {
    let advice = [
        Advice::Never,
        Advice::SameOnce,
        Advice::Next,
        Advice::Backoff,
        Advice::NextBackoff,
    ];
    let applied = [Applied::No, Applied::Maybe];
    fails(
        applied[random.below(2) as usize],
        advice[random.below(5) as usize],
    )
}

fn act(random: &mut Random) -> Act {
    match random.below(12) {
        0..=4 => Act::Hold,
        5..=6 => Act::Fail(failure(random)),
        7 => Act::PanicInCall,
        8 => Act::PanicWhenPolled,
        _ => Act::Answer,
    }
}

fn own_limit(random: &mut Random) -> OwnLimit {
    match random.below(12) {
        0 => OwnLimit::Off,
        1 => OwnLimit::Of(ms(random.below(30))),
        2 => OwnLimit::Of(std::time::Duration::MAX),
        _ => OwnLimit::Default,
    }
}

fn request(random: &mut Random) -> Req {
    let request = Call::new(0)
        .idempotent(random.below(2) == 0)
        .with_weight([1, 1, 1, 1, 1, 2, 3, 0, 4, 6][random.below(10) as usize])
        .with_call_limit(own_limit(random))
        .with_attempt_limit(own_limit(random));
    match random.below(8) {
        0 => request.with_deadline(Instant::now() + ms(random.below(30))),
        _ => request,
    }
}

/// One schedule over a stack that others were run over before. Returns how many calls it made.
async fn schedule<S>(service: &S, probe: &Probe, random: &mut Random, ends: &mut Ends) -> u64
where
    S: Service<Req, Response = Reply, Error = Error> + Clone,
{
    let mut handles = vec![service.clone()];
    let mut calls: Vec<Under<S::Future>> = Vec::new();
    let mut made = 0;
    for _ in 0..=random.below(30) {
        match random.below(16) {
            0..=6 => {
                let handle = random.below(handles.len() as u64) as usize;
                let ready = handles[handle].poll_ready(&mut Context::from_waker(Waker::noop()));
                assert!(matches!(ready, Poll::Ready(Ok(()))));
                probe.next([act(random)]);
                made += 1;
                calls.push(Under {
                    task: Task::new(handles[handle].call(request(random))),
                    polled: false,
                });
            }
            7..=9 if !calls.is_empty() => {
                let at = random.below(calls.len() as u64) as usize;
                poll(&mut calls, at, ends);
            }
            10 if !calls.is_empty() => {
                drop(calls.swap_remove(random.below(calls.len() as u64) as usize));
                ends.count("dropped");
            }
            11 => handles.push(handles[0].clone()),
            12 if handles.len() > 1 => drop(handles.remove(0)),
            13 => {
                let held = random.below(probe.held().max(1) as u64) as usize;
                let verdict = if random.below(3) == 0 {
                    Err(failure(random))
                } else {
                    Ok(())
                };
                probe.release(held, verdict);
            }
            14 => match random.below(4) {
                0 => drop(probe.usually_ready(Readiness::Never)),
                1 => drop(probe.next_ready([Readiness::Fails(failure(random))])),
                2 => drop(probe.next_ready([Readiness::Panics])),
                _ => drop(probe.usually_ready(Readiness::Yes)),
            },
            _ => advance(ms(1 + random.below(15))).await,
        }
    }
    drop(handles);
    probe.usually_ready(Readiness::Yes);
    if random.below(2) == 0 {
        calls.drain(..).for_each(|_| ends.count("dropped"));
    }
    // The others end by themselves, polled only when they were woken.
    let mut rounds = 0;
    while !calls.is_empty() {
        for at in (0..calls.len()).rev() {
            if !calls[at].polled || calls[at].task.wakes() > 0 {
                poll(&mut calls, at, ends);
            }
        }
        while probe.release(0, Ok(())) {}
        advance(ms(5)).await;
        rounds += 1;
        assert!(rounds < 1_000, "{} calls hang", calls.len());
    }
    made
}

fn poll<F>(calls: &mut Vec<Under<F>>, at: usize, ends: &mut Ends)
where
    F: Future<Output = Result<Reply, Error>>,
{
    calls[at].polled = true;
    if let Poll::Ready(result) = calls[at].task.poll() {
        ends.result(&result);
        drop(calls.swap_remove(at));
    }
}

#[test]
fn after_any_schedule_nothing_is_left_and_every_call_has_ended_once() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info
            .payload_as_str()
            .is_some_and(|text| text.starts_with("planned"))
        {
            usual(info);
        }
    }));
    let mut random = Random::from_env();
    let schedules = if full() { 1_000_000 } else { 10_000 };
    let mut ends = Ends::default();
    let mut calls = 0;
    for _ in 0..schedules / 100 {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(tokio::task::unconstrained(async {
            let (layers, probe) = (Layers::new(settings()).unwrap(), Probe::new());
            let service = layers.lay(probe.clone());
            let mut here = 0;
            for _ in 0..100 {
                here += schedule(&service, &probe, &mut random, &mut ends).await;
                assert_eq!(probe.violations(), Vec::<&str>::new());
                assert_eq!((probe.alive(), probe.reserved(), probe.held()), (0, 0, 0));
                for (what, level) in layers.levels() {
                    assert_eq!(level, 0.0, "{what}");
                }
                assert_eq!(ended(&layers.ledger).0, here, "calls that were counted as ended");
            }
            calls += here;
        }));
    }
    println!("{schedules} schedules, {calls} calls: {:?}", ends.0);
    assert_eq!(ends.total(), calls, "every call ended once");
    for end in [
        "answered",
        "failed",
        "dropped",
        "late",
        "late, not sent",
        "panicked",
        "concurrency_queue_full",
        "rate_queue_full",
        "too_heavy",
        "nodes_full",
    ] {
        assert!(ends.0.contains_key(end), "no call ended as {end}");
    }
}

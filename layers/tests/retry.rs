//! Retries: what is repeated, when, how often, and what is left of it.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use support::{Error, JUDGE, Judge, Plan, Req, Seen, Strict, fails, ms, poll_once, read, send, start, write};
use tokio::time::{Instant, advance, sleep};
use tower::ServiceBuilder;
use tower_cassandra_layers::classify::Stop;
use tower_cassandra_layers::request::OwnLimit;
use tower_cassandra_layers::retry::{Backoff, Budget, Pauses, Retry, RetryBudget, RetryLayer, RetryPolicy};
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_cassandra_layers::{Advice, Applied, Call, Fault, Limit, NodeId, Request};
use tower_layer::Layer;
use tower_service::Service;

/// 10, 20, 40 ms, without jitter.
fn exact() -> RetryPolicy {
    RetryPolicy::default()
        .backoff(Backoff::exponential(ms(10), Duration::from_secs(1)).without_jitter())
        .seed(1)
}

fn retry(policy: RetryPolicy, inner: &Strict) -> Retry<Strict, Judge> {
    RetryLayer::new(policy, JUDGE).unwrap().layer(inner.clone())
}

/// When each attempt was made, in milliseconds after the first.
fn times(seen: &[Seen]) -> Vec<u64> {
    seen.iter()
        .map(|s| (s.at - seen[0].at).as_millis() as u64)
        .collect()
}

const NODE: NodeId = NodeId(7);

fn on_node(advice: Advice, node: NodeId) -> Error {
    let failure = support::failure(Applied::Maybe, advice, Fault::Node);
    Error::of(support::Kind::Scripted(failure, Some(node)))
}

#[tokio::test(start_paused = true)]
async fn one_attempt_and_as_many_retries_as_the_policy_allows() {
    for retries in [0, 1, 3] {
        let inner = Strict::always(Plan::fail(fails(Applied::Maybe, Advice::Backoff)));
        let policy = exact().max_retries(retries);
        let error = send(&mut retry(policy, &inner), read()).await.unwrap_err();
        assert_eq!(inner.attempts() as u32, 1 + retries);
        assert_eq!((error.stop, error.finished), (Some(Stop::AttemptsExhausted), 1));
        let numbers: Vec<u32> = inner.seen().iter().map(|s| s.attempt.number()).collect();
        assert_eq!(numbers, (1..=1 + retries).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_be_repeated_follows_from_applied_and_idempotency_alone() {
    let unmarked = || Call::new(0);
    for (request, applied, advice, attempts) in [
        (read(), Applied::Maybe, Advice::Backoff, 4),
        (read(), Applied::Yes, Advice::Backoff, 4),
        (write(), Applied::Maybe, Advice::Backoff, 1),
        (unmarked(), Applied::Maybe, Advice::Backoff, 1),
        (unmarked(), Applied::Yes, Advice::Next, 1),
        (unmarked(), Applied::Maybe, Advice::SameOnce, 1),
        (unmarked(), Applied::Maybe, Advice::Reprepare, 1),
        (write(), Applied::No, Advice::Backoff, 4),
        (unmarked(), Applied::No, Advice::NextBackoff, 4),
        (read(), Applied::No, Advice::Never, 1),
        (read(), Applied::Maybe, Advice::Never, 1),
    ] {
        let inner = Strict::always(Plan::fail(fails(applied, advice)));
        let case = format!("{request:?} {applied:?} {advice:?}");
        let error = send(&mut retry(exact(), &inner), request).await.unwrap_err();
        assert_eq!(inner.attempts(), attempts, "{case}");
        let stop = if attempts == 1 {
            Stop::NotRetryable
        } else {
            Stop::AttemptsExhausted
        };
        assert_eq!(error.stop, Some(stop), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_are_10_20_40_milliseconds_and_the_last_error_comes_at_once() {
    for advice in [Advice::Backoff, Advice::NextBackoff] {
        let inner = Strict::always(Plan::fail(fails(Applied::No, advice)));
        let started = Instant::now();
        send(&mut retry(exact(), &inner), read()).await.unwrap_err();
        assert_eq!(times(&inner.seen()), [0, 10, 30, 70]);
        assert_eq!(started.elapsed(), ms(70));
    }
}

#[tokio::test(start_paused = true)]
async fn another_node_is_tried_at_once_the_first_time_if_there_is_one() {
    for (alternatives, expected) in [(true, [0, 0, 20, 60]), (false, [0, 10, 30, 70])] {
        let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Next)));
        let layer = RetryLayer::new(exact(), Judge { alternatives }).unwrap();
        send(&mut layer.layer(inner.clone()), read()).await.unwrap_err();
        assert_eq!(times(&inner.seen()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_node_is_asked_once_more_and_not_twice() {
    let inner = Strict::always(Plan::fail(on_node(Advice::SameOnce, NODE)));
    let error = send(&mut retry(exact(), &inner), read()).await.unwrap_err();
    let stay: Vec<_> = inner.seen().iter().map(|s| s.attempt.stay()).collect();
    assert_eq!(stay, [None, Some(NODE)]);
    assert_eq!(times(&inner.seen()), [0, 0]);
    assert_eq!(error.stop, Some(Stop::NotRetryable));
}

#[tokio::test(start_paused = true)]
async fn one_call_stays_only_once_even_with_other_failures_between() {
    let other = NodeId(8);
    let inner = Strict::failing_first([
        on_node(Advice::SameOnce, NODE),
        on_node(Advice::Next, NODE),
        on_node(Advice::SameOnce, other),
    ]);
    let error = send(&mut retry(exact(), &inner), read()).await.unwrap_err();
    let stay: Vec<_> = inner.seen().iter().map(|s| s.attempt.stay()).collect();
    assert_eq!(stay, [None, Some(NODE), None]);
    assert_eq!(error.stop, Some(Stop::NotRetryable));
}

#[tokio::test(start_paused = true)]
async fn a_stale_prepared_form_is_made_anew_once() {
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Reprepare)));
    send(&mut retry(exact(), &inner), write()).await.unwrap_err();
    let reprepare: Vec<_> = inner.seen().iter().map(|s| s.attempt.must_reprepare()).collect();
    assert_eq!(reprepare, [false, true]);
}

#[tokio::test(start_paused = true)]
async fn nodes_that_failed_are_remembered_for_the_next_attempts() {
    let node = |n| on_node(Advice::NextBackoff, NodeId(n));
    let inner = Strict::failing_first([node(1), node(2), node(1), node(3)]);
    let answer = send(&mut retry(exact().max_retries(4), &inner), read())
        .await
        .unwrap();
    assert_eq!(answer.attempts, 5);
    let tried: Vec<Vec<u128>> = inner
        .seen()
        .iter()
        .map(|s| (1..=4).filter(|n| s.attempt.has_tried(NodeId(*n))).collect())
        .collect();
    assert_eq!(tried, [vec![], vec![1], vec![1, 2], vec![1, 2], vec![1, 2, 3]]);
}

#[tokio::test(start_paused = true)]
async fn a_success_is_told_its_number_of_attempts() {
    let inner = Strict::failing_first([fails(Applied::No, Advice::Next), fails(Applied::No, Advice::Next)]);
    let mut service = retry(exact(), &inner);
    assert_eq!(send(&mut service, read()).await.unwrap().attempts, 3);
    let inner = Strict::always(Plan::answer(ms(1)));
    assert_eq!(
        send(&mut retry(exact(), &inner), read()).await.unwrap().attempts,
        1
    );
}

#[tokio::test(start_paused = true)]
async fn each_failure_is_accumulated_with_its_figures() {
    let failing = |n: u64| {
        let advice = if n == 3 { Advice::Never } else { Advice::Backoff };
        Plan::fail(on_node(advice, NodeId(u128::from(n)))).after(ms(n))
    };
    let inner = Strict::new(move |seen| failing(u64::from(seen.attempt.number())));
    let error = send(&mut retry(exact(), &inner), read()).await.unwrap_err();
    let figures: Vec<_> = error
        .history
        .iter()
        .map(|f| (f.number, f.node, f.elapsed, f.failure.advice))
        .collect();
    let expected = [
        (1, Some(NodeId(1)), ms(1), Advice::Backoff),
        (2, Some(NodeId(2)), ms(2), Advice::Backoff),
        (3, Some(NodeId(3)), ms(3), Advice::Never),
    ];
    assert_eq!(figures, expected);
    assert_eq!((error.stop, error.finished), (Some(Stop::NotRetryable), 1));
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_gives_the_real_error_at_once() {
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Backoff)));
    let policy = exact().budget(Budget::new(2, 0).unwrap());
    let mut service = retry(policy, &inner);
    let started = Instant::now();
    let error = send(&mut service, read()).await.unwrap_err();
    assert_eq!((inner.attempts(), error.stop), (3, Some(Stop::BudgetExhausted)));
    assert_eq!(started.elapsed(), ms(30));
    let error = send(&mut service.clone(), read()).await.unwrap_err();
    assert_eq!((inner.attempts(), error.history.len()), (4, 1));
    assert_eq!(error.stop, Some(Stop::BudgetExhausted));
    advance(Budget::WINDOW + Duration::from_secs(2)).await;
    send(&mut service, read()).await.unwrap_err();
    assert_eq!(inner.attempts(), 7, "the budget is there again");
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_must_not_be_repeated_costs_no_budget() {
    let budget = Budget::new(5, 0).unwrap();
    let inner = Strict::always(Plan::fail(fails(Applied::Maybe, Advice::Next)));
    let mut service = retry(exact().budget(budget.clone()), &inner);
    for _ in 0..10 {
        send(&mut service, write()).await.unwrap_err();
        let late = read().with_deadline(Instant::now());
        send(&mut service, late).await.unwrap_err();
    }
    assert_eq!(budget.left(Instant::now()), 5);
}

#[tokio::test(start_paused = true)]
async fn no_attempt_is_started_that_does_not_fit_into_the_deadline() {
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Backoff)));
    for (time, attempts) in [(5, 1), (10, 1), (11, 2), (30, 2), (31, 3)] {
        let before = inner.attempts();
        let started = Instant::now();
        let request = read().with_deadline(started + ms(time));
        let error = send(&mut retry(exact(), &inner), request).await.unwrap_err();
        assert_eq!(inner.attempts() - before, attempts, "{time} ms");
        assert_eq!(error.stop, Some(Stop::NoTimeLeft(Limit::Deadline)));
        assert!(
            started.elapsed() < ms(time),
            "the error does not wait for the deadline"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_runs_out_of_time_says_so_with_its_attempts() {
    let inner = Strict::always(Plan::silence());
    let mut service = ServiceBuilder::new()
        .layer(TimeoutLayer::call(ms(110)).unwrap().without_timer())
        .layer(RetryLayer::new(exact(), JUDGE).unwrap())
        .layer(TimeoutLayer::attempt(ms(40)).unwrap())
        .service(inner.clone());
    let started = Instant::now();
    let error = send(&mut service, read()).await.unwrap_err();
    assert_eq!(started.elapsed(), ms(110));
    assert_eq!(error.stop, Some(Stop::NoTimeLeft(Limit::Call)));
    assert_eq!(times(&inner.seen()), [0, 40, 100]);
    assert_eq!((error.history.len(), support::limit_of(&error)), (3, Limit::Call));
    assert_eq!(inner.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_readiness_that_comes_after_the_deadline_starts_no_attempt() {
    // Ready at once for the first attempt, and only after a second for the next.
    #[derive(Clone)]
    struct Slow(Strict, bool);
    impl Service<Req> for Slow {
        type Response = support::Answer;
        type Error = Error;
        type Future = support::Attempted;
        fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Error>> {
            if self.0.attempts() > 0 && !std::mem::replace(&mut self.1, true) {
                let waker = cx.waker().clone();
                tokio::spawn(async move {
                    sleep(ms(1_000)).await;
                    waker.wake();
                });
                return std::task::Poll::Pending;
            }
            self.0.poll_ready(cx)
        }
        fn call(&mut self, request: Req) -> Self::Future {
            self.0.call(request)
        }
    }
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Backoff)));
    let layer = RetryLayer::new(exact(), JUDGE).unwrap();
    let request = read().with_deadline(Instant::now() + ms(500));
    let error = send(&mut layer.layer(Slow(inner.clone(), false)), request)
        .await
        .unwrap_err();
    assert_eq!(inner.attempts(), 1);
    assert_eq!(
        (error.stop, error.history.len()),
        (Some(Stop::NoTimeLeft(Limit::Deadline)), 1)
    );
}

#[tokio::test(start_paused = true)]
async fn each_attempt_goes_to_a_service_that_was_polled_ready_for_it() {
    // The strict service panics otherwise.
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Next)));
    let mut service = retry(exact(), &inner);
    let first = start(&mut service, read()).await;
    let second = start(&mut service, read()).await;
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_err() && second.is_err());
    assert_eq!((inner.attempts(), inner.readied()), (8, 8));
}

#[tokio::test(start_paused = true)]
async fn an_error_of_readiness_keeps_what_the_attempts_before_left_behind() {
    let broken = fails(Applied::No, Advice::Never);
    let inner =
        Strict::failing_first([fails(Applied::Maybe, Advice::Next)]).readiness(vec![Ok(()), Err(broken)]);
    let error = send(&mut retry(exact(), &inner), read()).await.unwrap_err();
    let applied: Vec<_> = error.history.iter().map(|f| f.failure.applied).collect();
    assert_eq!(applied, [Applied::Maybe, Applied::No]);
    assert_eq!((error.stop, error.finished), (Some(Stop::NotRetryable), 1));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_dropped_before_the_pause_and_before_the_next() {
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Next)));
    let mut future = Box::pin(start(&mut retry(exact(), &inner), read()).await);
    assert!(poll_once(&mut future).is_pending(), "in the second pause");
    assert_eq!((inner.attempts(), inner.alive()), (2, 0));
    future.await.unwrap_err();
    assert!(inner.seen().iter().all(|s| s.alive == 0));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_leaves_nothing_behind() {
    let payload = Arc::new(());
    for script in [Plan::silence(), Plan::fail(fails(Applied::No, Advice::Backoff))] {
        let inner = Strict::always(script);
        let held = Arc::clone(&payload);
        let classifier =
            tower_cassandra_layers::classify::classify_fn(move |result: Result<&support::Answer, &Error>| {
                let _ = &held;
                tower_cassandra_layers::Classify::<Req, _, _>::classify(&JUDGE, &(), result)
            });
        let mut service = RetryLayer::new(exact(), classifier).unwrap().layer(inner.clone());
        let mut future = Box::pin(start(&mut service, read()).await);
        assert!(poll_once(&mut future).is_pending());
        drop(service);
        assert_eq!(Arc::strong_count(&payload), 2);
        drop(future);
        assert_eq!((Arc::strong_count(&payload), inner.alive()), (1, 0));
        sleep(Duration::from_secs(60)).await;
        assert_eq!(inner.attempts(), 1, "nothing goes on");
    }
}

#[tokio::test(start_paused = true)]
async fn the_copy_of_a_request_has_no_ticket() {
    use tower_cassandra_layers::balance::{AllNodes, BalanceLayer};
    use tower_cassandra_layers::health::{HealthSettings, Table};
    let table = Table::new(HealthSettings::default()).unwrap();
    table.replace([table.endpoint(NODE, "a", ())]);
    let kept = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&kept);
    let leaf = tower::service_fn(move |request: Req| {
        assert!(request.context().ticket().is_some());
        assert!(request.clone().context().ticket().is_none());
        assert_eq!(request.clone().context().target(), None);
        seen.fetch_add(1, SeqCst);
        std::future::ready(Err::<support::Answer, _>(fails(Applied::No, Advice::Next)))
    });
    let mut service = ServiceBuilder::new()
        .layer(RetryLayer::new(exact(), JUDGE).unwrap())
        .layer(BalanceLayer::new(
            table.clone(),
            AllNodes::new(table.clone()),
            JUDGE,
        ))
        .service(leaf);
    send(&mut service, read()).await.unwrap_err();
    assert_eq!(kept.load(SeqCst), 4);
    assert_eq!(table.endpoints()[0].in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_repetition_is_the_same_request() {
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Next)));
    let request = Call::new(42).with_call_limit(OwnLimit::Of(ms(5_000)));
    let mut service = TimeoutLayer::call(ms(1)).unwrap().layer(retry(exact(), &inner));
    send(&mut service, request).await.unwrap_err();
    let deadlines: Vec<_> = inner.seen().iter().map(|s| s.deadline).collect();
    assert!(deadlines.iter().all(|d| d.is_some() && *d == deadlines[0]));
    assert!(inner.seen().iter().all(|s| s.value == 42));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let layer = |policy| RetryLayer::new(policy, JUDGE).map(|_| ()).map_err(|e| e.option());
    assert_eq!(layer(exact().max_retries(101)).unwrap_err(), "retry.max_retries");
    for (base, cap) in [(ms(2), ms(1)), (ms(1), Duration::MAX)] {
        let backoff = Backoff::exponential(base, cap);
        assert_eq!(layer(exact().backoff(backoff)).unwrap_err(), "retry.backoff");
    }
    assert!(layer(exact().backoff(Backoff::exponential(Duration::ZERO, Duration::ZERO))).is_ok());
}

/// 10,000 calls at 1,000 a second, when every attempt fails.
async fn storm(policy: RetryPolicy) -> usize {
    const CALLS: usize = 10_000;
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Next)));
    let service = retry(policy, &inner);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..CALLS {
        let mut service = service.clone();
        calls.spawn(async move { send(&mut service, read()).await.unwrap_err() });
        sleep(ms(1)).await;
    }
    let mut given_up = 0;
    while let Some(error) = calls.join_next().await {
        given_up += usize::from(error.unwrap().stop == Some(Stop::BudgetExhausted));
    }
    assert!(inner.attempts() >= CALLS);
    assert_eq!(given_up > 0, inner.attempts() < 4 * CALLS);
    inner.attempts()
}

#[tokio::test(start_paused = true)]
async fn when_everything_fails_the_budget_keeps_the_load_below_one_and_a_fifth() {
    let attempts = storm(RetryPolicy::default().seed(1)).await;
    assert!(attempts <= 12_000 + 50, "{attempts} attempts");
    assert!(attempts > 11_500, "the budget is there to be used: {attempts}");
}

#[tokio::test(start_paused = true)]
async fn without_the_budget_the_same_storm_is_four_times_the_load() {
    assert_eq!(
        storm(RetryPolicy::default().without_budget().seed(1)).await,
        40_000
    );
}

/// Pauses of one's own: always the same.
#[derive(Debug)]
struct Steady(Duration);

impl Pauses for Steady {
    fn pause(&self, _retry: u32, _random: u64) -> Duration {
        self.0
    }
}

/// A budget of one's own: so many retries, ever.
#[derive(Debug)]
struct Fixed(AtomicU32);

impl RetryBudget for Fixed {
    fn deposit(&self, _now: Instant) {}

    fn withdraw(&self, _now: Instant) -> bool {
        self.0
            .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1))
            .is_ok()
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_and_a_budget_of_ones_own_are_used() {
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Backoff)));
    let policy = RetryPolicy::default()
        .max_retries(5)
        .pauses(Steady(ms(7)))
        .budget(Fixed(AtomicU32::new(3)));
    let error = send(&mut retry(policy, &inner), read()).await.unwrap_err();
    assert_eq!(times(&inner.seen()), [0, 7, 14, 21]);
    assert_eq!(error.stop, Some(Stop::BudgetExhausted));
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_the_range_of_the_clock_does_no_harm() {
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::Backoff)));
    let policy = RetryPolicy::default().pauses(Steady(Duration::MAX));
    let mut service = ServiceBuilder::new()
        .layer(TimeoutLayer::call(Duration::from_secs(1)).unwrap())
        .service(retry(policy.clone(), &inner));
    let error = send(&mut service, read()).await.unwrap_err();
    assert_eq!(error.stop, Some(Stop::NoTimeLeft(Limit::Call)));
    // Without a deadline it pauses for as long as the clock goes, and can be dropped.
    let mut service = retry(policy, &inner);
    let waiting = tokio::time::timeout(Duration::from_secs(60), send(&mut service, read()));
    assert!(waiting.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_given_is_shared_and_a_default_one_is_not() {
    let failing = || Strict::always(Plan::fail(fails(Applied::No, Advice::Backoff)));
    let spend = async |policy: &RetryPolicy| {
        let (first, second) = (failing(), failing());
        for inner in [&first, &second] {
            let mut service = retry(policy.clone(), inner);
            for _ in 0..30 {
                let _ = send(&mut service, read()).await;
            }
        }
        (first.attempts() - 30, second.attempts() - 30)
    };
    // 50 retries: 30 calls would make 90.
    let fast = RetryPolicy::default().backoff(Backoff::exponential(ms(0), ms(0)));
    assert_eq!(spend(&fast).await, (50, 50));
    assert_eq!(spend(&fast.budget(Budget::default())).await, (50, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_repeated_once_after_a_pause_is_repeated_once() {
    let inner = Strict::always(Plan::fail(fails(Applied::No, Advice::BackoffOnce)));
    let started = Instant::now();
    let error = send(&mut retry(exact(), &inner), write()).await.unwrap_err();
    assert_eq!((inner.attempts(), error.stop), (2, Some(Stop::NotRetryable)));
    assert!(started.elapsed() >= Duration::from_millis(10));
}

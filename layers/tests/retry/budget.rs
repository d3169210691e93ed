//! Retries are bounded for all calls together.

use super::*;

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

//! Retries end with the deadline.

use super::*;

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

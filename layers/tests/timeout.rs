//! Time limits of calls and attempts, under a paused clock.

mod support;

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use support::{Answer, Error, Plan, Req, Strict, limit_of, ms, poll_once, read, send, start};
use tokio::time::{Instant, advance};
use tower::ServiceBuilder;
use tower_cassandra_layers::request::OwnLimit;
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_cassandra_layers::{Applied, Deadline, Limit, Request};
use tower_layer::Layer;
use tower_service::Service;

fn call(limit: u64) -> TimeoutLayer {
    TimeoutLayer::call(ms(limit)).unwrap()
}

fn attempt(limit: u64) -> TimeoutLayer {
    TimeoutLayer::attempt(ms(limit)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_there_wins_over_a_clock_that_has_passed() {
    let inner = Strict::always(Plan::answer(ms(5)));
    let mut future = Box::pin(start(&mut call(10).layer(inner), read()).await);
    assert!(poll_once(&mut future).is_pending());
    advance(ms(1_000)).await;
    assert!(future.await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn silence_ends_at_the_limit_and_may_have_been_applied() {
    let inner = Strict::always(Plan::silence());
    let started = Instant::now();
    let error = send(&mut call(10).layer(inner.clone()), read())
        .await
        .unwrap_err();
    assert_eq!(started.elapsed(), ms(10));
    assert_eq!(
        (
            limit_of(&error),
            error.elapsed().applied(),
            error.elapsed().waited()
        ),
        (Limit::Call, Applied::Maybe, ms(10))
    );
    assert_eq!(inner.alive(), 0, "the attempt is dropped with the future");
}

#[tokio::test(start_paused = true)]
async fn the_error_names_the_limit_that_passed_first() {
    for (call_limit, attempt_limit, deadline, expected) in [
        (10, 20, 30, Limit::Call),
        (20, 10, 30, Limit::Attempt),
        (30, 20, 10, Limit::Deadline),
        (10, 10, 20, Limit::Call),
    ] {
        let started = Instant::now();
        let mut service = ServiceBuilder::new()
            .layer(call(call_limit))
            .layer(attempt(attempt_limit))
            .service(Strict::always(Plan::silence()));
        let request = read().with_deadline(started + ms(deadline));
        let error = send(&mut service, request).await.unwrap_err();
        assert_eq!(limit_of(&error), expected);
        assert_eq!(started.elapsed(), ms(10));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_late_before_it_is_sent_is_not_sent() {
    let inner = Strict::always(Plan::answer(Duration::ZERO));
    let mut service = attempt(10).layer(inner.clone());
    let request = read().with_deadline(Instant::now());
    let error = send(&mut service, request).await.unwrap_err();
    assert_eq!(
        (limit_of(&error), error.elapsed().applied()),
        (Limit::Deadline, Applied::No)
    );
    assert_eq!(inner.attempts(), 0);
    assert!(
        send(&mut service, read()).await.is_ok(),
        "the readiness that was not used is still there"
    );
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_its_own_wins_over_the_default() {
    for (own, ends_after) in [
        (OwnLimit::Default, Some(10)),
        (OwnLimit::Of(ms(25)), Some(25)),
        (OwnLimit::Of(ms(3)), Some(3)),
        (OwnLimit::Off, None),
    ] {
        for (layer, request) in [
            (call(10), read().with_call_limit(own)),
            (attempt(10), read().with_attempt_limit(own)),
        ] {
            let started = Instant::now();
            let inner = Strict::always(Plan::answer(ms(500)));
            let result = send(&mut layer.layer(inner), request).await;
            assert_eq!(
                (result.is_err(), started.elapsed()),
                (ends_after.is_some(), ms(ends_after.unwrap_or(500)))
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_the_call_says_nothing_about_the_attempt() {
    let inner = Strict::always(Plan::silence());
    let request = read().with_call_limit(OwnLimit::Off);
    let error = send(&mut attempt(10).layer(inner), request).await.unwrap_err();
    assert_eq!(limit_of(&error), Limit::Attempt);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_can_only_be_shortened() {
    let inner = Strict::always(Plan::answer(Duration::ZERO));
    let now = Instant::now();
    for (given, limit, expected) in [(5, 10, (5, Limit::Deadline)), (20, 10, (10, Limit::Call))] {
        let request = read().with_deadline(now + ms(given));
        send(&mut call(limit).layer(inner.clone()), request)
            .await
            .unwrap();
        let seen = inner.seen().pop().unwrap().deadline.unwrap();
        assert_eq!((seen.at, seen.limit), (now + ms(expected.0), expected.1));
    }
    let mut request = read().with_deadline(now + ms(5));
    request.context_mut().shorten(Deadline::at(now + ms(6)));
    assert_eq!(request.context().deadline().unwrap().at, now + ms(5));
}

#[tokio::test(start_paused = true)]
async fn without_a_timer_it_only_writes_the_deadline() {
    let inner = Strict::always(Plan::answer(ms(500)));
    let now = Instant::now();
    let mut service = call(10).without_timer().layer(inner.clone());
    assert!(send(&mut service, read()).await.is_ok());
    assert_eq!(now.elapsed(), ms(500));
    let deadline = inner.seen()[0].deadline.unwrap();
    assert_eq!((deadline.at, deadline.limit), (now + ms(10), Limit::Call));
}

// A timer cannot even be made on a runtime that has none, so this runtime tells whether one was.
#[test]
fn a_timer_is_made_only_when_the_inner_future_has_to_wait() {
    struct Never;
    impl Service<Req> for Never {
        type Response = Answer;
        type Error = Error;
        type Future = std::future::Pending<Result<Answer, Error>>;
        fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
            Poll::Ready(Ok(()))
        }
        fn call(&mut self, _: Req) -> Self::Future {
            std::future::pending()
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ready = Strict::always(Plan::answer(Duration::ZERO));
    assert!(runtime.block_on(send(&mut call(10).layer(ready), read())).is_ok());
    let waits = std::panic::AssertUnwindSafe(|| {
        runtime.block_on(async { send(&mut call(10).layer(Never), read()).await.is_err() })
    });
    assert!(
        std::panic::catch_unwind(waits).is_err(),
        "this runtime has no timer"
    );
}

#[tokio::test(start_paused = true)]
async fn durations_beyond_the_clock_are_refused_and_those_of_a_request_never_pass() {
    let far = Duration::from_secs(u64::from(u32::MAX) * 1_000);
    for limit in [Duration::MAX, Duration::from_secs(u64::MAX / 2), far] {
        assert_eq!(TimeoutLayer::call(limit).unwrap_err().option(), "timeout");
        assert_eq!(
            TimeoutLayer::attempt(limit).unwrap_err().option(),
            "attempt_timeout"
        );
        let own = OwnLimit::Of(limit);
        let request = read().with_call_limit(own).with_attempt_limit(own);
        let inner = Strict::always(Plan::answer(ms(50)));
        let mut service = call(10).layer(TimeoutLayer::attempt(ms(10)).unwrap().layer(inner));
        assert!(send(&mut service, request).await.is_ok());
    }
    for layer in [
        TimeoutLayer::call(TimeoutLayer::LONGEST),
        TimeoutLayer::attempt(TimeoutLayer::LONGEST),
    ] {
        let inner = Strict::always(Plan::answer(ms(50)));
        assert!(send(&mut layer.unwrap().layer(inner), read()).await.is_ok());
    }
}

#[test]
fn zero_is_refused_and_none_is_not() {
    let error = TimeoutLayer::call(Duration::ZERO).unwrap_err();
    assert_eq!(error.option(), "timeout");
    let error = TimeoutLayer::attempt(Duration::ZERO).unwrap_err();
    assert_eq!(error.option(), "attempt_timeout");
    assert!(TimeoutLayer::call(None).is_ok());
    assert!(TimeoutLayer::call(Duration::from_nanos(1)).is_ok());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_drops_the_inner_one() {
    let inner = Strict::always(Plan::silence());
    let mut future = Box::pin(start(&mut call(10).layer(inner.clone()), read()).await);
    assert!(poll_once(&mut future).is_pending());
    assert_eq!(inner.alive(), 1);
    drop(future);
    assert_eq!(inner.alive(), 0);
}

/// Always has something to do and never ends, as a connection with very much to read.
struct Busy;

impl Service<Req> for Busy {
    type Response = Answer;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;
    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, _: Req) -> Self::Future {
        Box::pin(async {
            loop {
                tokio::task::consume_budget().await;
            }
        })
    }
}

#[tokio::test]
async fn an_inner_future_that_never_rests_is_ended_too() {
    let mut service = call(20).layer(Busy);
    let call = pin!(send(&mut service, read()));
    let watchdog = std::thread::spawn(|| {
        std::thread::park_timeout(Duration::from_secs(20));
    });
    let ended = std::future::poll_fn({
        let mut call = call;
        move |cx| match call.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(result.is_err()),
            Poll::Pending if watchdog.is_finished() => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    });
    assert!(ended.await, "the limit never passed");
}

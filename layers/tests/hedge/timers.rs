//! One timer for the delay and the attempt limit, wherever what is inside is polled.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;
use tower_cassandra_layers::Applied;
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_layer::Layer;
use tower_service::Service;

use super::{DELAY, around, hedge};
use crate::support::{Answer, Error, Plan, Req, Strict, ms, read, send};

type Boxed = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

/// How a layer of the user polls what is inside of it.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// In its own future.
    Plain,
    /// In a task of its own.
    Task,
    /// In the same task, but only if it was woken.
    Woken,
}

#[derive(Clone)]
struct User<S> {
    inner: S,
    way: Way,
}

impl<S> Service<Req> for User<S>
where
    S: Service<Req, Response = Answer, Error = Error>,
    S::Future: Send + 'static,
{
    type Response = Answer;
    type Error = Error;
    type Future = Boxed;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Boxed {
        let inner = self.inner.call(request);
        let way = self.way;
        Box::pin(async move {
            match way {
                Way::Plain => inner.await,
                Way::Task => tokio::spawn(inner).await.unwrap(),
                Way::Woken => {
                    let mut woken = FuturesUnordered::from_iter([inner]);
                    woken.next().await.unwrap()
                }
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn the_delay_and_the_limits_of_both_attempts_hold_wherever_they_are_polled() {
    for way in [Way::Plain, Way::Task, Way::Woken] {
        for limit in [None, Some(ms(100))] {
            let strict = Strict::always(Plan::silence());
            let inside = TimeoutLayer::attempt(limit).unwrap().layer(strict.clone());
            let mut service = around(hedge(), User { inner: inside, way });
            let started = Instant::now();
            let call = send(&mut service, read());
            let ended = tokio::time::timeout(ms(1_000), call).await;
            let case = format!("{way:?}, {limit:?}");
            let sent: Vec<_> = strict.seen().iter().map(|seen| seen.at - started).collect();
            assert_eq!(sent, [ms(0), DELAY], "{case}");
            match (limit, ended) {
                (None, Err(_)) => {}
                (Some(limit), Ok(Err(error))) => {
                    let took: Vec<_> = error.history.iter().map(|attempt| attempt.elapsed).collect();
                    assert_eq!(took, [limit, limit], "{case}");
                    assert_eq!(error.elapsed().applied(), Applied::Maybe);
                }
                (_, ended) => panic!("{case}: {ended:?}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_polled_often_before_the_delay_is_over_has_its_second_attempt_in_time() {
    for limit in [None, Some(ms(100))] {
        let strict = Strict::new(|seen| Plan::answer(ms(if seen.attempt.is_hedge() { 5 } else { 500 })));
        let inside = TimeoutLayer::attempt(limit).unwrap().layer(strict.clone());
        let mut service = around(hedge(), inside);
        let started = Instant::now();
        let mut call = Box::pin(send(&mut service, read()));
        let mut tick = tokio::time::interval(ms(1));
        let answer = loop {
            tokio::select! {
                biased;
                _ = tick.tick() => {}
                answer = &mut call => break answer,
            }
        };
        assert!(answer.is_ok());
        assert_eq!(started.elapsed(), DELAY + ms(5));
        assert_eq!(strict.attempts(), 2);
    }
}

//! Whose answer is the answer.

use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};
use tower_cassandra_layers::hedge::HedgeLayer;
use tower_cassandra_layers::retry::Budget;
use tower_cassandra_layers::{Advice, Applied, NodeId, Request as _};
use tower_layer::Layer;
use tower_service::Service;

use super::{DELAY, Events, around, events, hedge};
use crate::support::rig::Rig;
use crate::support::{Answer, Error, JUDGE, Plan, Req, Strict, fails, ms, read, send, write};

/// The first attempt does one thing, the second another.
fn inner(first: Plan, second: Plan) -> Strict {
    Strict::new(move |seen| {
        if seen.attempt.is_hedge() {
            second.clone()
        } else {
            first.clone()
        }
    })
}

fn failing(after: u64) -> Plan {
    Plan::fail(fails(Applied::Maybe, Advice::Next)).after(ms(after))
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_attempt_gets_a_second_one_and_the_faster_answer_counts() {
    for (first, second, took, won) in [(500, 5, 25, true), (30, 100, 30, false)] {
        let strict = inner(Plan::answer(ms(first)), Plan::answer(ms(second)));
        let (seen, metrics) = Events::new();
        let layer = HedgeLayer::new(hedge(), JUDGE).unwrap().with_metrics(&metrics);
        let mut service = layer.layer(strict.clone());
        let started = Instant::now();
        send(&mut service, read()).await.unwrap();
        assert_eq!(started.elapsed(), ms(took));
        assert_eq!((strict.attempts(), strict.alive()), (2, 0), "both are over");
        assert_eq!(strict.seen()[1].at - started, DELAY);
        let outcome = if won { ("won", 1) } else { ("lost", 1) };
        assert_eq!(seen.all(), events([("sent", 1), outcome]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_attempt_that_ends_in_time_stays_alone() {
    for (plan, is_ok) in [(Plan::answer(ms(20)), true), (failing(5), false)] {
        let strict = inner(plan, Plan::answer(ms(0)));
        let mut service = around(hedge(), strict.clone());
        assert_eq!(send(&mut service, read()).await.is_ok(), is_ok);
        assert_eq!(strict.attempts(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_one_does_not_end_the_call_while_the_other_one_runs() {
    for (first, second, took) in [
        (failing(25), Plan::answer(ms(200)), 220),
        (Plan::answer(ms(300)), failing(1), 300),
    ] {
        let strict = inner(first, second);
        let mut service = around(hedge(), strict.clone());
        let started = Instant::now();
        send(&mut service, read()).await.unwrap();
        assert_eq!((started.elapsed(), strict.attempts()), (ms(took), 2));
    }
}

#[tokio::test(start_paused = true)]
async fn the_errors_of_both_are_one_with_both_attempts() {
    for (first, second, took) in [(25, 100, 120), (200, 1, 200)] {
        let rig = Rig::new(2);
        rig.prefer(&[0]);
        rig.plan(0, failing(first));
        rig.plan(1, failing(second));
        let mut service = around(hedge(), rig.service.clone());
        let started = Instant::now();
        let call = crate::support::start(&mut service, read()).await;
        rig.prefer_all();
        let error = call.await.unwrap_err();
        assert_eq!(started.elapsed(), ms(took));
        let mut nodes: Vec<_> = error.history.iter().map(|attempt| attempt.node).collect();
        nodes.sort();
        assert_eq!(nodes, [Some(NodeId(0)), Some(NodeId(1))]);
        let elapsed: Vec<_> = error.history.iter().map(|attempt| attempt.elapsed).collect();
        assert!(
            elapsed.contains(&ms(first)) && elapsed.contains(&ms(second)),
            "{elapsed:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_applied_twice_is_never_sent_twice() {
    let strict = inner(Plan::answer(ms(5_000)), Plan::answer(ms(0)));
    let (seen, metrics) = Events::new();
    let layer = HedgeLayer::new(hedge(), JUDGE).unwrap().with_metrics(&metrics);
    let mut service = layer.layer(strict.clone());
    for _ in 0..100 {
        send(&mut service, write()).await.unwrap();
    }
    assert_eq!(strict.attempts(), 100);
    assert_eq!(seen.all(), events([("not_eligible", 100)]));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_call_drops_both_attempts() {
    let strict = inner(Plan::silence(), Plan::silence());
    let mut service = around(hedge(), strict.clone());
    let call = send(&mut service, read());
    tokio::time::timeout(ms(50), call).await.unwrap_err();
    assert_eq!((strict.attempts(), strict.alive()), (2, 0));
}

/// Refuses second attempts after a while, as a layer between may.
#[derive(Clone)]
struct Refuses(Strict);

impl Service<Req> for Refuses {
    type Response = Answer;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Answer, Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        if request.context().attempt.is_hedge() {
            return Box::pin(async {
                sleep(ms(10)).await;
                Err(fails(Applied::No, Advice::Never))
            });
        }
        Box::pin(self.0.call(request))
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_attempt_that_is_refused_late_costs_nothing_and_leaves_the_first_alone() {
    let (seen, metrics) = Events::new();
    let budget = Budget::new(1, 0).unwrap();
    let layer = HedgeLayer::new(hedge().burst(1), JUDGE).unwrap();
    let layer = layer.with_budget(budget.clone()).with_metrics(&metrics);
    let answers = Strict::always(Plan::answer(ms(100)));
    let fails = Strict::always(failing(25));
    for _ in 0..3 {
        let started = Instant::now();
        let mut service = layer.layer(Refuses(answers.clone()));
        send(&mut service, read()).await.unwrap();
        assert_eq!(started.elapsed(), ms(100));
        assert_eq!(budget.left(Instant::now()), 1);
        // The first one fails while the other one waits.
        let mut service = layer.layer(Refuses(fails.clone()));
        let error = send(&mut service, read()).await.unwrap_err();
        assert_eq!((error.judge().applied, error.history.len()), (Applied::Maybe, 1));
        assert_eq!(budget.left(Instant::now()), 1);
    }
    assert_eq!(seen.all(), events([("no_candidate", 6), ("sent", 6)]));
}

/// Ready for one call, and the clone made for the second attempt never.
struct Once {
    inner: Strict,
    is_clone: bool,
}

impl Clone for Once {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            is_clone: true,
        }
    }
}

impl Service<Req> for Once {
    type Response = Answer;
    type Error = Error;
    type Future = <Strict as Service<Req>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.is_clone {
            return Poll::Pending;
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        self.inner.call(request)
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_its_second_attempt_gets_ready_gives_the_budget_back() {
    let budget = Budget::new(1, 0).unwrap();
    let layer = HedgeLayer::new(hedge().burst(1), JUDGE).unwrap();
    let layer = layer.with_budget(budget.clone());
    let strict = Strict::always(Plan::silence());
    for calls in 1..=3 {
        let mut service = layer.layer(Once {
            inner: strict.clone(),
            is_clone: false,
        });
        let call = send(&mut service, read());
        tokio::time::timeout(ms(50), call).await.unwrap_err();
        assert_eq!((strict.attempts(), budget.left(Instant::now())), (calls, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_attempt_goes_to_a_service_that_was_polled_ready_for_it() {
    let error = fails(Applied::No, Advice::Never);
    // The first one is ready, the second one is refused: the first goes on.
    let strict = inner(Plan::answer(ms(100)), Plan::answer(ms(0))).readiness(vec![Ok(()), Err(error)]);
    let mut service = around(hedge(), strict.clone());
    let started = Instant::now();
    send(&mut service, read()).await.unwrap();
    assert_eq!((started.elapsed(), strict.attempts()), (ms(100), 1));
    // What was not sent is not paid for either.
    for _ in 0..2 {
        send(&mut service, read()).await.unwrap();
    }
    assert_eq!(strict.attempts(), 5);
}

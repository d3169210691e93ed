//! The limits in time fire, with or without a second attempt.

use tokio::time::Instant;
use tower_cassandra_layers::hedge::Hedge;
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_cassandra_layers::{Applied, Limit};
use tower_layer::Layer;

use super::{around, hedge};
use crate::random::{Random, full};
use crate::support::{Plan, Strict, limit_of, ms, read, send};

fn silent(limit: u64) -> (Strict, TimeoutLayer) {
    let strict = Strict::always(Plan::silence());
    (strict, TimeoutLayer::attempt(ms(limit)).unwrap())
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_the_whole_attempt_limit() {
    let (strict, limit) = silent(100);
    let mut service = around(hedge(), limit.layer(strict.clone()));
    let started = Instant::now();
    let error = send(&mut service, read()).await.unwrap_err();
    assert_eq!(started.elapsed(), ms(120), "the second one began at 20 ms");
    let took: Vec<_> = error.history.iter().map(|attempt| attempt.elapsed).collect();
    assert_eq!(took, [ms(100), ms(100)]);
    assert_eq!(error.elapsed().applied(), Applied::Maybe);
}

#[tokio::test(start_paused = true)]
async fn the_attempt_limit_fires_where_there_is_no_second_attempt() {
    // Too early for one, not affordable, or not in time.
    for (hedge, limit) in [
        (hedge(), 10),
        (Hedge::default().after(ms(20)), 100),
        (hedge().after(ms(500)), 100),
        (Hedge::default(), 100),
    ] {
        let (strict, layer) = silent(limit);
        let mut service = around(hedge, layer.layer(strict.clone()));
        let started = Instant::now();
        let error = send(&mut service, read()).await.unwrap_err();
        assert_eq!(started.elapsed(), ms(limit));
        assert_eq!((limit_of(&error), strict.attempts()), (Limit::Attempt, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_second_one_is_refused_the_first_keeps_its_limit() {
    let strict = Strict::always(Plan::silence());
    let limit = TimeoutLayer::attempt(ms(100)).unwrap();
    let budget = tower_cassandra_layers::retry::Budget::new(0, 0).unwrap();
    let layer = tower_cassandra_layers::hedge::HedgeLayer::new(hedge(), crate::support::JUDGE);
    let mut service = layer
        .unwrap()
        .with_budget(budget)
        .layer(limit.layer(strict.clone()));
    let started = Instant::now();
    let error = send(&mut service, read()).await.unwrap_err();
    assert_eq!((started.elapsed(), strict.attempts()), (ms(100), 1));
    assert_eq!(limit_of(&error), Limit::Attempt);
}

#[tokio::test(start_paused = true)]
async fn the_callers_limit_fires_within_a_tick_whatever_the_attempts_do() {
    let cases = if full() { 100_000 } else { 1_000 };
    let mut random = Random::from_env();
    let mut late = 0;
    for _ in 0..cases {
        let mut below = |bound: u64| 1 + random.below(bound);
        let (call, attempt, delay) = (below(300), below(300), below(300));
        let answers = [below(600), below(600)].map(ms);
        let strict = Strict::new(move |seen| {
            let which = usize::from(seen.attempt.is_hedge());
            Plan::answer(answers[which])
        });
        let inside = TimeoutLayer::attempt(ms(attempt)).unwrap();
        let outside = TimeoutLayer::call(ms(call)).unwrap().without_timer();
        let mut service = outside.layer(around(hedge().after(ms(delay)), inside.layer(strict.clone())));
        let started = Instant::now();
        let result = send(&mut service, read()).await;
        let took = started.elapsed();
        let first = answers[0].min(ms(attempt));
        let second = ms(delay) + answers[1].min(ms(attempt));
        let has_second = delay < call && ms(delay) < first;
        assert_eq!(strict.attempts(), 1 + usize::from(has_second));
        let expected = match (has_second, answers[0] <= ms(attempt), answers[1] <= ms(attempt)) {
            (false, ..) => first,
            (true, true, true) => first.min(second),
            (true, true, false) => first,
            (true, false, true) => second,
            (true, false, false) => first.max(second),
        };
        let expected = expected.min(ms(call));
        assert!(took >= expected, "{took:?} is before {expected:?}");
        late += usize::from(took > expected + ms(1));
        if took > ms(call) {
            panic!("{took:?} is after the limit of {call} ms");
        }
        drop(result);
        assert_eq!(strict.alive(), 0);
    }
    assert_eq!(late, 0, "of {cases}");
}

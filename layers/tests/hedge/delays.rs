//! When a second attempt is made, and how many.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tower_cassandra_layers::health::Prober;
use tower_cassandra_layers::hedge::{Hedge, HedgeLayer};
use tower_cassandra_layers::request::HedgeClass;
use tower_cassandra_layers::retry::Budget;
use tower_layer::Layer;

use super::{Events, around, events, hedge};
use crate::support::rig::Rig;
use crate::support::{JUDGE, Plan, Strict, ms, read, send, write};

/// Answers in 5 ms, and now and then in so many.
fn slow_every(n: u32, slow: Duration) -> Strict {
    Strict::new(move |seen| {
        let is_slow = seen.value % n == n - 1 && !seen.attempt.is_hedge();
        Plan::answer(if is_slow { slow } else { ms(5) })
    })
}

fn numbered(n: u32) -> crate::support::Req {
    tower_cassandra_layers::Call::new(n).idempotent(true)
}

#[tokio::test(start_paused = true)]
async fn the_delay_is_learned_and_the_first_thousand_calls_have_none() {
    let strict = slow_every(200, ms(1_000));
    let layer = HedgeLayer::new(Hedge::default(), JUDGE).unwrap();
    let mut service = layer.layer(strict.clone());
    for n in 0..1_000 {
        send(&mut service, numbered(n)).await.unwrap();
    }
    assert_eq!((layer.delay(HedgeClass::Read), strict.attempts()), (None, 1_000));
    for n in 1_000..1_100 {
        send(&mut service, numbered(n)).await.unwrap();
    }
    let delay = layer.delay(HedgeClass::Read).unwrap();
    assert!((ms(5)..ms(8)).contains(&delay), "{delay:?}");
    assert_eq!(layer.delay(HedgeClass::Write), None, "classes learn apart");
    let started = Instant::now();
    send(&mut service, numbered(1_199)).await.unwrap();
    assert!(started.elapsed() <= delay + ms(7), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_does_not_teach_it_to_wait() {
    let strict = slow_every(200, ms(1_000));
    let layer = HedgeLayer::new(Hedge::default(), JUDGE).unwrap();
    let mut service = layer.layer(strict);
    for n in 0..2_000 {
        send(&mut service, numbered(n)).await.unwrap();
    }
    let before = layer.delay(HedgeClass::Read).unwrap();
    // One of ten is slow now: far more than can be paid for.
    let strict = slow_every(10, ms(1_000));
    let mut service = layer.layer(strict);
    let mut last = before;
    for n in 0..4_000 {
        send(&mut service, numbered(n)).await.unwrap();
        let delay = layer.delay(HedgeClass::Read).unwrap();
        assert!(delay <= last + last / 4, "{last:?} to {delay:?}");
        last = delay;
    }
}

#[tokio::test(start_paused = true)]
async fn second_attempts_that_win_leave_it_as_it_is() {
    let strict = Strict::new(|seen| match (seen.attempt.is_hedge(), seen.value % 50) {
        (true, _) => Plan::answer(ms(15)),
        (false, 49) => Plan::answer(ms(1_000)),
        (false, _) => Plan::answer(ms(5)),
    });
    let layer = HedgeLayer::new(Hedge::default().share(1.0), JUDGE).unwrap();
    let mut service = layer.layer(strict.clone());
    for n in 0..1_100 {
        send(&mut service, numbered(n + 50 - n % 50)).await.unwrap();
    }
    let before = layer.delay(HedgeClass::Read).unwrap();
    for n in 0..5_000 {
        send(&mut service, numbered(n)).await.unwrap();
    }
    assert_eq!(
        strict.attempts(),
        1_100 + 5_000 + 100,
        "one of fifty has a second one"
    );
    assert_eq!(layer.delay(HedgeClass::Read), Some(before));
}

#[tokio::test(start_paused = true)]
async fn no_more_are_sent_than_the_calls_have_earned() {
    let strict = Strict::always(Plan::answer(ms(100)));
    let (seen, metrics) = Events::new();
    let layer = HedgeLayer::new(Hedge::default().after(ms(20)).burst(3), JUDGE)
        .unwrap()
        .with_metrics(&metrics);
    let mut service = layer.layer(strict.clone());
    for _ in 0..99 {
        send(&mut service, read()).await.unwrap();
    }
    assert_eq!(strict.attempts(), 99, "nothing is saved at the beginning");
    for _ in 99..1_000 {
        send(&mut service, read()).await.unwrap();
    }
    assert_eq!(strict.attempts(), 1_010);
    // What may not be sent twice earns as well, but no more than the burst.
    for _ in 0..1_000 {
        send(&mut service, write()).await.unwrap();
    }
    let before = strict.attempts();
    for _ in 0..50 {
        send(&mut service, read()).await.unwrap();
    }
    assert_eq!(strict.attempts() - before, 53);
    let went_without = 1_050 - 13;
    assert_eq!(
        seen.all(),
        events([
            ("lost", 13),
            ("no_budget", went_without),
            ("not_eligible", 1_000),
            ("sent", 13)
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn the_budget_of_the_retries_pays_too() {
    let strict = Strict::always(Plan::answer(ms(100)));
    let (seen, metrics) = Events::new();
    let layer = HedgeLayer::new(hedge(), JUDGE)
        .unwrap()
        .with_budget(Budget::new(2, 0).unwrap())
        .with_metrics(&metrics);
    let mut service = layer.layer(strict.clone());
    for _ in 0..10 {
        send(&mut service, read()).await.unwrap();
    }
    assert_eq!(strict.attempts(), 12);
    assert_eq!(seen.all(), events([("lost", 2), ("no_budget", 8), ("sent", 2)]));
}

#[tokio::test(start_paused = true)]
async fn probes_are_charged_to_the_budget_whether_or_not_there_is_any() {
    let budget = Budget::new(5, 10).unwrap();
    let rig = Rig::new(3);
    rig.table.charge_probes_to(budget.clone());
    let probe = |_| async { Ok(Arc::from("well")) };
    for left in [2, 0, 0] {
        let records = Prober::ask_all(rig.table.endpoints().iter(), ms(100), &probe).await;
        assert_eq!((records.len(), budget.left(Instant::now())), (3, left));
    }
    let strict = Strict::always(Plan::answer(ms(100)));
    let layer = HedgeLayer::new(hedge(), JUDGE).unwrap().with_budget(budget);
    send(&mut layer.layer(strict.clone()), read()).await.unwrap();
    assert_eq!(strict.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_is_given_back_to_both_budgets() {
    let budget = Budget::new(1, 0).unwrap();
    let rig = Rig::new(1);
    rig.plan(0, Plan::answer(ms(100)));
    let layer = HedgeLayer::new(hedge().burst(1), JUDGE).unwrap();
    let mut service = layer.with_budget(budget.clone()).layer(rig.service.clone());
    for calls in 1..=3 {
        send(&mut service, read()).await.unwrap();
        assert_eq!((rig.inner.attempts(), budget.left(Instant::now())), (calls, 1));
    }
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let of = |hedge: Hedge| HedgeLayer::new(hedge, JUDGE).unwrap_err();
    for (hedge, option) in [
        (Hedge::default().quantile(0.5), "hedge.quantile"),
        (Hedge::default().quantile(1.0), "hedge.quantile"),
        (Hedge::default().quantile(f64::NAN), "hedge.quantile"),
        (Hedge::default().share(0.0), "hedge.share"),
        (Hedge::default().share(1.01), "hedge.share"),
        (Hedge::default().share(f64::NAN), "hedge.share"),
        (Hedge::default().burst(0), "hedge.burst"),
        (Hedge::default().after(Duration::ZERO), "hedge.after"),
        (Hedge::default().floor(Duration::ZERO), "hedge.floor"),
    ] {
        assert_eq!(of(hedge).option(), option);
    }
    for hedge in [Hedge::default(), Hedge::default().share(1.0).after(Duration::MAX)] {
        let _ = around(hedge, Strict::always(Plan::answer(ms(0))));
    }
}

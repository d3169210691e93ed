//! How long a node may be silent.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::advance;
use tower_cassandra_layers::Fault;
use tower_cassandra_layers::health::{HealthCheck, Prober, State};

use crate::support::rig::Rig;
use crate::support::{Plan, fault, ms};
use crate::{answers, broken, silence_until_stalled};

#[tokio::test(start_paused = true)]
async fn a_node_is_silent_after_100_ms_until_there_are_100_samples() {
    let mut rig = Rig::new(2);
    assert_eq!(silence_until_stalled(&mut rig, 0).await, 101);
    answers(&mut rig, 1, 2, 99).await;
    assert_eq!(silence_until_stalled(&mut rig, 0).await, 101);
    answers(&mut rig, 1, 2, 1).await;
    assert_eq!(silence_until_stalled(&mut rig, 0).await, 11);
}

#[tokio::test(start_paused = true)]
async fn then_after_one_and_a_half_times_the_95th_percentile_within_bounds() {
    // The percentile is known to within a bucket of 25 %.
    for (latency, expected) in [
        (1, 11..=11),
        (20, 31..=38),
        (100, 151..=189),
        (3_000, 1_001..=1_001),
    ] {
        let mut rig = Rig::new(2);
        answers(&mut rig, 1, latency, 200).await;
        let limit = silence_until_stalled(&mut rig, 0).await;
        assert!(expected.contains(&limit), "{latency} ms: {limit} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_request_on_a_node_that_answers_others_is_no_silence() {
    let mut rig = Rig::new(2);
    let _slow = rig.occupy(0);
    for _ in 0..100 {
        advance(ms(90)).await;
        rig.send_to(0).await.unwrap();
        advance(ms(9)).await;
        assert_eq!(rig.state(0), State::Healthy);
    }
    advance(ms(101)).await;
    assert_eq!(rig.state(0), State::Stalled, "now it answers nothing");
}

#[tokio::test(start_paused = true)]
async fn an_idle_node_is_not_silent() {
    let rig = Rig::new(1);
    advance(Duration::from_secs(3_600)).await;
    assert_eq!(rig.state(0), State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn any_answer_ends_a_silence_even_a_failure() {
    for error in [None, Some(fault(Fault::Request)), Some(broken())] {
        let mut rig = Rig::new(2);
        let _slow = rig.occupy(0);
        advance(ms(500)).await;
        assert_eq!(rig.state(0), State::Stalled);
        rig.plan(0, error.map_or_else(|| Plan::answer(ms(0)), Plan::fail));
        let _ = rig.send_to(0).await;
        assert_eq!(rig.state(0), State::Healthy);
    }
}

async fn probe(rig: &Rig, result: Result<&str, &str>) {
    let check = HealthCheck::default();
    let answer = |_| std::future::ready(result.map(Arc::from).map_err(Arc::from));
    Prober::round(&rig.table, check, &answer).await;
}

#[tokio::test(start_paused = true)]
async fn an_answered_probe_excuses_what_is_under_way_and_a_later_silence_counts_again() {
    let mut rig = Rig::new(1);
    let slow = rig.occupy(0);
    advance(ms(500)).await;
    probe(&rig, Err("refused")).await;
    assert_eq!(rig.state(0), State::Stalled, "this was no answer");
    probe(&rig, Ok("5.0.4")).await;
    assert_eq!(rig.state(0), State::Healthy);
    advance(Duration::from_secs(60)).await;
    assert_eq!(rig.state(0), State::Healthy, "slow, not silent");
    assert_eq!(rig.nodes[0].in_flight(), 1);
    let later = rig.occupy(0);
    advance(ms(101)).await;
    assert_eq!(rig.state(0), State::Stalled);
    drop(slow);
    assert_eq!(rig.state(0), State::Stalled);
    drop(later);
    assert_eq!(rig.state(0), State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn the_mean_is_made_of_successes_only() {
    let mut rig = Rig::new(1);
    rig.plan(0, Plan::fail(broken()));
    rig.send_to(0).await.unwrap_err();
    assert_eq!(rig.nodes[0].mean_latency(), None);
    answers(&mut rig, 0, 100, 1).await;
    assert_eq!(rig.nodes[0].mean_latency(), Some(ms(100)));
    rig.plan(0, Plan::fail(broken()));
    rig.send_to(0).await.unwrap_err();
    assert_eq!(rig.nodes[0].mean_latency(), Some(ms(100)));
    answers(&mut rig, 0, 200, 1).await;
    assert_eq!(rig.nodes[0].mean_latency(), Some(ms(105)));
    answers(&mut rig, 0, 0, 2_000).await;
    assert!(rig.nodes[0].mean_latency().unwrap() < Duration::from_nanos(20));
}

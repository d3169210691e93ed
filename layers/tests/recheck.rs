//! A node that looks silent and is not.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use futures_util::FutureExt;
use support::rig::Rig;
use support::{Plan, ms};
use tokio::time::{Instant, sleep};
use tower_cassandra_layers::balance::Endpoint;
use tower_cassandra_layers::health::{ChangeKind, Event, HealthCheck, Prober, State, Status};

const INTERVAL: Duration = Duration::from_secs(5);

/// Every node answers its probes within a millisecond. Counts them.
fn probed(rig: &Rig) -> (Prober, Arc<AtomicUsize>) {
    let probes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&probes);
    let prober = Prober::spawn(
        rig.table.clone(),
        HealthCheck::every(INTERVAL),
        move |_: Arc<Endpoint>| {
            count.fetch_add(1, Relaxed);
            async {
                sleep(ms(1)).await;
                Ok(Arc::from("5.0.4"))
            }
        },
    )
    .unwrap();
    (prober, probes)
}

/// How many of the next milliseconds node 0 spends in this state, while all nodes answer a request each 100 ms.
async fn time_in(state: State, rig: &mut Rig, time: Duration) -> usize {
    let started = Instant::now();
    let mut there = 0;
    while started.elapsed() < time {
        for node in 0..2 {
            rig.send_to(node).await.unwrap();
        }
        for _ in 0..100 {
            there += usize::from(rig.state(0) == state);
            sleep(ms(1)).await;
        }
    }
    there
}

async fn seen_before(rig: &mut Rig) {
    for node in 0..2 {
        rig.plan(node, Plan::answer(ms(1)));
        for _ in 0..100 {
            rig.send_to(node).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_scan_of_minutes_does_not_gate_a_node_with_little_traffic() {
    let mut rig = Rig::new(2);
    let (_prober, _) = probed(&rig);
    seen_before(&mut rig).await;
    let _scan = rig.occupy(0);
    let gated = time_in(State::Stalled, &mut rig, Duration::from_secs(120)).await;
    // Until a request finds it silent, which is every 100 ms, until the look after that and the answer of the probe.
    assert!((1..=125).contains(&gated), "{gated} ms");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_does_not_poll_its_future_does_not_gate_a_node() {
    let mut rig = Rig::new(2);
    let (_prober, _) = probed(&rig);
    seen_before(&mut rig).await;
    rig.prefer(&[0]);
    let (_, unpolled) = rig.start();
    rig.prefer_all();
    let gated = time_in(State::Stalled, &mut rig, Duration::from_secs(120)).await;
    assert!((1..=125).contains(&gated), "{gated} ms");
    unpolled.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_a_prober_it_is_gated_until_it_answers_something() {
    let mut rig = Rig::new(2);
    seen_before(&mut rig).await;
    let _scan = rig.occupy(0);
    let gated = time_in(State::Stalled, &mut rig, Duration::from_secs(10)).await;
    assert!(gated > 8_000, "{gated} ms");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_answers_probes_and_no_request_is_readmitted_by_the_rounds_only() {
    let mut rig = Rig::new(2);
    let (_prober, probes) = probed(&rig);
    seen_before(&mut rig).await;
    let before = probes.load(Relaxed);
    let mut stuck = Vec::new();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        if rig.state(0) == State::Healthy {
            stuck.push(rig.occupy(0));
            sleep(ms(1)).await;
        } else {
            // Finds it silent, and goes to the other one.
            rig.prefer_all();
            assert_eq!(rig.send().await, 1);
        }
    }
    // Some ten for each of the stall limits, which are 10 ms: one at the start, one for each round, and the one at once.
    assert!(stuck.len() <= 11 * 15, "{}", stuck.len());
    // Two nodes in each round, and the one at once.
    let asked = probes.load(Relaxed) - before;
    assert!((22..=30).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_succeeds_says_more_than_a_probe_that_fails() {
    let mut rig = Rig::new(2);
    seen_before(&mut rig).await;
    sleep(ms(1)).await;
    let mut changes = rig.table.changes();
    let _prober = Prober::spawn(rig.table.clone(), HealthCheck::every(INTERVAL), |_| async {
        sleep(ms(500)).await;
        Err(Arc::from("overloaded"))
    })
    .unwrap();
    sleep(ms(600)).await;
    let status = |rig: &Rig| rig.health(0).status;
    assert_eq!(status(&rig), Status::Unknown, "nothing else is known of it");
    // It does not stay so until the next round: who asks sees it at once, who is told of changes soon.
    rig.send_to(0).await.unwrap();
    assert_eq!(
        (status(&rig), rig.health(1).status),
        (Status::Up, Status::Unknown)
    );
    sleep(ms(300)).await;
    let mut heard = Vec::new();
    while let Some(Some(Event::Change(change))) = changes.next().now_or_never() {
        heard.push((change.node.0, change.kind, change.reason.clone()));
    }
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert_eq!(heard[2], (0, ChangeKind::Up, "a request succeeded".to_owned()));
    // One that answers requests all the time is never unknown.
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        rig.send_to(0).await.unwrap();
        assert_eq!(status(&rig), Status::Up);
        sleep(ms(100)).await;
    }
    assert!(changes.next().now_or_never().is_none());
    assert_eq!(rig.health(1).status, Status::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_whose_probe_failed_is_asked_again_after_a_second() {
    let mut rig = Rig::new(2);
    seen_before(&mut rig).await;
    let probes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&probes);
    let check = HealthCheck::every(Duration::from_secs(60));
    let _prober = Prober::spawn(rig.table.clone(), check, move |_: Arc<Endpoint>| {
        let asked = count.fetch_add(1, Relaxed);
        // The first two are the round.
        async move {
            if (2..5).contains(&asked) {
                Err(Arc::from("overloaded"))
            } else {
                Ok(Arc::from("5.0.4"))
            }
        }
    })
    .unwrap();
    sleep(Duration::from_secs(2)).await;
    let _stuck = rig.occupy(0);
    let started = Instant::now();
    sleep(ms(15)).await;
    while rig.state(0) == State::Stalled {
        rig.prefer_all();
        rig.send().await;
        sleep(ms(1)).await;
    }
    assert_eq!(probes.load(Relaxed), 6);
    let took = started.elapsed();
    assert!((ms(3_000)..=ms(3_300)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_is_not_asked_more_than_once_a_second() {
    let mut rig = Rig::new(2);
    let (_prober, probes) = probed(&rig);
    seen_before(&mut rig).await;
    let before = probes.load(Relaxed);
    let mut held = Vec::new();
    let started = Instant::now();
    // Every 30 ms it answers something and has one more request that takes for ever.
    while started.elapsed() < Duration::from_secs(60) {
        rig.send_to(0).await.unwrap();
        held.push(rig.occupy(0));
        sleep(ms(30)).await;
    }
    let asked = probes.load(Relaxed) - before;
    assert!((24 + 20..=24 + 60).contains(&asked), "{asked} in a minute");
}

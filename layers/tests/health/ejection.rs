//! Failures that leave a node out, and for how long.

use std::time::Duration;

use tokio::time::{Instant, advance};
use tower_cassandra_layers::Fault;
use tower_cassandra_layers::health::{HealthSettings, State};

use crate::support::rig::Rig;
use crate::support::{Plan, fault, ms};
use crate::{broken, support};

#[tokio::test(start_paused = true)]
async fn five_failures_in_a_row_eject_and_a_success_between_starts_anew() {
    let mut rig = Rig::new(2);
    rig.fail(0, broken(), 4).await;
    rig.send_to(0).await.unwrap();
    rig.fail(0, broken(), 4).await;
    assert_eq!(rig.state(0), State::Healthy);
    rig.fail(0, broken(), 1).await;
    assert_eq!(rig.state(0), State::Ejected);
}

#[tokio::test(start_paused = true)]
async fn only_faults_of_the_node_eject_it() {
    for kind in [Fault::Request, Fault::Replicas, Fault::Load, Fault::Client] {
        let mut rig = Rig::new(2);
        rig.fail(0, fault(kind), 50).await;
        assert_eq!(rig.state(0), State::Healthy, "{kind:?}");
        rig.fail(0, broken(), 4).await;
        rig.fail(0, fault(kind), 1).await;
        rig.fail(0, broken(), 1).await;
        // The node answered a request or asked other replicas: that ends the row. Saturation says nothing.
        let ends_the_row = matches!(kind, Fault::Request | Fault::Replicas);
        assert_eq!(rig.state(0) == State::Ejected, !ends_the_row, "{kind:?}");
    }
}

/// So many failures of ten, spread out. All are sent, whatever becomes of the node.
async fn fails_of_ten(rig: &mut Rig, node: usize, failures: usize, requests: usize) {
    for i in 0..requests {
        let fails = i * failures / 10 != (i + 1) * failures / 10;
        rig.plan(
            node,
            if fails {
                Plan::fail(broken())
            } else {
                Plan::answer(ms(0))
            },
        );
        let _ = rig.send_to(node).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_fails_more_than_half_of_its_requests_is_ejected_without_five_in_a_row() {
    for (failures, ejected) in [(4, false), (6, true), (7, true)] {
        let mut rig = Rig::new(2);
        fails_of_ten(&mut rig, 0, failures, 300).await;
        assert_eq!(rig.state(0) == State::Ejected, ejected, "{failures} of 10");
        let mut rig = Rig::with(2, HealthSettings::default().failure_percent(100));
        fails_of_ten(&mut rig, 0, failures, 300).await;
        assert_eq!(rig.state(0), State::Healthy, "switched off");
    }
}

#[tokio::test(start_paused = true)]
async fn one_success_does_not_clear_a_node_that_failed_more_than_half() {
    let mut rig = Rig::new(2);
    let mut times = Vec::new();
    for _ in 0..3 {
        fails_of_ten(&mut rig, 0, 7, 200).await;
        assert_eq!(rig.state(0), State::Ejected);
        rig.plan(0, Plan::answer(ms(0)));
        times.push(time_out(&mut rig).await.as_millis() as u64);
        assert_eq!(rig.state(0), State::Healthy);
    }
    for (time, seconds) in times.iter().zip([1, 2, 4]) {
        assert!((seconds * 800..seconds * 1_250).contains(time), "{times:?}");
    }
    fails_of_ten(&mut rig, 0, 0, 1_000).await;
    fails_of_ten(&mut rig, 0, 7, 200).await;
    rig.plan(0, Plan::answer(ms(0)));
    assert!(
        time_out(&mut rig).await < ms(1_250),
        "it has done well in between"
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_ejected_late_has_all_its_failures_told_against_it() {
    let mut rig = Rig::new(3);
    rig.fail(0, broken(), 5).await;
    // One of three is out, so this one stays.
    rig.fail(1, broken(), 60).await;
    assert_eq!(rig.state(1), State::Healthy);
    rig.send_to(0).await.unwrap();
    rig.fail(1, broken(), 1).await;
    assert_eq!(rig.state(1), State::Ejected);
    rig.send_to(1).await.unwrap();
    assert_eq!(rig.state(1), State::Ejected, "one success is nothing new");
}

/// How long until the ejected node gets a request again.
async fn time_out(rig: &mut Rig) -> Duration {
    let started = Instant::now();
    loop {
        for _ in 0..8 {
            if rig.send().await == 0 {
                return started.elapsed();
            }
        }
        advance(ms(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn each_ejection_is_twice_as_long_up_to_a_minute() {
    let mut rig = Rig::new(2);
    rig.fail(0, broken(), 5).await;
    rig.plan(0, Plan::fail(broken()));
    let mut times = Vec::new();
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        let time = time_out(&mut rig).await;
        let (low, high) = (ms(seconds * 800), ms(seconds * 1_200 + 50));
        assert!((low..high).contains(&time), "{seconds} s: {time:?}");
        times.push(time.as_millis() as u64 * 1_000 / seconds);
    }
    assert!(
        times.iter().max() > times.iter().min().map(|t| t + 20).as_ref(),
        "jitter"
    );
    rig.plan(0, Plan::answer(ms(0)));
    time_out(&mut rig).await;
    assert_eq!(rig.state(0), State::Healthy);
    rig.fail(0, broken(), 5).await;
    assert!(
        time_out(&mut rig).await < ms(1_250),
        "after a success it starts anew"
    );
}

#[tokio::test(start_paused = true)]
async fn late_successes_do_not_end_an_ejection() {
    let mut rig = Rig::new(2);
    rig.plan(0, Plan::answer(ms(50)));
    rig.prefer(&[0]);
    let late: Vec<_> = (0..10).map(|_| rig.start().1).collect();
    rig.fail(0, broken(), 5).await;
    for flight in late {
        flight.await.unwrap();
    }
    assert_eq!(
        rig.state(0),
        State::Ejected,
        "what was sent before says nothing of now"
    );
    // Chosen although it is ejected, and answered: that is news.
    rig.send_to(0).await.unwrap();
    assert_eq!(rig.state(0), State::Healthy);
}

/// So long of 20 s the node is out that fails so many of a hundred, with a request to it each millisecond, 20 of them under way at a time.
async fn time_out_of_a_busy_node(failures: usize) -> Duration {
    let mut rig = Rig::new(2);
    rig.plan(1, Plan::answer(ms(20)));
    let mut flights = std::collections::VecDeque::new();
    let mut out = Duration::ZERO;
    for i in 0..20_000 {
        let fails = i * failures / 100 != (i + 1) * failures / 100;
        let plan = if fails {
            Plan::fail(broken()).after(ms(20))
        } else {
            Plan::answer(ms(20))
        };
        rig.plan(0, plan);
        flights.push_back(rig.start().1);
        advance(ms(1)).await;
        while flights
            .front_mut()
            .is_some_and(|flight| support::poll_once(flight).is_ready())
        {
            flights.pop_front();
        }
        if rig.state(0) == State::Ejected {
            out += ms(1);
        }
    }
    out
}

#[tokio::test(start_paused = true)]
async fn a_busy_node_that_fails_four_of_five_stays_out_longer_and_longer() {
    let out = time_out_of_a_busy_node(80).await;
    assert!(out > Duration::from_secs(15), "{out:?} of 20 s");
    assert_eq!(time_out_of_a_busy_node(20).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn late_failures_do_not_prolong_an_ejection() {
    let mut rig = Rig::new(2);
    rig.plan(0, Plan::fail(broken()).after(ms(1_250)));
    let late: Vec<_> = (0..10)
        .map(|_| {
            rig.prefer(&[0]);
            let (_, flight) = rig.start();
            flight
        })
        .collect();
    rig.fail(0, broken(), 5).await;
    assert_eq!(rig.state(0), State::Ejected);
    for flight in late {
        flight.await.unwrap_err();
    }
    assert!(time_out(&mut rig).await < ms(50), "1.25 s are over");
}

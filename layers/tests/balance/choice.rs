//! The fewest in flight, outliers and newcomers.

use tokio::time::advance;

use crate::shares;
use crate::support::rig::Rig;
use crate::support::{Plan, ms};

#[tokio::test(start_paused = true)]
async fn the_node_with_the_fewest_requests_in_flight_of_all_three_is_taken() {
    for idlest in 0..3 {
        let mut rig = Rig::new(3);
        let mut held = Vec::new();
        for node in (0..3).filter(|n| *n != idlest) {
            for _ in 0..=node {
                held.push(rig.occupy(node));
            }
        }
        let shares = shares(&mut rig, 500).await;
        assert!(shares[idlest] >= 490, "{shares:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn ties_are_even_whichever_candidate_is_busy() {
    for busy in 0..3 {
        let mut rig = Rig::new(3);
        let _held = rig.occupy(busy);
        let shares = shares(&mut rig, 4_000).await;
        for node in (0..3).filter(|n| *n != busy) {
            assert!((1_850..2_150).contains(&shares[node]), "{busy} busy: {shares:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn three_of_a_thousand_requests_look_at_any_usable_node() {
    let mut rig = Rig::new(2);
    let _held = rig.occupy(1);
    let shares = shares(&mut rig, 100_000).await;
    // Half of the explorers pick the idle one anyway.
    assert!((100..200).contains(&shares[1]), "{shares:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outlier_is_left_out_once_its_mean_says_something() {
    for (latency, samples, left_out) in [(40, 60, true), (20, 60, false), (40, 40, false)] {
        let mut rig = Rig::new(2);
        rig.plan(0, Plan::answer(ms(10)));
        rig.plan(1, Plan::answer(ms(latency)));
        for _ in 0..samples {
            rig.send_to(0).await.unwrap();
            rig.send_to(1).await.unwrap();
        }
        let before = rig.inner.attempts();
        let mut second = 0;
        // Counted at the start, so that the mean stays what it is.
        for _ in 0..500 {
            second += rig.start().0;
        }
        assert_eq!(rig.inner.attempts() - before, 500);
        assert_eq!(second < 10, left_out, "{latency} ms: {second}");
    }
}

/// Both nodes of two answer so many requests in a millisecond each.
async fn answered(rig: &mut Rig, requests: usize) {
    for node in [0, 1] {
        rig.plan(node, Plan::answer(ms(1)));
        for _ in 0..requests {
            rig.send_to(node).await.unwrap();
        }
    }
}

async fn slow_for_a_while(rig: &mut Rig) {
    rig.plan(1, Plan::answer(ms(3_000)));
    for _ in 0..20 {
        rig.send_to(1).await.unwrap();
    }
    rig.plan(1, Plan::answer(ms(1)));
    rig.send_to(0).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_answers_after_a_pause_make_no_outlier() {
    let mut rig = Rig::new(2);
    answered(&mut rig, 60).await;
    // What was under way when it froze.
    rig.plan(1, Plan::answer(ms(30_000)));
    for _ in 0..5 {
        rig.send_to(1).await.unwrap();
    }
    rig.plan(1, Plan::answer(ms(1)));
    rig.send_to(0).await.unwrap();
    let shares = shares(&mut rig, 500).await;
    assert!(shares[1] > 150, "{shares:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_slow_long_ago_is_no_outlier() {
    let mut rig = Rig::new(2);
    answered(&mut rig, 60).await;
    slow_for_a_while(&mut rig).await;
    let shares_now = shares(&mut rig, 500).await;
    assert!(shares_now[1] < 10, "{shares_now:?}");
    // One sample is enough after a second, and none after ten.
    advance(ms(1_000)).await;
    rig.send_to(1).await.unwrap();
    let shares_then = shares(&mut rig, 500).await;
    assert!(shares_then[1] > 150, "{shares_then:?}");
    slow_for_a_while(&mut rig).await;
    advance(ms(10_001)).await;
    let shares_late = shares(&mut rig, 500).await;
    assert!(shares_late[1] > 150, "{shares_late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_of_which_nothing_is_known_gets_a_fifth_more_than_its_share_and_no_more() {
    for (others, new, expected) in [(2, 1, 0.4), (1, 1, 0.6), (1, 2, 0.4), (0, 3, 1.0 / 3.0)] {
        let mut rig = Rig::new(others as u128 + new as u128);
        for node in 0..others {
            rig.plan(node, Plan::answer(ms(1)));
            for _ in 0..60 {
                rig.send_to(node).await.unwrap();
            }
        }
        let busy = (0..others).flat_map(|node| [node; 2_000]);
        let _busy: Vec<_> = busy.map(|node| rig.occupy(node)).collect();
        for node in others..others + new {
            rig.plan(node, Plan::silence());
        }
        let mut flights = Vec::new();
        let mut to_new = vec![0.0; new];
        for _ in 0..2_000 {
            let (node, flight) = rig.start();
            flights.push(flight);
            if let Some(place) = node.checked_sub(others) {
                to_new[place] += 1.0 / 2_000.0;
            }
        }
        let is_right = |share: &f64| (expected - 0.05..expected + 0.05).contains(share);
        assert!(to_new.iter().all(is_right), "{others} and {new}: {to_new:?}");
    }
}

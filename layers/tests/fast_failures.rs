//! A node that refuses at once has nothing in flight, and must not get everything for that.

mod support;

use support::rig::Rig;
use support::{Plan, fault, ms};
use tokio::time::{Instant, sleep};
use tower_cassandra_layers::Fault;
use tower_cassandra_layers::health::State;

/// Keeps three nodes busy for four seconds, a request each half millisecond; what share of the requests of the last second node 0 got, in
/// thousandths.
async fn share_of_the_first(rig: &mut Rig) -> usize {
    share_in_second(rig, 4).await
}

/// The same of that second, counted from 1.
async fn share_in_second(rig: &mut Rig, second: u64) -> usize {
    let started = Instant::now();
    let mut flights = Vec::new();
    let (mut all, mut first) = (0, 0);
    while started.elapsed() < ms(second * 1_000) {
        for _ in 0..2 {
            let (node, flight) = rig.start();
            flights.push(flight);
            if started.elapsed() >= ms((second - 1) * 1_000) {
                all += 1;
                first += usize::from(node == 0);
            }
        }
        sleep(ms(1)).await;
        // The answered ones are over by now.
        let mut waiting = Vec::new();
        for mut flight in flights {
            if support::poll_once(&mut flight).is_pending() {
                waiting.push(flight);
            }
        }
        flights = waiting;
    }
    first * 1_000 / all
}

/// Three nodes that answer alike, and have had their share of requests.
async fn known_nodes() -> Rig {
    let mut rig = Rig::new(3);
    for node in 0..3 {
        rig.plan(node, Plan::answer(ms(3)));
    }
    let share = share_of_the_first(&mut rig).await;
    assert!((300..370).contains(&share), "{share}");
    rig
}

#[tokio::test(start_paused = true)]
async fn a_node_that_refuses_at_once_gets_no_more_than_it_did() {
    for kind in [Fault::Load, Fault::Replicas] {
        let mut rig = known_nodes().await;
        rig.plan(0, Plan::fail(fault(kind)).after(ms(1)));
        let share = share_of_the_first(&mut rig).await;
        assert!(share <= 20, "{kind:?}: {share} of 1,000");
        assert_eq!(rig.state(0), State::Healthy, "saturation is not sickness");
        rig.plan(0, Plan::answer(ms(3)));
        let share = share_of_the_first(&mut rig).await;
        assert!((300..370).contains(&share), "{kind:?}: {share} of 1,000");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_fails_and_may_not_be_ejected_does_not_get_everything() {
    let mut rig = known_nodes().await;
    // Two of three: one of them stays.
    for node in [0, 1] {
        rig.plan(node, Plan::fail(fault(Fault::Node)).after(ms(1)));
    }
    let first = share_of_the_first(&mut rig).await;
    let out = |rig: &Rig, node| rig.state(node) == State::Ejected;
    assert_eq!(usize::from(out(&rig, 0)) + usize::from(out(&rig, 1)), 1);
    assert!(first <= 50, "{first} of 1,000 although it fails all of them");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_served_its_time_gets_its_share_again() {
    let mut rig = known_nodes().await;
    rig.prefer(&[0]);
    rig.plan(0, Plan::answer(ms(700)));
    let (_, slow) = rig.start();
    rig.plan(0, Plan::fail(fault(Fault::Node)).after(ms(1)));
    let flights: Vec<_> = (0..100).map(|_| rig.start().1).collect();
    for flight in flights {
        flight.await.unwrap_err();
    }
    assert_eq!(rig.state(0), State::Ejected);
    // It is not long since it last answered, and so this success alone would not make up for the failures.
    slow.await.unwrap();
    rig.plan(0, Plan::answer(ms(3)));
    rig.prefer_all();
    let share = share_in_second(&mut rig, 2).await;
    assert!((300..370).contains(&share), "{share} of 1,000");
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_wrong_say_nothing_of_their_node() {
    let mut rig = known_nodes().await;
    for _ in 0..1_000 {
        rig.plan(0, Plan::fail(fault(Fault::Request)));
        rig.send_to(0).await.unwrap_err();
    }
    rig.plan(0, Plan::answer(ms(3)));
    let share = share_of_the_first(&mut rig).await;
    assert!((300..370).contains(&share), "{share} of 1,000");
}

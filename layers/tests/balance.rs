//! Which node gets a request.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use support::rig::Rig;
use support::{Error, JUDGE, Kind, Plan, Strict, fails, failure, fault, ms, read, send};
use tokio::time::advance;
use tower::ServiceBuilder;
use tower_cassandra_layers::balance::{AllNodes, BalanceLayer, Group};
use tower_cassandra_layers::health::{HealthSettings, State, Table};
use tower_cassandra_layers::limit::Reason;
use tower_cassandra_layers::retry::{Backoff, RetryLayer, RetryPolicy};
use tower_cassandra_layers::{Advice, Applied, Fault, NodeId, Request};
use tower_layer::Layer;
use tower_service::Service;

/// How many of `calls` each node gets.
async fn shares(rig: &mut Rig, calls: usize) -> Vec<usize> {
    let mut shares = vec![0; rig.nodes.len()];
    for _ in 0..calls {
        shares[rig.send().await] += 1;
    }
    shares
}

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

#[tokio::test(start_paused = true)]
async fn a_node_that_was_asked_before_is_asked_last() {
    let rig = Rig::new(3);
    let failure = failure(Applied::No, Advice::NextBackoff, Fault::Replicas);
    let error = Error::of(Kind::Scripted(failure, None));
    (0..3).for_each(|n| rig.plan(n, Plan::fail(error.clone())));
    let mut service = RetryLayer::new(RetryPolicy::default().without_budget(), JUDGE)
        .unwrap()
        .layer(rig.service.clone());
    for _ in 0..50 {
        let before = rig.inner.attempts();
        send(&mut service, read()).await.unwrap_err();
        let mut targets: Vec<_> = rig.inner.seen()[before..before + 3]
            .iter()
            .map(|s| s.target.unwrap())
            .collect();
        targets.sort();
        assert_eq!(targets, [NodeId(0), NodeId(1), NodeId(2)]);
        assert_eq!(
            rig.inner.attempts() - before,
            4,
            "when all were asked, one is asked again"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_is_not_asked() {
    let mut rig = Rig::new(3);
    let _held = rig.occupy(1);
    advance(ms(100)).await;
    assert_eq!(rig.state(1), State::Healthy);
    // It has the fewest in flight all the same.
    let _busy: Vec<_> = (0..5).flat_map(|_| [0, 2]).map(|n| rig.occupy(n)).collect();
    advance(ms(1)).await;
    let shares = shares(&mut rig, 100).await;
    assert_eq!((rig.state(1), shares[1]), (State::Stalled, 0));
}

#[tokio::test(start_paused = true)]
async fn when_all_are_silent_the_one_with_the_youngest_request_is_asked() {
    for youngest in 0..3 {
        let mut rig = Rig::new(3);
        let mut held: Vec<_> = (0..3).filter(|n| *n != youngest).map(|n| rig.occupy(n)).collect();
        advance(ms(10)).await;
        // More in flight, to be sure that it is not the load that decides.
        held.extend((0..5).map(|_| rig.occupy(youngest)));
        advance(ms(1_000)).await;
        assert!((0..3).all(|n| rig.state(n) == State::Stalled));
        assert_eq!(shares(&mut rig, 1).await[youngest], 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_without_a_connection_is_the_last_resort() {
    let mut rig = Rig::new(2);
    let _held = rig.occupy(0);
    advance(ms(1_000)).await;
    rig.candidates.set(
        Group::Preferred,
        vec![
            (Arc::clone(&rig.nodes[1]), false),
            (Arc::clone(&rig.nodes[0]), true),
        ],
    );
    assert_eq!(rig.send().await, 0, "even a silent one is better");
    rig.candidates
        .set(Group::Preferred, vec![(Arc::clone(&rig.nodes[1]), false)]);
    assert_eq!(rig.send().await, 1, "it never fails closed");
}

#[tokio::test(start_paused = true)]
async fn full_nodes_are_passed_over_and_when_all_are_nothing_is_sent() {
    let mut rig = Rig::with(2, HealthSettings::default().node_limit(2));
    let mut held: Vec<_> = (0..2).map(|_| rig.occupy(0)).collect();
    assert_eq!(rig.state(0), State::Full);
    for _ in 0..100 {
        assert_eq!(rig.send().await, 1);
    }
    held.extend((0..2).map(|_| rig.occupy(1)));
    let sent = rig.inner.attempts();
    let error = send(&mut rig.service, read()).await.unwrap_err();
    assert_eq!(error.rejected().reason(), Reason::NodesFull);
    assert_eq!(rig.inner.attempts(), sent);
    held.remove(0);
    assert_eq!(rig.send().await, 0, "a place is free again");
}

#[tokio::test(start_paused = true)]
async fn without_a_candidate_nothing_is_sent() {
    let mut rig = Rig::new(1);
    rig.prefer(&[]);
    let error = send(&mut rig.service, read()).await.unwrap_err();
    assert!(matches!(error.kind, Kind::NoCandidate));
    assert_eq!(rig.inner.attempts(), 0);
}

#[tokio::test(start_paused = true)]
async fn farther_nodes_are_asked_only_when_no_nearer_one_is_usable() {
    use Group::{Nearby, OtherReplicas, Preferred, Remote};
    let mut rig = Rig::new(3);
    let groups = |rig: &Rig| {
        rig.prefer(&[0]);
        rig.candidates.set(Nearby, rig.connected(&[0, 1]));
        rig.candidates.set(Remote, rig.connected(&[2]));
        rig.candidates.take_asked();
    };
    groups(&rig);
    assert_eq!(rig.send().await, 0);
    assert_eq!(rig.candidates.take_asked().0, [Preferred]);
    let mut held = vec![rig.occupy(0)];
    advance(ms(200)).await;
    groups(&rig);
    assert_eq!(rig.send().await, 1);
    assert_eq!(rig.candidates.take_asked().0, [Preferred, OtherReplicas, Nearby]);
    held.push(rig.occupy(1));
    advance(ms(200)).await;
    groups(&rig);
    assert_eq!(rig.send().await, 2);
    assert_eq!(
        rig.candidates.take_asked().0,
        [Preferred, OtherReplicas, Nearby, Remote]
    );
    held.push(rig.occupy(2));
    advance(ms(200)).await;
    groups(&rig);
    assert_eq!(rig.send().await, 2, "all silent: the youngest");
}

#[tokio::test(start_paused = true)]
async fn where_order_matters_the_first_usable_one_is_asked() {
    let mut rig = Rig::new(3);
    rig.candidates.ordered();
    let _held: Vec<_> = (0..10).map(|_| rig.occupy(0)).collect();
    assert_eq!(shares(&mut rig, 2_000).await, [2_000, 0, 0]);
    advance(ms(200)).await;
    assert_eq!(shares(&mut rig, 100).await, [0, 100, 0], "the first is silent");
}

#[tokio::test(start_paused = true)]
async fn a_repetition_that_has_to_stay_stays_among_any_number_of_nodes() {
    for nodes in [3, 40] {
        let table = Table::new(HealthSettings::default().seed(3)).unwrap();
        table.replace((0..nodes).map(|id| table.endpoint(NodeId(id), "", ())));
        let inner = Strict::failing_first([fails(Applied::No, Advice::SameOnce)]);
        let mut service = ServiceBuilder::new()
            .layer(RetryLayer::new(RetryPolicy::default(), JUDGE).unwrap())
            .layer(BalanceLayer::new(table.clone(), AllNodes::new(table), JUDGE))
            .service(inner.clone());
        for _ in 0..50 {
            send(&mut service, read()).await.unwrap();
            let seen = inner.seen();
            let [first, second] = &seen[seen.len() - 2..] else {
                panic!("two attempts")
            };
            assert_eq!(first.target, second.target);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn staying_does_not_go_to_a_full_node() {
    let rig = Rig::with(2, HealthSettings::default().node_limit(1));
    let tickets = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let leaf = tower::service_fn(move |mut request: support::Req| {
        let ticket = request.context_mut().take_ticket().unwrap();
        let node = ticket.endpoint().id();
        log.lock().unwrap().push(node);
        // Says that it failed and stays under way all the same.
        tickets.lock().unwrap().push(ticket);
        let failure = failure(Applied::No, Advice::SameOnce, Fault::Replicas);
        std::future::ready(Err::<support::Answer, _>(Error::of(Kind::Scripted(
            failure,
            Some(node),
        ))))
    });
    let layer = BalanceLayer::new(rig.table.clone(), rig.candidates.clone(), JUDGE);
    let retry = RetryLayer::new(RetryPolicy::default(), JUDGE).unwrap();
    let service = retry.layer(layer.layer(leaf));
    send(&mut service.clone(), read()).await.unwrap_err();
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert_ne!(asked[0], asked[1]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_gives_its_place_back_and_says_nothing_about_the_node() {
    let mut rig = Rig::new(1);
    for _ in 0..20 {
        let flight = rig.occupy(0);
        assert_eq!(rig.nodes[0].in_flight(), 1);
        drop(flight);
        assert_eq!(rig.nodes[0].in_flight(), 0);
    }
    advance(ms(1_000)).await;
    assert_eq!(
        (rig.state(0), rig.nodes[0].mean_latency()),
        (State::Healthy, None)
    );
}

#[tokio::test(start_paused = true)]
async fn the_choice_looks_at_no_more_than_eight_nodes_of_any_number() {
    for nodes in [3, 8, 9, 1_000] {
        let mut rig = Rig::new(nodes);
        rig.candidates.take_asked();
        rig.send().await;
        assert_eq!(rig.candidates.take_asked().1, nodes.min(8) as usize);
    }
}

#[tokio::test(start_paused = true)]
async fn all_nodes_of_a_large_table_get_their_share() {
    let table = Table::new(HealthSettings::default().seed(5)).unwrap();
    table.replace((0..100).map(|id| table.endpoint(NodeId(id), "", ())));
    let inner = Strict::always(Plan::answer(ms(0)));
    let layer = BalanceLayer::new(table.clone(), AllNodes::new(table), JUDGE);
    let mut service = layer.layer(inner.clone());
    for _ in 0..20_000 {
        send(&mut service, read()).await.unwrap();
    }
    let mut shares = [0; 100];
    for seen in inner.seen() {
        shares[seen.target.unwrap().0 as usize] += 1;
    }
    assert!(shares.iter().all(|n| (130..270).contains(n)), "{shares:?}");
}

#[tokio::test(start_paused = true)]
async fn an_ejected_node_is_not_asked_until_its_time_is_over() {
    let mut rig = Rig::new(2);
    rig.fail(0, fails(Applied::No, Advice::Never), 5).await;
    assert_eq!(rig.state(0), State::Ejected);
    assert_eq!(shares(&mut rig, 1_000).await, [0, 1_000]);
    advance(Duration::from_millis(1_300)).await;
    assert_eq!(rig.state(0), State::Ejected, "on probation");
    let shares = shares(&mut rig, 1_000).await;
    assert!(shares[0] > 400, "its first answer has re-admitted it: {shares:?}");
    assert_eq!(rig.state(0), State::Healthy);
}

/// How many of a request's replicas are not asked when all the nodes that may be are ejected.
async fn left_out(replicas: &[usize], ejected: &[usize], nodes: u128) -> usize {
    let mut rig = Rig::new(nodes);
    for node in ejected {
        rig.fail(*node, fails(Applied::No, Advice::Never), 5).await;
        assert_eq!(rig.state(*node), State::Ejected);
        advance(ms(10)).await;
    }
    rig.prefer(replicas);
    rig.candidates.set(Group::Nearby, rig.connected(&[0, 1, 2, 3]));
    // What fails stays ejected.
    for node in ejected {
        rig.plan(*node, Plan::fail(fault(Fault::Load)));
    }
    let shares = shares(&mut rig, 500).await;
    replicas.iter().filter(|node| shares[**node] == 0).count()
}

#[tokio::test(start_paused = true)]
async fn no_more_than_a_minority_of_the_replicas_is_left_out() {
    assert_eq!(left_out(&[0, 1, 2], &[0], 10).await, 1);
    assert_eq!(left_out(&[0, 1, 2], &[0, 1], 10).await, 1);
    assert_eq!(left_out(&[0, 1, 2], &[0, 1, 2], 10).await, 1);
    assert_eq!(left_out(&[2, 3, 4], &[0, 1, 2], 10).await, 1, "of other ranges");
    assert_eq!(left_out(&[0, 1, 2, 3, 4], &[0, 1, 2], 10).await, 2);
    assert_eq!(left_out(&[0, 1], &[0], 10).await, 1, "one of two all the same");
}

#[tokio::test(start_paused = true)]
async fn other_replicas_come_before_other_nodes() {
    let mut rig = Rig::new(4);
    rig.prefer(&[0]);
    rig.candidates.set(Group::OtherReplicas, rig.connected(&[1, 2]));
    rig.candidates.set(Group::Nearby, rig.connected(&[3]));
    assert_eq!(shares(&mut rig, 100).await, [100, 0, 0, 0]);
    let _held = rig.occupy(0);
    rig.prefer(&[0]);
    advance(ms(200)).await;
    let shares = shares(&mut rig, 100).await;
    assert_eq!((shares[0], shares[1] + shares[2], shares[3]), (0, 100, 0));
}

#[tokio::test(start_paused = true)]
async fn the_only_candidate_is_asked_although_it_is_ejected() {
    let mut rig = Rig::new(2);
    rig.fail(0, fails(Applied::No, Advice::Never), 5).await;
    rig.prefer(&[0]);
    assert_eq!(rig.send().await, 0);
    assert_eq!(rig.state(0), State::Healthy, "its answer counts");
}

#[tokio::test(start_paused = true)]
async fn on_probation_one_request_decides_and_a_dropped_one_gives_its_turn_back() {
    let mut rig = Rig::new(2);
    rig.fail(0, fails(Applied::No, Advice::Never), 5).await;
    advance(Duration::from_millis(1_300)).await;
    let _busy: Vec<_> = (0..3).map(|_| rig.occupy(1)).collect();
    rig.plan(0, Plan::silence());
    for round in 0..9 {
        let (target, probe) = rig.start();
        assert_eq!(target, 0, "round {round}");
        for _ in 0..5 {
            assert_eq!(rig.send().await, 1, "the other has its turn: round {round}");
        }
        drop(probe);
    }
    rig.plan(0, Plan::fail(fault(Fault::Load)));
    for _ in 0..10 {
        assert_eq!(rig.send().await, 0, "saturation decides nothing either");
    }
    rig.plan(0, Plan::answer(ms(0)));
    assert_eq!(rig.send().await, 0);
    assert_eq!(rig.state(0), State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_inner_service_gives_the_turn_back() {
    #[derive(Clone)]
    struct Panics(Strict);
    impl Service<support::Req> for Panics {
        type Response = support::Answer;
        type Error = Error;
        type Future = support::Attempted;
        fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Error>> {
            self.0.poll_ready(cx)
        }
        fn call(&mut self, request: support::Req) -> Self::Future {
            assert_ne!(request.value, 99, "as asked");
            self.0.call(request)
        }
    }
    let mut rig = Rig::new(2);
    rig.fail(0, fails(Applied::No, Advice::Never), 5).await;
    advance(Duration::from_millis(1_300)).await;
    let _busy = rig.occupy(1);
    let layer = BalanceLayer::new(rig.table.clone(), rig.candidates.clone(), JUDGE);
    let mut service = layer.layer(Panics(rig.inner.clone()));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut request = read();
    request.value = 99;
    assert!(service.poll_ready(&mut cx).is_ready());
    assert!(catch_unwind(AssertUnwindSafe(|| service.call(request))).is_err());
    assert_eq!(rig.nodes[0].in_flight(), 0);
    assert_eq!(rig.send().await, 0, "the node is still on probation");
    assert_eq!(rig.state(0), State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_call_over_failing_nodes_reaches_the_good_one() {
    let rig = Rig::new(3);
    let broken = Error::of(Kind::Scripted(
        failure(Applied::Maybe, Advice::Next, Fault::Node),
        None,
    ));
    rig.plan(0, Plan::fail(broken.clone()));
    rig.plan(1, Plan::fail(broken));
    let policy = RetryPolicy::default()
        .backoff(Backoff::default())
        .without_budget();
    let mut service = RetryLayer::new(policy, JUDGE).unwrap().layer(rig.service.clone());
    for _ in 0..500 {
        let answer = send(&mut service, read()).await.unwrap();
        assert_eq!(answer.node, Some(NodeId(2)));
    }
}

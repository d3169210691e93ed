//! Nearer ones first, an order that matters, and staying.

use std::sync::{Arc, Mutex};

use tokio::time::advance;
use tower::ServiceBuilder;
use tower_cassandra_layers::balance::{AllNodes, BalanceLayer, Group};
use tower_cassandra_layers::health::{HealthSettings, Table};
use tower_cassandra_layers::retry::{RetryLayer, RetryPolicy};
use tower_cassandra_layers::{Advice, Applied, Fault, NodeId, Request};
use tower_layer::Layer;

use crate::shares;
use crate::support::rig::Rig;
use crate::support::{Error, JUDGE, Kind, Strict, fails, failure, ms, read, send};

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
    let _later = [1, 2].map(|node| rig.occupy(node));
    advance(ms(200)).await;
    let _latest = rig.occupy(2);
    let asked = rig.send().await;
    assert_ne!(asked, 0, "all are silent, the first for the longest time");
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
    let leaf = tower::service_fn(move |mut request: crate::support::Req| {
        let ticket = request.context_mut().take_ticket().unwrap();
        let node = ticket.endpoint().id();
        log.lock().unwrap().push(node);
        // Says that it failed and stays under way all the same.
        tickets.lock().unwrap().push(ticket);
        let failure = failure(Applied::No, Advice::SameOnce, Fault::Replicas);
        std::future::ready(Err::<crate::support::Answer, _>(Error::of(Kind::Scripted(
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

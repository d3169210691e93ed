//! Places given back, and many nodes.

use tokio::time::advance;
use tower_cassandra_layers::NodeId;
use tower_cassandra_layers::balance::{AllNodes, BalanceLayer};
use tower_cassandra_layers::health::{HealthSettings, State, Table};
use tower_layer::Layer;

use crate::support::rig::Rig;
use crate::support::{JUDGE, Plan, Strict, ms, read, send};

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

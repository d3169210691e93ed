//! The handles of nodes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tower_cassandra_layers::metrics::MAX_HOSTS;

use crate::support::Ledger;

#[test]
fn one_host_label_has_one_set_of_handles() {
    let (ledger, metrics) = Ledger::metrics();
    metrics.node("h").ejected();
    let registered = ledger.registered.load(Ordering::SeqCst);
    metrics.clone().node("h").ejected();
    assert_eq!(ledger.registered.load(Ordering::SeqCst), registered);
    assert_eq!(ledger.count(r#"cassandra_node_ejections_total{host="h"}"#), 2);
}

#[test]
fn hosts_beyond_the_bound_are_counted_as_other_and_have_no_gauges() {
    let (ledger, metrics) = Ledger::metrics();
    for n in 0..MAX_HOSTS {
        assert_eq!(metrics.node(&format!("h{n}")).host(), format!("h{n}"));
    }
    for late in ["the 257th", "the 258th"] {
        let node = metrics.node(late);
        assert_eq!(node.host(), "other");
        node.attempt(Duration::from_millis(3), true);
        node.set_healthy(true);
    }
    assert_eq!(
        ledger.count(r#"cassandra_attempts_total{host="other",success="success"}"#),
        2
    );
    assert_eq!(
        ledger.gauge(r#"cassandra_connection_healthy{host="other"}"#),
        None
    );
    assert_eq!(metrics.node("h0").host(), "h0");
}

#[test]
fn a_retired_node_shows_zero_and_may_come_back() {
    let (ledger, metrics) = Ledger::metrics();
    let node = metrics.node("h");
    let gauges = || {
        ["connection_healthy", "node_in_flight", "abandoned"]
            .map(|name| ledger.gauge(&format!(r#"cassandra_{name}{{host="h"}}"#)).unwrap())
    };
    node.set_healthy(true);
    node.set_in_flight(7);
    node.set_abandoned(2);
    assert_eq!(gauges(), [1.0, 7.0, 2.0]);
    metrics.set_enabled(false);
    node.retire();
    assert_eq!(gauges(), [0.0, 0.0, 0.0]);
    metrics.set_enabled(true);
    metrics.node("h").set_healthy(true);
    assert_eq!(gauges(), [1.0, 0.0, 0.0]);
}

//! A second attempt beside a slow first one.

#[path = "../limit/support.rs"]
#[allow(dead_code, reason = "only its random numbers are needed")]
mod random;
#[path = "../metrics/support.rs"]
#[allow(dead_code, reason = "only its counters are needed")]
mod recorder;
#[path = "../support/mod.rs"]
mod support;

mod delays;
mod endings;
mod ledger;
mod limits;
mod nodes;
mod timers;

use std::sync::Arc;
use std::time::Duration;

use tower_cassandra_layers::hedge::{Hedge, HedgeLayer, Hedged};
use tower_cassandra_layers::metrics::Metrics;
use tower_layer::Layer;

use recorder::Ledger;
use support::{JUDGE, Judge};

/// The delay of these tests.
const DELAY: Duration = Duration::from_millis(20);

/// Always affordable, and due after [`DELAY`].
fn hedge() -> Hedge {
    Hedge::default().after(DELAY).share(1.0)
}

fn around<S>(hedge: Hedge, inner: S) -> Hedged<S, Judge> {
    HedgeLayer::new(hedge, JUDGE).unwrap().layer(inner)
}

/// What was counted, without the zeros.
struct Events(Arc<Ledger>);

impl Events {
    fn new() -> (Self, Metrics) {
        let (ledger, metrics) = Ledger::metrics();
        (Self(ledger), metrics)
    }

    fn all(&self) -> Vec<(String, u64)> {
        self.0.counted("cassandra_hedges_total")
    }
}

fn events<const N: usize>(events: [(&str, u64); N]) -> Vec<(String, u64)> {
    let mut events = events.map(|(event, count)| (format!("{{event=\"{event}\"}}"), count));
    events.sort();
    events.into()
}

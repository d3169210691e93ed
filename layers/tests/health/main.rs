//! What counts against a node, and what brings it back.

mod ejection;
mod prober;
mod settings;
mod share;
mod silence;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use tokio::time::{Instant, advance};
use tower_cassandra_layers::health::State;
use tower_cassandra_layers::{Advice, Applied};

use support::rig::Rig;
use support::{Error, Plan, fails, ms};

fn broken() -> Error {
    fails(Applied::No, Advice::Never)
}

/// After how long without an answer a node with one request counts as silent.
async fn silence_until_stalled(rig: &mut Rig, node: usize) -> u64 {
    let _held = rig.occupy(node);
    let started = Instant::now();
    while rig.state(node) != State::Stalled {
        assert!(started.elapsed() < Duration::from_secs(5), "never stalled");
        advance(ms(1)).await;
    }
    started.elapsed().as_millis() as u64
}

async fn answers(rig: &mut Rig, node: usize, latency: u64, count: usize) {
    rig.plan(node, Plan::answer(ms(latency)));
    for _ in 0..count {
        rig.send_to(node).await.unwrap();
    }
}

//! What happens to the nodes meanwhile.

use std::time::Duration;

use local_cassandra::{LocalCluster, Node};
use tokio::time::{Instant, sleep};

use super::load::Load;
use crate::support::{PATIENCE, eventually};

/// Between two faults.
const PAUSE: Duration = Duration::from_secs(1);

/// One node after the other is frozen, killed and limps, until there were enough operations.
pub(super) async fn all_in_turns(cluster: &LocalCluster, load: &Load) {
    let started = Instant::now();
    for round in 1.. {
        for node in cluster.nodes() {
            silence(node, load).await;
            calm(cluster, load).await;
            death(node, load).await;
            calm(cluster, load).await;
            limp(node, load).await;
            calm(cluster, load).await;
            println!("made once: {:.0?}, round {round}: {load}", started.elapsed());
        }
        if load.is_enough() {
            return;
        }
        // Ten times as long as two cores take for all of it.
        assert!(started.elapsed() < PATIENCE * 60, "{load}");
    }
}

async fn calm(cluster: &LocalCluster, load: &Load) {
    load.fault(false);
    cluster.ready().await.unwrap();
    sleep(PAUSE).await;
}

/// The node says nothing, until some operations were left open because of it, and enough was done meanwhile.
pub(super) async fn silence(node: &Node, load: &Load) {
    load.fault(true);
    let (left_open, operations) = (load.left_open(), load.operations());
    node.freeze().unwrap();
    eventually(PAST, "some are left open", || {
        load.left_open() >= left_open + 10 && load.operations() >= operations + 300
    })
    .await;
    node.resume().unwrap();
    load.fault(false);
}

/// The node ends without a warning, and comes back.
async fn death(node: &Node, load: &Load) {
    load.fault(true);
    node.kill().await.unwrap();
    sleep(PAUSE * 2).await;
    node.restart().await.unwrap();
}

/// The node has the processor for a third of the time only.
async fn limp(node: &Node, load: &Load) {
    load.fault(true);
    let end = Instant::now() + PAUSE * 3;
    while Instant::now() < end {
        node.freeze().unwrap();
        sleep(Duration::from_millis(100)).await;
        node.resume().unwrap();
        sleep(Duration::from_millis(50)).await;
    }
}

/// Longer than all the limits of a call together.
const PAST: Duration = Duration::from_secs(2 * PATIENCE.as_secs());

//! A cluster besides the one that all tests share: three nodes to freeze and kill.

use std::time::Duration;

use local_cassandra::{Builder, LocalCluster, testing};
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tower_cassandra::{ClusterBuilder, HealthCheck, Session};

use crate::support::{PATIENCE, with_default_limits};

static THREE: OnceCell<LocalCluster> = OnceCell::const_new();
static ALONE: Mutex<()> = Mutex::const_new(());

/// Three nodes for one test alone, and no other test has a node meanwhile. It must leave them as it found them.
pub(crate) struct Three {
    pub(crate) cluster: &'static LocalCluster,
    _alone: (MutexGuard<'static, ()>, testing::Alone),
}

impl Three {
    /// Nodes are probed every second, and the limit of an attempt is the default: it is what gets past a silent node. A call has as
    /// much time as it needs.
    pub(crate) fn client(&self) -> ClusterBuilder {
        with_default_limits(self.cluster)
            .health(HealthCheck::every(Duration::from_secs(1)))
            .timeout(PATIENCE)
            .connect_timeout(PATIENCE * 2)
            .prepare_timeout(PATIENCE)
            .schema_agreement_timeout(PATIENCE)
            .metadata_timeout(PATIENCE / 2)
    }

    pub(crate) async fn session(&self) -> Session {
        self.client().connect().await.unwrap()
    }
}

impl Drop for Three {
    // After a test that failed as well: the next one must not wait for a frozen node.
    fn drop(&mut self) {
        for node in self.cluster.nodes() {
            let _ = node.resume();
        }
    }
}

/// None where tests with a server are skipped, or the nodes are not ours to freeze.
pub(crate) async fn three_nodes(test: &str) -> Option<Three> {
    if testing::skipped(test) {
        return None;
    }
    let alone = (ALONE.lock().await, testing::alone().await);
    // Three nodes on a small machine are slow to write now and then. Reads keep the limit of the server: it is part of what the tests see.
    let nodes = LocalCluster::builder()
        .nodes(3)
        .yaml("write_request_timeout", "10s");
    let cluster = start(&THREE, nodes).await;
    if cluster.is_external() {
        testing::skip(
            test,
            "it has to freeze nodes, and CASSANDRA_CONTACT_POINTS names some that are not ours",
        );
        return None;
    }
    let three = Three {
        cluster,
        _alone: alone,
    };
    for node in cluster.nodes().iter().filter(|node| !node.is_running()) {
        node.restart().await.unwrap();
    }
    cluster.ready().await.unwrap();
    Some(three)
}

async fn start(cell: &'static OnceCell<LocalCluster>, builder: Builder) -> &'static LocalCluster {
    cell.get_or_init(|| async { builder.start().await.expect("a cluster") })
        .await
}

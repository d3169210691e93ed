//! A cluster besides the one that all tests share: three nodes to freeze and kill.

use std::time::Duration;

use local_cassandra::{Builder, LocalCluster, testing};
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tower_cassandra::{HealthCheck, Session};

use crate::support::builder;

static THREE: OnceCell<LocalCluster> = OnceCell::const_new();
static ALONE: Mutex<()> = Mutex::const_new(());

/// Three nodes for one test alone. It must leave them as it found them.
pub(crate) struct Three {
    pub(crate) cluster: &'static LocalCluster,
    _alone: MutexGuard<'static, ()>,
}

impl Three {
    /// A session whose nodes are probed every second.
    pub(crate) async fn session(&self) -> Session {
        builder(self.cluster)
            .health(HealthCheck::every(Duration::from_secs(1)))
            .connect()
            .await
            .unwrap()
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
    let alone = ALONE.lock().await;
    let cluster = start(&THREE, LocalCluster::builder().nodes(3)).await;
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

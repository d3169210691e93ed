use std::sync::Arc;

use scylla::cluster::{ClusterState, Node, NodeRef};
use scylla::policies::load_balancing::{FallbackPlan, LoadBalancingPolicy, RoutingInfo};
use scylla::routing::Shard;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How the driver is told to send to one node: made once per node, attached to its endpoint.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) node: Arc<Node>,
    policy: Arc<dyn LoadBalancingPolicy>,
    /// One place, which a probe has until it is answered.
    probe: Arc<Semaphore>,
}

impl Target {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        let policy = Arc::new(OneNode {
            node: Arc::clone(&node),
        });
        Self {
            node,
            policy,
            probe: Arc::new(Semaphore::new(1)),
        }
    }

    /// Waits until no other probe of the node is without an answer. Never none: nobody closes it.
    pub(crate) async fn probe_turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.probe).acquire_owned().await.ok()
    }

    pub(crate) fn policy(&self) -> Arc<dyn LoadBalancingPolicy> {
        Arc::clone(&self.policy)
    }
}

/// A plan of exactly one node.
#[derive(Debug)]
struct OneNode {
    node: Arc<Node>,
}

impl LoadBalancingPolicy for OneNode {
    fn pick<'a>(
        &'a self,
        request: &'a RoutingInfo<'_>,
        _cluster: &'a ClusterState,
    ) -> Option<(NodeRef<'a>, Option<Shard>)> {
        // Without a shard the driver would draw a random number; Cassandra has one.
        let shard = match (self.node.sharder(), request.token) {
            (Some(sharder), Some(token)) => sharder.shard_of(token),
            _ => 0,
        };
        Some((&self.node, Some(shard)))
    }

    // An empty iterator has no size, so its box allocates nothing.
    fn fallback<'a>(&'a self, _request: &'a RoutingInfo<'_>, _cluster: &'a ClusterState) -> FallbackPlan<'a> {
        Box::new(std::iter::empty())
    }

    fn name(&self) -> String {
        "OneNode".to_owned()
    }
}

use std::time::Duration;

use tower_cassandra_layers::health::State;
use uuid::Uuid;

use super::Session;

/// What a session knows of its cluster at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// The nodes, by address. Empty for a session that knows no cluster, or is closed.
    pub nodes: Vec<NodeHealth>,
    /// How many of them have a connection and may be chosen.
    pub healthy: usize,
    /// How many may not.
    pub unhealthy: usize,
    /// The data centre that counts as nearby.
    pub local_datacenter: Option<String>,
    /// Attempts that were dropped although their node had not answered, because there were too many.
    pub dropped_abandoned: u64,
}

/// What is known of one node.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NodeHealth {
    /// Its id.
    pub host_id: Uuid,
    /// Address and port.
    pub address: String,
    /// Its data centre.
    pub datacenter: Option<String>,
    /// Its rack.
    pub rack: Option<String>,
    /// Is there an open connection?
    pub connected: bool,
    /// What the balancer thinks of it.
    pub state: State,
    /// Requests it has not answered, abandoned ones included.
    pub in_flight: u32,
    /// Requests that nobody waits for any more and that it has not answered.
    pub abandoned: u32,
    /// Mean latency of its answers.
    pub mean_latency: Option<Duration>,
    /// How long the last probe took, if it was answered.
    pub probe_latency: Option<Duration>,
    /// Why the last probe failed, if it did.
    pub last_error: Option<String>,
    /// Its release version, as the last probe told.
    pub version: Option<String>,
}

impl NodeHealth {
    /// Is it connected and may it be chosen?
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.connected && self.state == State::Healthy
    }
}

impl Session {
    /// What is known of the nodes now. It asks nobody: the results of real requests and the last probes are put together.
    #[must_use]
    pub fn health(&self) -> Health {
        let Some(core) = &self.inner.core else {
            return Health {
                nodes: Vec::new(),
                healthy: 0,
                unhealthy: 0,
                local_datacenter: None,
                dropped_abandoned: 0,
            };
        };
        let mut nodes: Vec<NodeHealth> = core
            .table
            .snapshot()
            .into_iter()
            .map(|endpoint| {
                let host_id = Uuid::from_u128(endpoint.id.0);
                let node = core.directory.node(host_id);
                let (probe_latency, last_error, version) = match endpoint.probe {
                    None => (None, None, None),
                    Some(probe) => (
                        probe.latency,
                        probe.error.map(|error| error.to_string()),
                        probe.detail.map(|detail| detail.to_string()),
                    ),
                };
                NodeHealth {
                    host_id,
                    address: endpoint.name,
                    datacenter: node.as_ref().and_then(|node| node.datacenter.clone()),
                    rack: node.as_ref().and_then(|node| node.rack.clone()),
                    connected: node.is_some_and(|node| node.is_connected()),
                    state: endpoint.state,
                    in_flight: endpoint.in_flight,
                    abandoned: endpoint.abandoned,
                    mean_latency: endpoint.mean_latency,
                    probe_latency,
                    last_error,
                    version,
                }
            })
            .collect();
        nodes.sort_by(|a, b| a.address.cmp(&b.address));
        let healthy = nodes.iter().filter(|node| node.is_healthy()).count();
        Health {
            healthy,
            unhealthy: nodes.len() - healthy,
            nodes,
            local_datacenter: Some(core.directory.local_datacenter().to_owned()),
            dropped_abandoned: core.reaper.dropped(),
        }
    }
}

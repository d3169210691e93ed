use std::sync::PoisonError;
use std::time::Duration;

use tower_cassandra_layers::classify::Applied;
use tower_cassandra_layers::health::{State, Status};
use uuid::Uuid;

use super::Session;
use crate::error::Error;
use crate::monitor::Monitor;

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
    /// Attempts that were dropped although their node had not answered, because there were too many or 30 s were over.
    pub dropped_abandoned: u64,
    /// Why a session that [connects in the background](crate::Cluster::connect_lazy) has no connection yet: the error that requests get, with the
    /// last attempt's as its source. None once it is connected.
    pub connecting: Option<Error>,
}

/// What is known of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Is it there, as far as connections and probes tell?
    pub status: Status,
    /// What the balancer thinks of it.
    pub state: State,
    /// Why the balancer does not choose it, in words: `ejected: 5 connection failures in a row, next try in 12 s`. None while it does.
    pub reason: Option<String>,
    /// Requests it has not answered, abandoned ones included.
    pub in_flight: u32,
    /// Requests that nobody waits for any more and that it has not answered.
    pub abandoned: u32,
    /// Requests sent to it since it joined: two looks give its traffic. It begins again when the node comes back under another address.
    pub sent: u64,
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

    fn would_answer(&self) -> bool {
        self.connected && self.status == Status::Up && self.state != State::Stalled
    }
}

impl Session {
    /// The monitor of this session: figures, checks, callbacks, changes, warm-up. See the [module](crate::monitor).
    ///
    /// # Errors
    /// `Closed`; `Connect` before it is [connected](crate::Cluster::connect_lazy); `Unsupported` for a session made by
    /// [`from_service`](Self::from_service), whose nodes [`Nodes::monitor`](crate::Nodes::monitor) watches.
    pub fn monitor(&self) -> Result<Monitor, Error> {
        self.inner.core()?;
        let housekeeping = self.inner.housekeeping.lock();
        let housekeeping = housekeeping.unwrap_or_else(PoisonError::into_inner);
        let monitor = housekeeping.as_ref().map(|tasks| tasks.monitor().clone());
        monitor.ok_or_else(|| {
            let not_connected = self.inner.not_connected();
            not_connected.unwrap_or_else(|| Error::closed(Applied::No))
        })
    }

    /// For the readiness endpoint of a service: is there a node nearby that would answer? It asks nobody and takes microseconds.
    ///
    /// A node counts when it has a connection, its last probe was answered and it is not silent. Where statements may go to other data
    /// centres ([`permit_dc_failover`](crate::ClusterBuilder::permit_dc_failover)) those count as well.
    ///
    /// # Errors
    /// `Closed`; `Connect` before it is [connected](crate::Cluster::connect_lazy), with the last attempt's error as its source; `NoHost` with the state of
    /// the nodes as its source; `Unsupported` for a session made by
    /// [`from_service`](Self::from_service).
    pub fn check_ready(&self) -> Result<(), Error> {
        if self.is_closed() {
            return Err(Error::closed(Applied::No));
        }
        let core = self.inner.core()?;
        if let Some(error) = self.inner.not_connected() {
            return Err(error);
        }
        let health = self.health();
        let local = health.local_datacenter.as_deref();
        let permitted = |node: &&NodeHealth| {
            core.directory.permits_failover()
                || node.datacenter.is_none()
                || node.datacenter.as_deref() == local
        };
        let nodes: Vec<&NodeHealth> = health.nodes.iter().filter(permitted).collect();
        if nodes.iter().any(|node| node.would_answer()) {
            return Ok(());
        }
        Err(Error::no_host(Some(describe(&nodes).into())))
    }

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
                connecting: None,
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
                    status: endpoint.status,
                    state: endpoint.state,
                    reason: endpoint.reason,
                    in_flight: endpoint.in_flight,
                    abandoned: endpoint.abandoned,
                    sent: endpoint.sent,
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
            local_datacenter: core.directory.local_datacenter().map(str::to_owned),
            dropped_abandoned: core.reaper.dropped(),
            connecting: self.inner.not_connected(),
        }
    }
}

/// A few nodes with what is wrong with them: all of them, in a cluster that is not large.
fn describe(nodes: &[&NodeHealth]) -> String {
    const NAMED: usize = 5;
    if nodes.is_empty() {
        return "no node is known nearby".to_owned();
    }
    let why = |node: &&NodeHealth| {
        let reason = node.last_error.as_ref().or(node.reason.as_ref());
        let reason = reason.map_or(node.status.label(), String::as_str);
        format!("{}: {reason}", node.address)
    };
    let mut text: Vec<String> = nodes.iter().take(NAMED).map(why).collect();
    if nodes.len() > NAMED {
        text.push(format!("and {} more", nodes.len() - NAMED));
    }
    text.join("; ")
}

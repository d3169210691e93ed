//! What a monitor shows.

use std::fmt;
use std::time::{Duration, SystemTime};

use scylla::cluster::Node;
use tower_cassandra_layers::health::{EndpointHealth, ProbeRecord, State, Status};
use tower_cassandra_layers::metrics::Totals;
use uuid::Uuid;

/// One node at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostHealth {
    /// Its id.
    pub host_id: Uuid,
    /// Address and port.
    pub address: String,
    /// Its data centre.
    pub datacenter: Option<String>,
    /// Its rack.
    pub rack: Option<String>,
    /// Up: it has a connection, and the last probe over it was answered (or none was sent yet), or a request since. Down: it has no
    /// connection. Unknown: it has one, the last probe failed, and no request was answered since.
    pub status: Status,
    /// What the balancer thinks of it.
    pub state: State,
    /// Its release version, as it told in the last probe that it answered.
    pub version: Option<String>,
    /// How many pools to it are open: 1 while it is up, else 0. The driver does not tell how many connections are in a pool.
    pub connections: usize,
    /// Requests it has not answered, abandoned ones included.
    pub in_flight: u32,
    /// How long the last probe took; none unless it is up.
    pub latency: Option<Duration>,
    /// Why it is down or unknown, or why the balancer does not choose it.
    pub error: Option<String>,
    /// When it was probed last.
    pub checked_at: Option<SystemTime>,
}

impl HostHealth {
    pub(super) fn new(endpoint: EndpointHealth, node: Option<&Node>) -> Self {
        let EndpointHealth { status, state, .. } = endpoint;
        let (error, latency, version, at) = match endpoint.probe {
            None => (None, None, None, None),
            Some(ProbeRecord {
                error,
                latency,
                detail,
                at,
                ..
            }) => (error, latency, detail, Some(at)),
        };
        let error = match status {
            Status::Up => endpoint.reason,
            Status::Down => Some(error.map_or_else(|| "no connection".to_owned(), |error| error.to_string())),
            Status::Unknown => error.map(|error| error.to_string()),
        };
        let is_up = status == Status::Up;
        Self {
            host_id: Uuid::from_u128(endpoint.id.0),
            address: endpoint.name,
            datacenter: node.and_then(|node| node.datacenter.clone()),
            rack: node.and_then(|node| node.rack.clone()),
            status,
            state,
            version: version.map(|version| version.to_string()),
            connections: usize::from(is_up),
            in_flight: endpoint.in_flight,
            latency: latency.filter(|_| is_up),
            error,
            checked_at: at.and_then(|at| SystemTime::now().checked_sub(at.elapsed())),
        }
    }

    /// A healthy one that was never probed.
    #[cfg(test)]
    pub(crate) fn named(id: u128, address: &str) -> Self {
        Self {
            host_id: Uuid::from_u128(id),
            address: address.to_owned(),
            datacenter: None,
            rack: None,
            status: Status::Up,
            state: State::Healthy,
            version: None,
            connections: 1,
            in_flight: 0,
            latency: None,
            error: None,
            checked_at: None,
        }
    }

    /// It was asked, and there was no answer in time.
    pub(super) fn fail(&mut self, error: String) {
        self.status = Status::Unknown;
        self.error = Some(error);
        self.latency = None;
        self.connections = 0;
    }

    /// Is it up, and may the balancer choose it?
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status == Status::Up && self.state == State::Healthy
    }
}

/// The cluster at one moment, as one session sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterHealth {
    /// When it was put together.
    pub time: SystemTime,
    /// The name of the cluster. None once the session is closed.
    pub cluster_name: Option<String>,
    /// The version of the protocol: 4.
    pub protocol_version: u8,
    /// The nodes, by address. Empty once the session is closed.
    pub hosts: Vec<HostHealth>,
    /// The sum of [`HostHealth::connections`], so no more than one for each node, however many its pool has. How many there really are the
    /// driver tells only with its feature `metrics` ([`Session::driver`](crate::Session::driver), `get_metrics`), which costs every
    /// request something and is off here.
    pub total_connections: usize,
    /// How many nodes are [healthy](HostHealth::is_healthy).
    pub healthy_hosts: usize,
    /// How many are not.
    pub unhealthy_hosts: usize,
    /// Requests that the nodes have not answered, abandoned ones included.
    pub requests_in_flight: u64,
    /// What the metrics layer has counted. None without metrics, or while they are switched off.
    pub requests: Option<Totals>,
}

impl ClusterHealth {
    pub(super) fn new(
        mut hosts: Vec<HostHealth>,
        cluster_name: Option<String>,
        requests: Option<Totals>,
    ) -> Self {
        hosts.sort_by(|a, b| a.address.cmp(&b.address));
        let healthy_hosts = hosts.iter().filter(|host| host.is_healthy()).count();
        Self {
            time: SystemTime::now(),
            cluster_name,
            protocol_version: crate::cluster::defaults::PROTOCOL_VERSION,
            total_connections: hosts.iter().map(|host| host.connections).sum(),
            healthy_hosts,
            unhealthy_hosts: hosts.len() - healthy_hosts,
            requests_in_flight: hosts.iter().map(|host| u64::from(host.in_flight)).sum(),
            requests,
            hosts,
        }
    }

    /// One of the nodes.
    #[must_use]
    pub fn host(&self, host_id: Uuid) -> Option<&HostHealth> {
        self.hosts.iter().find(|host| host.host_id == host_id)
    }
}

/// How a session is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionSummary {
    /// How many nodes the cluster has.
    pub total_hosts: usize,
    /// How many of them have an open connection.
    pub up_hosts: usize,
    /// How many have none.
    pub down_hosts: usize,
    /// The version of the protocol: 4.
    pub protocol_version: u8,
    /// How many requests one connection can carry at the same time:
    /// [`MAX_REQUESTS_PER_CONNECTION`](crate::cluster::defaults::MAX_REQUESTS_PER_CONNECTION).
    pub max_requests_per_connection: u32,
    /// What to know about these figures.
    pub note: &'static str,
}

impl fmt::Display for ConnectionSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} nodes up, protocol version {}",
            self.up_hosts, self.total_hosts, self.protocol_version
        )
    }
}

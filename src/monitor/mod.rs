//! Watching a cluster: figures, callbacks, changes, warm-up.
//!
//! All of it reads the one health table that the balancer goes by, and a session has one prober: the health check of
//! [`ClusterBuilder::health`](crate::ClusterBuilder::health) (every 5 s by default), a monitor in its own interval, and [`Monitor::check_cluster`] share
//! their probes. At most one probe of a node is under way, a late one included, and nobody asks what somebody else has just asked. Probes pass
//! by all limits and retries of the session. Requests pay nothing for any of it.
//!
//! ```no_run
//! use std::time::Duration;
//! use tower_cassandra::{ClusterBuilder, NodeEvent};
//!
//! # async fn example() -> Result<(), tower_cassandra::Error> {
//! let session = ClusterBuilder::new().contact_points(["127.0.0.1:9042"]).connect().await?;
//! let monitor = session.monitor()?;
//! println!("warm-up: {}", monitor.warm_up().await?);
//!
//! monitor.on_update(|health| println!("{} of {} healthy", health.healthy_hosts, health.hosts.len()))?;
//! let running = monitor.start(Duration::from_secs(60))?;
//!
//! let mut changes = monitor.changes();
//! while let Some(event) = changes.next().await {
//!     match event {
//!         // 127.0.0.1:9042 ejected: 5 connection failures in a row, next try in 12 s
//!         NodeEvent::Change(change) => println!("{change}"),
//!         NodeEvent::Lagged(missed) => println!("{missed} changes missed"),
//!         _ => {}
//!     }
//! }
//! running.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! [`ClusterBuilder::monitored`](crate::ClusterBuilder::monitored) does the first lines in one step.
//!
//! # What the words mean
//!
//! | | |
//! |---|---|
//! | up | it has a connection, and the last probe over it was answered, or a request since that probe was sent |
//! | down | it has no connection. Nothing is sent to it; the reason is what the driver says of its last attempt to connect |
//! | unknown | it has a connection, the last probe failed or was not answered within its time limit (2 s by default), and no request was answered since |
//! | ejected | the balancer leaves it out after failures of real requests, for a time that grows; one request is its way back |
//! | healthy | up, and the balancer may choose it |
//!
//! Connections are looked at once a second; a node whose process dies is down within about a second, one that freezes is unknown after its
//! next probe and down when keep-alive gives it up (6 s by default). A node that comes back is up within a second of its new connection; until it is
//! probed again its latency is missing.
//!
//! # Nodes that come and go
//!
//! A node that leaves the cluster is `left`, and what is asked of its host id from then on is an error of kind `NoHost`. One that comes back under another
//! address has left and joined. A cluster whose metadata show no node at all (or none that the host filter accepts) has figures of zero,
//! and requests end at once with `NoHost`. Where all nodes fail, at most half of them are ejected: the others go on being asked. When the control connection is cut off, the driver
//! moves it to another node; until then the list of nodes stays as it was.

mod callbacks;
mod changes;
mod figures;
mod hub;
mod preset;
mod probe;
mod running;
mod source;
mod updates;
mod warm_up;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use tower_cassandra_layers::classify::Applied;
use tower_cassandra_layers::health::{HealthCheck, Table};
use uuid::Uuid;

pub use callbacks::Registration;
pub use changes::{Changes, NodeChange, NodeEvent};
pub use figures::{ClusterHealth, ConnectionSummary, HostHealth};
pub use preset::{Monitored, MonitoredBuilder};
pub(crate) use probe::Probes;
pub use running::Monitoring;
pub use tower_cassandra_layers::health::{CHANGES_KEPT, ChangeKind, State, Status};
pub use tower_cassandra_layers::metrics::Totals;
pub use updates::Updates;
pub use warm_up::{WarmUp, WarmUpHost, WarmUpOutcome};

use crate::cluster::{ClusterDirectory, defaults};
use crate::error::Error;
use hub::Hub;
use source::Source;

/// Watches the cluster of one session. Clones are the same monitor. See the [module](self).
///
/// It holds neither the session nor its connections: once the session is closed or dropped, what asks nodes fails with `Closed`, and
/// the rest is empty.
#[derive(Clone)]
pub struct Monitor {
    source: Arc<Source>,
    hub: Arc<Hub>,
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("running", &self.is_running())
            .field("nodes", &self.source.table.len())
            .finish_non_exhaustive()
    }
}

impl Monitor {
    pub(crate) fn new(probes: Probes, table: Table, directory: ClusterDirectory, check: HealthCheck) -> Self {
        Self {
            source: Arc::new(Source::new(probes, table, directory, check)),
            hub: Hub::new(),
        }
    }

    /// What is known now. It asks nobody: connections, the last probes and the results of real requests are put together.
    #[must_use]
    pub fn health(&self) -> ClusterHealth {
        self.source.cluster(None)
    }

    /// Asks one node now, within the probe timeout (2 s by default), and says what came of it. A node without a connection is down, and
    /// nothing is sent; one that fails the probe is unknown, with the reason.
    ///
    /// # Errors
    /// `NoHost` when there is no such node; `Closed`. Dropping the future gives up the probe.
    pub async fn check_host(&self, host_id: Uuid) -> Result<HostHealth, Error> {
        self.open()?;
        let missing = || {
            Error::no_host(Some(
                format!("no node of the cluster has the id {host_id}").into(),
            ))
        };
        let endpoint = self.source.find(host_id).ok_or_else(missing)?;
        let record = self.source.ask(&endpoint).await;
        self.open()?;
        let health = self.source.cluster(None);
        let found = health.hosts.into_iter().find(|host| host.host_id == host_id);
        let mut host = found.ok_or_else(missing)?;
        if host.status == Status::Up
            && let Some(error) = record.error
        {
            // Somebody else was asking already, and has more patience.
            host.fail(error.to_string());
        }
        Ok(host)
    }

    /// Asks all nodes at the same time, and says what came of it, within the probe timeout (2 s by default).
    ///
    /// # Errors
    /// `Closed`. A node that fails is no error. Dropping the future gives up the probes.
    pub async fn check_cluster(&self) -> Result<ClusterHealth, Error> {
        self.open()?;
        let health = self.source.asked().await;
        self.open()?;
        Ok(health)
    }

    /// Sends one probe to each node that has a connection, so that the first requests find everything in place: at most 64 at a time, each
    /// within the probe timeout.
    ///
    /// # Errors
    /// `Closed`. Nodes that fail are in the report. Dropping the future gives up the probes.
    pub async fn warm_up(&self) -> Result<WarmUp, Error> {
        self.open()?;
        let (connected, skipped): (Vec<_>, Vec<_>) = self
            .source
            .table
            .endpoints()
            .iter()
            .cloned()
            .partition(probe::is_connected);
        let asked = self.source.ask_all(&connected).await;
        let asked = asked.into_iter().map(|(endpoint, record)| {
            let outcome = match (record.error, record.latency) {
                (None, latency) => WarmUpOutcome::Ok(latency.unwrap_or_default()),
                (Some(error), _) => WarmUpOutcome::Failed(error.to_string()),
            };
            (endpoint, outcome)
        });
        let skipped = skipped
            .into_iter()
            .map(|endpoint| (endpoint, WarmUpOutcome::Skipped));
        let mut hosts: Vec<WarmUpHost> = asked
            .chain(skipped)
            .map(|(endpoint, outcome)| WarmUpHost {
                host_id: Uuid::from_u128(endpoint.id().0),
                address: endpoint.name().to_owned(),
                outcome,
            })
            .collect();
        hosts.sort_by(|a, b| a.address.cmp(&b.address));
        Ok(WarmUp { hosts })
    }

    /// How the session is connected now. It asks nobody.
    #[must_use]
    pub fn connection_summary(&self) -> ConnectionSummary {
        let endpoints = self.source.table.endpoints();
        let up_hosts = endpoints
            .iter()
            .filter(|endpoint| probe::is_connected(endpoint))
            .count();
        ConnectionSummary {
            total_hosts: endpoints.len(),
            up_hosts,
            down_hosts: endpoints.len() - up_hosts,
            protocol_version: defaults::PROTOCOL_VERSION,
            max_requests_per_connection: defaults::MAX_REQUESTS_PER_CONNECTION,
            note: "Protocol version 4 numbers the requests of a connection with 15 bits. The balancer leaves a node out long before, \
                   at 16,384 requests in flight unless `HealthSettings::node_limit` says otherwise.",
        }
    }

    /// What happens to the nodes from now on, with the reasons.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes::new(self.source.table.changes())
    }

    /// The newest round of a monitor that was [started](Self::start), and those to come.
    #[must_use]
    pub fn updates(&self) -> Updates {
        self.hub.updates()
    }

    /// The session is gone.
    pub(crate) fn end(&self) {
        self.hub.end();
    }

    fn open(&self) -> Result<(), Error> {
        if self.hub.has_ended() {
            return Err(Error::closed(Applied::No));
        }
        Ok(())
    }
}

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use scylla::client::session::Session as Driver;
use tower_cassandra_layers::NodeId;
use tower_cassandra_layers::balance::{Directory, Endpoint, Group};
use tower_cassandra_layers::health::{HealthCheck, Table};

use super::defaults;
use super::directory::{ClusterDirectory, Locality};
use super::gauges::Gauges;
use super::housekeeping::Housekeeping;
use crate::error::Error;
use crate::monitor::Monitor;
use crate::statement::Statement;

/// The nodes of a cluster as a [`Directory`] for the balancer, for stacks composed by hand.
///
/// It follows the driver's metadata and, if asked to, probes the nodes: three tasks at most, which end with its last clone. Candidates of a
/// statement are its replicas nearby, then the other nodes nearby.
#[derive(Clone)]
pub struct Nodes {
    directory: ClusterDirectory,
    table: Table,
    housekeeping: Arc<Housekeeping>,
}

impl Nodes {
    /// Fills `table` with the nodes of `driver` and keeps it up to date. Nearby is `datacenter`, or that of a connected node when
    /// none is given. Call it within a tokio runtime.
    ///
    /// # Errors
    /// `Config` when the health check makes no sense, or the cluster has no such data centre.
    pub fn new(
        driver: &Arc<Driver>,
        table: Table,
        datacenter: Option<&str>,
        health: Option<HealthCheck>,
    ) -> Result<Self, Error> {
        if let Some(check) = &health {
            check.validate()?;
        }
        let profile = driver
            .get_default_execution_profile_handle()
            .pointee_to_builder()
            .build();
        let locality = Locality {
            datacenter: datacenter.map(str::to_owned),
            rack: None,
            strict: true,
            permit_failover: false,
            default_consistency: profile.get_consistency(),
            default_serial_consistency: profile
                .get_serial_consistency()
                .unwrap_or(defaults::SERIAL_CONSISTENCY),
        };
        let directory = ClusterDirectory::new(table.clone(), locality);
        directory.locate(driver.get_cluster_state(), &[])?;
        let gauges = Gauges {
            metrics: table.metrics().cloned(),
            ..Gauges::default()
        };
        let housekeeping = Housekeeping::start(driver, table.clone(), directory.clone(), health, gauges)?;
        Ok(Self {
            directory,
            table,
            housekeeping: Arc::new(housekeeping),
        })
    }

    /// Watches these nodes, as [`Session::monitor`](crate::Session::monitor) does. It ends with the last clone of this.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.housekeeping.monitor().clone()
    }

    /// The health table it fills.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }
}

impl fmt::Debug for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nodes")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

impl Directory<Statement> for Nodes {
    fn visit(
        &self,
        statement: &Statement,
        group: Group,
        each: &mut dyn FnMut(&Arc<Endpoint>, bool) -> ControlFlow<()>,
    ) {
        self.directory.visit(statement, group, each);
    }

    fn is_routed(&self, statement: &Statement) -> bool {
        self.directory.is_routed(statement)
    }

    fn pinned(&self, statement: &Statement) -> Option<NodeId> {
        self.directory.pinned(statement)
    }

    fn has_replicas(&self, statement: &Statement) -> bool {
        self.directory.has_replicas(statement)
    }

    fn is_ordered(&self, statement: &Statement) -> bool {
        self.directory.is_ordered(statement)
    }
}

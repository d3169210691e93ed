//! Options of the connection to the cluster and of its sessions.

use std::sync::Arc;
use std::time::Duration;

use scylla::policies::load_balancing::LoadBalancingPolicy;
use scylla::statement::{Consistency, SerialConsistency};

use super::{ClusterBuilder, Own};

impl ClusterBuilder {
    /// The nodes to begin with, each a host or `host:port`. One that answers is enough. Default: `127.0.0.1`. An empty list is refused.
    pub fn contact_points<I>(mut self, points: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.contact_points = points.into_iter().map(Into::into).collect();
        self
    }

    /// The port of contact points that name none. Default 9042; 0 is refused. All nodes of a cluster share one port.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The keyspace of the session, upper and lower case alike. Default: none. A name that is not 1 to 48 ASCII letters, digits and `_` is refused.
    pub fn keyspace(mut self, name: impl Into<String>) -> Self {
        self.keyspace = Some((name.into(), false));
        self
    }

    /// The keyspace of the session, by its exact name. Default: none. What [`keyspace`](Self::keyspace) refuses is refused here as well; of both the last
    /// call counts.
    pub fn keyspace_case_sensitive(mut self, name: impl Into<String>) -> Self {
        self.keyspace = Some((name.into(), true));
        self
    }

    /// The consistency of statements that set none. Default `LocalQuorum`.
    pub const fn default_consistency(mut self, consistency: Consistency) -> Self {
        self.consistency = consistency;
        self
    }

    /// The serial consistency of statements that set none. Default `LocalSerial`.
    pub const fn default_serial_consistency(mut self, consistency: SerialConsistency) -> Self {
        self.serial_consistency = consistency;
        self
    }

    /// The limit of one call: queueing, back-off and every attempt. Default 10 s; `None` turns it off. DDL and TRUNCATE have 60 s instead,
    /// unless the statement sets its own.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.timeout = Own::explicit(limit.into());
        self
    }

    /// The limit of one attempt. Default 3 s; `None` turns it off. Above an explicit [`timeout`](Self::timeout) it is refused. DDL and TRUNCATE have
    /// 60 s instead, unless the statement sets its own.
    pub fn attempt_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.attempt_timeout = Own::explicit(limit.into());
        self
    }

    /// The limit of connecting, all attempts together. Default 30 s.
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// The limit of one PREPARE. Default 30 s.
    pub const fn prepare_timeout(mut self, limit: Duration) -> Self {
        self.prepare_timeout = limit;
        self
    }

    /// How long DDL waits until all nodes agree on the schema. Default 10 s.
    pub const fn schema_agreement_timeout(mut self, limit: Duration) -> Self {
        self.schema_agreement_timeout = limit;
        self
    }

    /// How many prepared statements a session remembers. Default 1,000; 0 is refused.
    pub const fn prepared_cache(mut self, statements: usize) -> Self {
        self.prepared_cache = statements;
        self
    }

    /// Refuses text with values (`ParametersNeedPrepare`) instead of preparing it. Default: off.
    pub const fn strict_prepared(mut self, on: bool) -> Self {
        self.strict_prepared = on;
        self
    }

    /// Leaves write timestamps to the server. Default: stamped by the session, once per call.
    pub const fn server_timestamps(mut self) -> Self {
        self.server_timestamps = true;
        self
    }

    /// Demands a version of the protocol. The driver speaks 4: `connect` fails with `ProtocolVersion` for anything above. Default: none is
    /// demanded.
    pub const fn min_protocol_version(mut self, version: u8) -> Self {
        self.min_protocol_version = Some(version);
        self
    }

    /// The data centre that counts as nearby. Default: that of the first contact point that answered.
    /// One that the cluster does not have is warned of once, with those that it has, or refused: see [`strict_locality`](Self::strict_locality).
    pub fn prefer_datacenter(mut self, name: impl Into<String>) -> Self {
        self.datacenter = Some(name.into());
        self
    }

    /// May statements go to other data centres when no node nearby is left? Never those at a LOCAL consistency. Default: no.
    pub const fn permit_dc_failover(mut self, permit: bool) -> Self {
        self.permit_dc_failover = permit;
        self
    }

    /// Hands the choice of nodes back to the driver. The balancer, its health table and per-node metrics are then off. Default: none.
    /// Refused together with `hedge`, `prefer_datacenter`, `prefer_rack` and `permit_dc_failover`.
    pub fn driver_load_balancing(mut self, policy: Arc<dyn LoadBalancingPolicy>) -> Self {
        self.driver_load_balancing = Some(policy);
        self
    }
}

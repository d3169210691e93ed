use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scylla::client::PoolSize;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::load_balancing::LoadBalancingPolicy;
use scylla::statement::{Consistency, SerialConsistency};
use tower_cassandra_layers::health::{HealthCheck, HealthSettings};
use tower_cassandra_layers::limit::{ConcurrencyLimit, RateLimit};
use tower_cassandra_layers::metrics::Metrics;
use tower_cassandra_layers::retry::RetryPolicy;
use tower_layer::Layer;
use tower_service::Service;

use super::stack::{BoxService, UserLayers};
use super::{Cluster, defaults};
use crate::error::{BoxError, Error};
use crate::response::Response;
use crate::session::Session;
use crate::statement::Statement;

/// Builds a [`Cluster`] and its sessions: the whole stack over the driver, every part with a default.
///
/// Nothing is checked until [`build`](Self::build) or [`connect`](Self::connect); then every option that makes no sense is an error of kind `Config` that names the
/// option, its value and what would be right. See [`defaults`] for the numbers and their reasons.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` or `connect`"]
pub struct ClusterBuilder {
    pub(super) contact_points: Vec<String>,
    pub(super) port: u16,
    pub(super) keyspace: Option<(String, bool)>,
    pub(super) credentials: Option<(String, String)>,
    pub(super) consistency: Consistency,
    pub(super) serial_consistency: SerialConsistency,
    pub(super) timeout: Own<Option<Duration>>,
    pub(super) attempt_timeout: Own<Option<Duration>>,
    pub(super) connect_timeout: Duration,
    pub(super) prepare_timeout: Duration,
    pub(super) schema_agreement_timeout: Duration,
    pub(super) metadata_timeout: Duration,
    pub(super) tcp_connect_timeout: Duration,
    pub(super) keepalive: (Duration, Duration),
    pub(super) pool_size: PoolSize,
    pub(super) prepared_cache: usize,
    pub(super) strict_prepared: bool,
    pub(super) server_timestamps: bool,
    pub(super) min_protocol_version: Option<u8>,
    pub(super) datacenter: Option<String>,
    pub(super) permit_dc_failover: bool,
    pub(super) driver_load_balancing: Option<Arc<dyn LoadBalancingPolicy>>,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) concurrency_limit: Option<ConcurrencyLimit>,
    pub(super) metrics: MetricsChoice,
    pub(super) health: Option<HealthCheck>,
    pub(super) health_settings: HealthSettings,
    pub(super) layers: UserLayers,
    pub(super) attempt_layers: UserLayers,
    pub(super) configure: Vec<Configure>,
    #[cfg(any(feature = "rustls", feature = "openssl"))]
    pub(super) tls: Option<scylla::client::session::TlsContext>,
}

pub(super) type Configure = Arc<dyn Fn(SessionBuilder) -> SessionBuilder + Send + Sync>;

/// Where metrics go.
#[derive(Clone)]
pub(super) enum MetricsChoice {
    /// The global recorder, resolved at `connect`: one that is installed after `new` still counts.
    Global,
    Given(Metrics),
    Off,
}

impl MetricsChoice {
    pub(super) fn resolve(&self) -> Option<Metrics> {
        match self {
            Self::Global => Some(Metrics::default()),
            Self::Given(metrics) => Some(metrics.clone()),
            Self::Off => None,
        }
    }
}

/// A value and whether the user gave it.
#[derive(Clone, Copy)]
pub(super) struct Own<T> {
    pub(super) value: T,
    pub(super) explicit: bool,
}

impl<T> Own<T> {
    const fn default(value: T) -> Self {
        Self {
            value,
            explicit: false,
        }
    }

    const fn explicit(value: T) -> Self {
        Self {
            value,
            explicit: true,
        }
    }
}

impl Default for ClusterBuilder {
    fn default() -> Self {
        Self {
            contact_points: vec![defaults::CONTACT_POINT.to_owned()],
            port: defaults::PORT,
            keyspace: None,
            credentials: None,
            consistency: defaults::CONSISTENCY,
            serial_consistency: defaults::SERIAL_CONSISTENCY,
            timeout: Own::default(Some(defaults::TIMEOUT)),
            attempt_timeout: Own::default(Some(defaults::ATTEMPT_TIMEOUT)),
            connect_timeout: defaults::CONNECT_TIMEOUT,
            prepare_timeout: defaults::PREPARE_TIMEOUT,
            schema_agreement_timeout: defaults::SCHEMA_AGREEMENT_TIMEOUT,
            metadata_timeout: defaults::METADATA_TIMEOUT,
            tcp_connect_timeout: defaults::TCP_CONNECT_TIMEOUT,
            keepalive: (defaults::KEEPALIVE_INTERVAL, defaults::KEEPALIVE_TIMEOUT),
            pool_size: PoolSize::PerHost(std::num::NonZeroUsize::MIN),
            prepared_cache: defaults::PREPARED_CACHE,
            strict_prepared: false,
            server_timestamps: false,
            min_protocol_version: None,
            datacenter: None,
            permit_dc_failover: false,
            driver_load_balancing: None,
            retry: Some(RetryPolicy::default()),
            rate_limit: None,
            concurrency_limit: None,
            metrics: MetricsChoice::Global,
            health: Some(HealthCheck::default()),
            health_settings: HealthSettings::default(),
            layers: UserLayers::default(),
            attempt_layers: UserLayers::default(),
            configure: Vec::new(),
            #[cfg(any(feature = "rustls", feature = "openssl"))]
            tls: None,
        }
    }
}

impl ClusterBuilder {
    /// A builder with all defaults: one node at 127.0.0.1:9042.
    pub fn new() -> Self {
        Self::default()
    }

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

    /// The keyspace of the session, by its exact name.
    pub fn keyspace_case_sensitive(mut self, name: impl Into<String>) -> Self {
        self.keyspace = Some((name.into(), true));
        self
    }

    /// User name and password. They are never shown. A server that refuses them is asked once only.
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// TLS for all connections. With rustls the name that is checked is the node's IP address.
    #[cfg(any(feature = "rustls", feature = "openssl"))]
    pub fn tls(mut self, context: impl Into<scylla::client::session::TlsContext>) -> Self {
        self.tls = Some(context.into());
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

    /// The limit of one call: queueing, back-off and every attempt. Default 10 s; `None` turns it off.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.timeout = Own::explicit(limit.into());
        self
    }

    /// The limit of one attempt. Default 3 s; `None` turns it off. Above an explicit [`timeout`](Self::timeout) it is refused.
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

    /// The limit of one metadata request. Default 5 s.
    pub const fn metadata_timeout(mut self, limit: Duration) -> Self {
        self.metadata_timeout = limit;
        self
    }

    /// The limit of opening a TCP connection. Default 5 s.
    pub const fn tcp_connect_timeout(mut self, limit: Duration) -> Self {
        self.tcp_connect_timeout = limit;
        self
    }

    /// How often a connection is asked for a sign of life, and how long one may take. Default 5 s and 3 s.
    pub const fn keepalive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.keepalive = (interval, timeout);
        self
    }

    /// Connections per node or per shard. Default: one per node.
    pub const fn pool_size(mut self, size: PoolSize) -> Self {
        self.pool_size = size;
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

    /// Demands a version of the protocol. The driver speaks 4: `connect` fails with `ProtocolVersion` for anything above.
    pub const fn min_protocol_version(mut self, version: u8) -> Self {
        self.min_protocol_version = Some(version);
        self
    }

    /// The data centre that counts as nearby. Default: that of the first contact point that answered.
    pub fn prefer_datacenter(mut self, name: impl Into<String>) -> Self {
        self.datacenter = Some(name.into());
        self
    }

    /// May statements go to other data centres when no node nearby is left? Never those at a LOCAL consistency. Default: no.
    pub const fn permit_dc_failover(mut self, permit: bool) -> Self {
        self.permit_dc_failover = permit;
        self
    }

    /// Hands the choice of nodes back to the driver. The balancer, its health table and per-node metrics are then off.
    pub fn driver_load_balancing(mut self, policy: Arc<dyn LoadBalancingPolicy>) -> Self {
        self.driver_load_balancing = Some(policy);
        self
    }

    /// How retries are made. Default: 3, with budget and jittered back-off.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// One attempt per call.
    pub fn no_retry(mut self) -> Self {
        self.retry = None;
        self
    }

    /// How many calls may begin per second. Default: no limit.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// How many calls may be under way, and how many may wait. Default: no limit.
    pub fn concurrency_limit(mut self, limit: impl Into<ConcurrencyLimit>) -> Self {
        self.concurrency_limit = Some(limit.into());
        self
    }

    /// Where metrics go. Default: the global recorder of the `metrics` crate, which must be installed before `connect`.
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = MetricsChoice::Given(metrics);
        self
    }

    /// No metrics.
    pub fn no_metrics(mut self) -> Self {
        self.metrics = MetricsChoice::Off;
        self
    }

    /// How often nodes are probed. Default: every 5 s.
    pub const fn health(mut self, check: HealthCheck) -> Self {
        self.health = Some(check);
        self
    }

    /// No probes; the results of real requests still count.
    pub const fn no_health_check(mut self) -> Self {
        self.health = None;
        self
    }

    /// The numbers of the health table: limits per node, ejection.
    pub const fn health_settings(mut self, settings: HealthSettings) -> Self {
        self.health_settings = settings;
        self
    }

    /// Adds a layer outside of admission and retry: it sees logical calls. The first one added is the outermost.
    ///
    /// Its error may be any that can be boxed. Our own errors come through unchanged, tower's `Elapsed` and `Overloaded` become `Timeout` and
    /// `Rejected`, everything else becomes `Internal` and is not retried.
    pub fn layer<L, S>(mut self, layer: L) -> Self
    where
        L: Layer<BoxService, Service = S> + Send + Sync + 'static,
        S: Service<Statement, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.layers.push(layer);
        self
    }

    /// Adds a layer inside of retry: it sees every attempt. The first one added is the outermost.
    pub fn attempt_layer<L, S>(mut self, layer: L) -> Self
    where
        L: Layer<BoxService, Service = S> + Send + Sync + 'static,
        S: Service<Statement, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.attempt_layers.push(layer);
        self
    }

    /// Changes the driver's own settings, after ours were set. The execution profile cannot be changed by it: attempts would multiply.
    pub fn configure(
        mut self,
        change: impl Fn(SessionBuilder) -> SessionBuilder + Send + Sync + 'static,
    ) -> Self {
        self.configure.push(Arc::new(change));
        self
    }

    /// Checks the options.
    ///
    /// # Errors
    /// `Config` for the first option that makes no sense.
    pub fn build(self) -> Result<Cluster, Error> {
        Cluster::new(self)
    }

    /// Checks the options and connects one session.
    ///
    /// # Errors
    /// Those of [`build`](Self::build) and [`Cluster::connect`].
    pub async fn connect(self) -> Result<Session, Error> {
        let keyspace = self.keyspace.clone();
        let cluster = self.build()?;
        match keyspace {
            None => cluster.connect().await,
            Some((name, case_sensitive)) => cluster.connect_to(Some((&name, case_sensitive))).await,
        }
    }
}

impl fmt::Debug for ClusterBuilder {
    // Without the password; the user name alone says whose it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterBuilder")
            .field("contact_points", &self.contact_points)
            .field("port", &self.port)
            .field("keyspace", &self.keyspace)
            .field("credentials", &self.credentials.as_ref().map(|_| "set"))
            .field("consistency", &self.consistency)
            .field("timeout", &self.timeout.value)
            .field("attempt_timeout", &self.attempt_timeout.value)
            .field("retry", &self.retry)
            .field("rate_limit", &self.rate_limit)
            .field("concurrency_limit", &self.concurrency_limit)
            .field("health", &self.health)
            .field("layers", &self.layers.len())
            .field("attempt_layers", &self.attempt_layers.len())
            .finish_non_exhaustive()
    }
}

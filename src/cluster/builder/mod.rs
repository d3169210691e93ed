mod connection;
mod layers;
mod locality;
mod login;
mod metrics;
mod network;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scylla::client::session_builder::SessionBuilder;
use scylla::client::{Compression, PoolSize};
use scylla::policies::address_translator::AddressTranslator;
use scylla::policies::host_filter::HostFilter;
use scylla::policies::load_balancing::LoadBalancingPolicy;
use scylla::statement::{Consistency, SerialConsistency};
use tower_cassandra_layers::health::{HealthCheck, HealthSettings};
use tower_cassandra_layers::hedge::Hedge;
use tower_cassandra_layers::limit::{ConcurrencyLimit, RateLimit};
use tower_cassandra_layers::retry::RetryPolicy;

#[cfg(feature = "config")]
pub(crate) use self::metrics::GlobalMetrics;
use self::metrics::MetricsChoice;
use super::login::LoginChoice;
use super::named::Profiles;
use super::stack::UserLayers;
use super::{Cluster, defaults};
use crate::classifier::CqlClassifier;
use crate::error::Error;
use crate::observe::{Collector, SlowLog};
use crate::session::Session;

/// Builds a [`Cluster`] and its sessions: the whole stack over the driver, every part with a default.
///
/// Nothing is checked until [`build`](Self::build) or [`connect`](Self::connect); then every option that makes no sense is an error of kind `Config` that names the
/// option, its value and what would be right. Every duration has to be above zero and at most one day; with retries, `timeout` and `attempt_timeout`
/// cannot both be off. See [`defaults`] for the numbers and their reasons.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` or `connect`"]
pub struct ClusterBuilder {
    pub(super) contact_points: Vec<String>,
    pub(super) port: u16,
    pub(super) keyspace: Option<(String, bool)>,
    pub(super) login: LoginChoice,
    pub(super) consistency: Consistency,
    pub(super) serial_consistency: SerialConsistency,
    pub(super) timeout: Own<Option<Duration>>,
    pub(super) attempt_timeout: Own<Option<Duration>>,
    pub(super) connect_timeout: Duration,
    pub(super) prepare_timeout: Duration,
    pub(super) schema_agreement_timeout: Duration,
    pub(super) metadata_timeout: Duration,
    pub(super) tcp_connect_timeout: Duration,
    pub(super) metadata_refresh_interval: Duration,
    pub(super) full_metadata_refresh: bool,
    pub(super) compression: Option<Compression>,
    pub(super) address_translator: Option<Arc<dyn AddressTranslator>>,
    pub(super) host_filter: Option<Arc<dyn HostFilter>>,
    pub(super) keepalive: (Duration, Duration),
    pub(super) pool_size: PoolSize,
    pub(super) prepared_cache: usize,
    pub(super) strict_prepared: bool,
    pub(super) server_timestamps: bool,
    pub(super) infer_idempotence: bool,
    pub(super) min_protocol_version: Option<u8>,
    pub(super) datacenter: Option<String>,
    pub(super) permit_dc_failover: bool,
    pub(super) rack: Option<String>,
    pub(super) strict_locality: bool,
    pub(super) driver_load_balancing: Option<Arc<dyn LoadBalancingPolicy>>,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) classifier: CqlClassifier,
    pub(super) hedge: Option<Hedge>,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) concurrency_limit: Option<ConcurrencyLimit>,
    pub(super) metrics: MetricsChoice,
    pub(super) health: Option<HealthCheck>,
    pub(super) health_settings: HealthSettings,
    pub(super) profiles: Profiles,
    pub(super) collectors: Vec<Arc<dyn Collector>>,
    pub(super) slow_log: Option<SlowLog>,
    pub(super) trace_query_text: bool,
    pub(super) layers: UserLayers,
    pub(super) attempt_layers: UserLayers,
    pub(super) configure: Vec<Configure>,
    #[cfg(any(feature = "rustls", feature = "openssl"))]
    pub(super) tls: Option<TlsChoice>,
}

/// A context of the user's, or one that is made of files.
#[cfg(any(feature = "rustls", feature = "openssl"))]
#[derive(Clone)]
pub(super) enum TlsChoice {
    Context(scylla::client::session::TlsContext),
    Files(super::TlsFiles),
}

pub(super) type Configure = Arc<dyn Fn(SessionBuilder) -> SessionBuilder + Send + Sync>;

/// A value and whether the user gave it.
#[derive(Clone, Copy, Debug)]
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
            login: LoginChoice::None,
            consistency: defaults::CONSISTENCY,
            serial_consistency: defaults::SERIAL_CONSISTENCY,
            timeout: Own::default(Some(defaults::TIMEOUT)),
            attempt_timeout: Own::default(Some(defaults::ATTEMPT_TIMEOUT)),
            connect_timeout: defaults::CONNECT_TIMEOUT,
            prepare_timeout: defaults::PREPARE_TIMEOUT,
            schema_agreement_timeout: defaults::SCHEMA_AGREEMENT_TIMEOUT,
            metadata_timeout: defaults::METADATA_TIMEOUT,
            tcp_connect_timeout: defaults::TCP_CONNECT_TIMEOUT,
            metadata_refresh_interval: defaults::METADATA_REFRESH_INTERVAL,
            full_metadata_refresh: false,
            compression: None,
            address_translator: None,
            host_filter: None,
            keepalive: (defaults::KEEPALIVE_INTERVAL, defaults::KEEPALIVE_TIMEOUT),
            pool_size: PoolSize::PerHost(std::num::NonZeroUsize::MIN),
            prepared_cache: defaults::PREPARED_CACHE,
            strict_prepared: false,
            server_timestamps: false,
            infer_idempotence: false,
            min_protocol_version: None,
            datacenter: None,
            permit_dc_failover: false,
            rack: None,
            strict_locality: false,
            driver_load_balancing: None,
            retry: Some(RetryPolicy::default()),
            classifier: CqlClassifier::new(),
            hedge: None,
            rate_limit: None,
            concurrency_limit: None,
            metrics: MetricsChoice::Global,
            health: Some(HealthCheck::default()),
            health_settings: HealthSettings::default(),
            profiles: Profiles::default(),
            collectors: Vec::new(),
            slow_log: None,
            trace_query_text: false,
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

impl ClusterBuilder {
    /// Checks the options and opens one session that connects in the background; see [`Cluster::connect_lazy`].
    ///
    /// # Errors
    /// Those of [`build`](Self::build) and [`Cluster::connect_lazy`].
    pub fn connect_lazy(self) -> Result<Session, Error> {
        self.build()?.connect_lazy()
    }
}

#[cfg(all(test, feature = "config"))]
impl ClusterBuilder {
    /// All options that can be written down.
    pub(crate) fn everything(&self) -> impl fmt::Debug {
        let limits = (
            self.timeout.value,
            self.attempt_timeout.value,
            self.connect_timeout,
            self.prepare_timeout,
        );
        let more = (
            self.schema_agreement_timeout,
            self.metadata_timeout,
            self.tcp_connect_timeout,
            self.keepalive,
        );
        let metadata = (
            self.metadata_refresh_interval,
            self.full_metadata_refresh,
            self.pool_size,
        );
        let flags = (
            self.prepared_cache,
            self.strict_prepared,
            self.infer_idempotence,
            self.server_timestamps,
            self.min_protocol_version,
        );
        let place = (self.datacenter.clone(), self.permit_dc_failover, self.compression);
        let code = (self.address_translator.is_some(), self.host_filter.is_some());
        let layers = (
            (self.retry.clone(), self.classifier.options(), self.hedge),
            self.rate_limit,
            self.concurrency_limit,
            (self.metrics.clone(), self.slow_log, self.trace_query_text),
        );
        let health = (self.health, self.health_settings, self.profiles.clone());
        let text = format!("{self:?} {:?} {:?}", self.consistency, self.serial_consistency);
        (text, limits, more, metadata, flags, place, code, layers, health)
    }

    pub(crate) fn profile_named(&self, name: &str) -> Option<&super::Profile> {
        self.profiles.get(name)
    }
}

impl fmt::Debug for ClusterBuilder {
    // Of the login only that there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterBuilder")
            .field("contact_points", &self.contact_points)
            .field("port", &self.port)
            .field("keyspace", &self.keyspace)
            .field("login", &self.login)
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

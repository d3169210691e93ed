//! From a connected driver to a session: the layers as they were configured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use scylla::client::session::Session as Driver;
use tokio::time::Instant;
use tower_cassandra_layers::balance::Reaper;
use tower_cassandra_layers::health::Table;
use tower_cassandra_layers::hedge::HedgeLayer;
use tower_cassandra_layers::limit::{ConcurrencyLimitLayer, RateLimitLayer};
use tower_cassandra_layers::metrics::Metrics;
use tower_cassandra_layers::retry::{Budget, RetryLayer};
use tower_cassandra_layers::timeout::TimeoutLayer;
#[cfg(feature = "test-util")]
use tower_service::Service;

use super::builder::ClusterBuilder;
use super::datacenters::is_known;
use super::directory::{ClusterDirectory, Locality};
use super::gauges::Gauges;
use super::housekeeping::Housekeeping;
use super::points::{addresses, points};
use super::stack::{Layers, stack};
use crate::classifier::CqlClassifier;
use crate::error::Error;
use crate::leaf::{DriverSlot, SessionService};
use crate::observe::{Collectors, ObserveLayer};
#[cfg(feature = "test-util")]
use crate::response::Response;
use crate::session::{Connecting, Core, Limits, Session, Settings};
#[cfg(feature = "test-util")]
use crate::statement::Statement;
use crate::trace::SessionFields;

/// Builds every layer once, to find what makes no sense before anything is opened.
pub(super) fn check_layers(builder: &ClusterBuilder) -> Result<(), Error> {
    Table::new(builder.health_settings)?;
    builder.metrics.resolve()?;
    layers(builder, CqlClassifier::new(), None, None, false).map(drop)
}

fn layers(
    builder: &ClusterBuilder,
    classifier: CqlClassifier,
    metrics: Option<Metrics>,
    balance: Option<(Table, ClusterDirectory)>,
    with_threads: bool,
) -> Result<Layers, Error> {
    let mut timeout = TimeoutLayer::call(builder.timeout.value)?;
    // Everything of ours that waits watches the deadline; a user's layer may wait without knowing of it.
    if builder.layers.is_empty() && builder.attempt_layers.is_empty() {
        timeout = timeout.without_timer();
    }
    let retry = match builder.retry.clone() {
        Some(policy) => {
            let policy = if builder.hedge.is_some() && policy.has_default_budget() {
                policy.budget_of(Budget::FLOOR, Budget::PERCENT_WITH_HEDGES)
            } else {
                policy
            };
            let layer = RetryLayer::new(policy, classifier.clone())?;
            Some(counted(layer, &metrics, RetryLayer::with_metrics))
        }
        None => None,
    };
    let hedge = match builder.hedge {
        Some(hedge) => {
            let mut layer = HedgeLayer::new(hedge, classifier.clone())?;
            if let Some(budget) = retry.as_ref().and_then(RetryLayer::budget) {
                if let Some((table, _)) = &balance {
                    table.charge_probes_to(budget.clone());
                }
                layer = layer.with_budget(budget);
            }
            Some(counted(layer, &metrics, |layer, metrics| {
                layer.with_metrics(&metrics)
            }))
        }
        None => None,
    };
    Ok(Layers {
        observe: observe(builder, with_threads)?,
        metrics: metrics.clone(),
        timeout,
        user: builder.layers.clone(),
        concurrency: match builder.concurrency_limit {
            Some(limit) => Some(counted(
                ConcurrencyLimitLayer::new(limit)?,
                &metrics,
                ConcurrencyLimitLayer::with_metrics,
            )),
            None => None,
        },
        rate: match builder.rate_limit {
            Some(limit) => Some(counted(
                RateLimitLayer::new(limit)?,
                &metrics,
                RateLimitLayer::with_metrics,
            )),
            None => None,
        },
        retry,
        hedge,
        user_attempt: builder.attempt_layers.clone(),
        balance,
        attempt_timeout: TimeoutLayer::attempt(builder.attempt_timeout.value)?,
        classifier,
    })
}

/// Who is told of requests. The threads of collectors are started for a session only, not to check the options.
fn observe(builder: &ClusterBuilder, with_threads: bool) -> Result<ObserveLayer, Error> {
    let mut layer = ObserveLayer::new();
    if with_threads {
        layer = layer.collectors(Collectors::new(builder.collectors.iter().cloned())?);
    }
    match builder.slow_log {
        Some(log) => layer.slow_log(log),
        None => Ok(layer),
    }
}

/// Gives a layer the metrics, where there are any.
fn counted<L>(layer: L, metrics: &Option<Metrics>, with: impl FnOnce(L, Metrics) -> L) -> L {
    match metrics {
        Some(metrics) => with(layer, metrics.clone()),
        None => layer,
    }
}

/// What is told to a driver's session when it comes. It keeps no session.
pub(super) struct Parts {
    table: Table,
    directory: ClusterDirectory,
    gauges: Gauges,
}

/// All the layers, and no driver below them yet: the session lets nobody in.
pub(super) fn unconnected(builder: &ClusterBuilder) -> Result<(Session, Parts), Error> {
    let metrics = builder.metrics.resolve()?;
    let mut table = Table::new(builder.health_settings)?;
    if let Some(metrics) = &metrics {
        table = table.with_metrics(metrics.clone());
    }
    let locality = Locality {
        datacenter: builder.datacenter.clone(),
        rack: builder.rack.clone(),
        strict: builder.strict_locality,
        permit_failover: builder.permit_dc_failover,
        default_consistency: builder.consistency,
        default_serial_consistency: builder.serial_consistency,
    };
    let directory = ClusterDirectory::new(table.clone(), locality);
    let balance = builder
        .driver_load_balancing
        .is_none()
        .then(|| (table.clone(), directory.clone()));
    let classifier = builder.classifier.clone();
    let classifier = match &balance {
        Some((_, directory)) => classifier.within(directory.clone()),
        // The driver's own choice is among others.
        None => classifier.looking_into(table.clone()),
    };
    let layers = layers(builder, classifier, metrics, balance, true)?;
    let settings = settings(builder, &layers);
    let gauges = Gauges {
        metrics: layers.metrics.clone(),
        limits: settings.limits.clone(),
        retry: layers.retry.clone(),
        collectors: layers.observe.told().clone(),
    };
    let core = Core {
        driver: DriverSlot::default(),
        reaper: Reaper::spawn(),
        table: table.clone(),
        directory: directory.clone(),
        connecting: Connecting::default(),
    };
    let stack = stack(
        layers,
        SessionService::with_slot(core.driver.clone(), core.reaper.clone()),
    );
    let parts = Parts {
        table,
        directory,
        gauges,
    };
    Ok((Session::assemble(stack, Some(core), settings), parts))
}

/// So long contact points are looked up at most, once the driver has done so: it is only to tell which data centre is nearby, and nobody should wait for that.
const LOOKUP: Duration = Duration::from_secs(2);

/// A driver that is connected, with the addresses of the contact points as far as they are needed.
pub(super) struct Connected {
    driver: Arc<Driver>,
    points: Vec<SocketAddr>,
}

impl Connected {
    pub(super) async fn new(builder: &ClusterBuilder, driver: Driver, end: Instant) -> Self {
        let points = match &builder.datacenter {
            Some(wanted) if is_known(&driver.get_cluster_state(), wanted) => Vec::new(),
            _ => addresses(&points(builder), end.min(Instant::now() + LOOKUP)).await,
        };
        Self {
            driver: Arc::new(driver),
            points,
        }
    }
}

/// Puts a driver below the layers and lets everybody in.
///
/// # Errors
/// When the cluster does not have what was asked of it; then the session is as before.
pub(super) fn complete(
    session: &Session,
    parts: &Parts,
    builder: &ClusterBuilder,
    connected: Connected,
) -> Result<(), Error> {
    let Connected { driver, points } = connected;
    let Parts {
        table,
        directory,
        gauges,
    } = parts;
    directory.locate(driver.get_cluster_state(), &points)?;
    // Where the driver chooses, nobody asks what the probes say.
    let health = builder.health.filter(|_| builder.driver_load_balancing.is_none());
    let housekeeping =
        Housekeeping::start(&driver, table.clone(), directory.clone(), health, gauges.clone())?;
    session.connected(driver, housekeeping);
    Ok(())
}

fn settings(builder: &ClusterBuilder, layers: &Layers) -> Settings {
    let limits = Limits {
        concurrency: layers.concurrency.as_ref().map(ConcurrencyLimitLayer::handle),
        rate: layers.rate.as_ref().map(RateLimitLayer::handle),
        retry_budget: layers.retry.as_ref().and_then(RetryLayer::budget),
        hedge: layers.hedge.as_ref().map(HedgeLayer::handle),
    };
    Settings {
        strict_prepared: builder.strict_prepared,
        server_timestamps: builder.server_timestamps,
        infer_idempotence: builder.infer_idempotence,
        may_resend: builder.classifier.may_resend(),
        prepared_cache: builder.prepared_cache,
        prepare_timeout: builder.prepare_timeout,
        timeout: builder.timeout.value,
        attempt_timeout: builder.attempt_timeout.value,
        metadata_timeout: builder.metadata_timeout,
        schema_agreement_timeout: builder.schema_agreement_timeout,
        profiles: builder.profiles.clone(),
        trace: SessionFields {
            consistency: Some(builder.consistency),
            with_text: builder.trace_query_text,
        },
        collectors: layers.observe.told().clone(),
        observe: layers.observe.clone(),
        metrics: layers.metrics.clone(),
        streams: layers.metrics.as_ref().map(Metrics::streams),
        notes_attempts: builder.retry.is_some(),
        serial_default: Some(builder.consistency).filter(|level| level.is_serial()),
        limits,
        layers: layers.names(),
    }
}

/// The whole stack over another leaf, without nodes.
#[cfg(feature = "test-util")]
pub(super) fn assemble_over<L>(builder: &ClusterBuilder, leaf: L) -> Result<Session, Error>
where
    L: Service<Statement, Response = Response, Error = Error> + Clone + Send + Sync + 'static,
    L::Future: Send + 'static,
{
    let layers = layers(
        builder,
        builder.classifier.clone(),
        builder.metrics.resolve()?,
        None,
        true,
    )?;
    let settings = settings(builder, &layers);
    Ok(Session::assemble(stack(layers, leaf), None, settings))
}

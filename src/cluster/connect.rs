//! Connecting: within one limit, patient with what passes, quick with what does not.

use std::sync::Arc;
use std::time::Duration;

use scylla::client::session::Session as Driver;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::load_balancing::DefaultPolicy;
use tokio::time::{Instant, sleep, timeout_at};
use tower_cassandra_layers::balance::Reaper;
use tower_cassandra_layers::health::Table;
use tower_cassandra_layers::limit::{ConcurrencyLimitLayer, RateLimitLayer};
use tower_cassandra_layers::metrics::Metrics;
use tower_cassandra_layers::retry::RetryLayer;
use tower_cassandra_layers::timeout::TimeoutLayer;

use super::builder::ClusterBuilder;
use super::check::{check_keyspace, split_port};
use super::defaults;
use super::directory::{ClusterDirectory, Locality};
use super::housekeeping::Housekeeping;
use super::profile::profile;
use super::stack::{Layers, stack};
use crate::classifier::CqlClassifier;
use crate::error::Error;
use crate::leaf::DriverSlot;
use crate::session::{Core, Session, Settings};

/// The version the driver speaks.
const PROTOCOL_VERSION: u8 = 4;

pub(super) async fn connect(
    builder: &ClusterBuilder,
    keyspace: Option<(&str, bool)>,
) -> Result<Session, Error> {
    if let Some(required) = builder
        .min_protocol_version
        .filter(|version| *version > PROTOCOL_VERSION)
    {
        return Err(Error::protocol_version(PROTOCOL_VERSION, required));
    }
    if let Some((name, _)) = keyspace {
        check_keyspace(name)?;
    }
    let started = Instant::now();
    let end = started + builder.connect_timeout;
    let mut last: Option<Error> = None;
    for attempt in 1..=defaults::CONNECT_ATTEMPTS {
        match timeout_at(end, open(builder, keyspace)).await {
            Ok(Ok(driver)) => return assemble(builder, Arc::new(driver)),
            Ok(Err((error, true))) => return Err(error),
            Ok(Err((error, false))) => {
                tracing::warn!(attempt, error = %error, "connecting failed");
                last = Some(error);
            }
            Err(_) => return Err(Error::connect_timed_out(started.elapsed(), last)),
        }
        // 0.2 to 0.4 s, then twice that.
        let pause = Duration::from_millis(200) * attempt;
        let pause = pause + pause.mul_f64(jitter());
        if attempt == defaults::CONNECT_ATTEMPTS {
            break;
        }
        if Instant::now() + pause >= end {
            return Err(Error::connect_timed_out(started.elapsed(), last));
        }
        sleep(pause).await;
    }
    Err(last.unwrap_or_else(|| Error::no_host(None)))
}

/// From 0 to 1, so that many clients do not come back together.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

/// One attempt; the flag says whether another one would fail again.
async fn open(builder: &ClusterBuilder, keyspace: Option<(&str, bool)>) -> Result<Driver, (Error, bool)> {
    let driver = driver_builder(builder, keyspace)
        .build()
        .await
        .map_err(Error::from_new_session)?;
    // When the very first metadata read fails the driver still returns a session, with invented nodes.
    if driver.get_cluster_state().cluster_name().is_empty() {
        return Err((
            Error::connect("the nodes were reached, but did not tell their metadata"),
            false,
        ));
    }
    Ok(driver)
}

fn driver_builder(builder: &ClusterBuilder, keyspace: Option<(&str, bool)>) -> SessionBuilder {
    let points = builder
        .contact_points
        .iter()
        .map(|point| with_port(point, builder.port));
    let (interval, timeout) = builder.keepalive;
    let mut driver = SessionBuilder::new()
        .known_nodes(points)
        .connection_timeout(builder.tcp_connect_timeout)
        .keepalive_interval(interval)
        .keepalive_timeout(timeout)
        .pool_size(builder.pool_size)
        .auto_await_schema_agreement(false)
        .schema_agreement_timeout(builder.schema_agreement_timeout)
        .schema_agreement_interval(defaults::SCHEMA_AGREEMENT_INTERVAL)
        .metadata_request_serverside_timeout(builder.metadata_timeout)
        .driver_config_reporting(false);
    if let Some((user, password)) = &builder.credentials {
        driver = driver.user(user, password);
    }
    if let Some((name, case_sensitive)) = keyspace {
        driver = driver.use_keyspace(name, case_sensitive);
    }
    #[cfg(any(feature = "rustls", feature = "openssl"))]
    if let Some(context) = &builder.tls {
        driver = driver.tls_context(Some(context.clone()));
    }
    for change in &builder.configure {
        driver = change(driver);
    }
    let load_balancing = builder
        .driver_load_balancing
        .clone()
        .unwrap_or_else(|| Arc::new(DefaultPolicy::default()));
    let profile = profile(builder.consistency, builder.serial_consistency, load_balancing);
    driver.default_execution_profile_handle(profile.into_handle())
}

fn with_port(point: &str, port: u16) -> String {
    if split_port(point).is_some() {
        return point.to_owned();
    }
    let host = if point.contains(':') && !point.starts_with('[') {
        format!("[{point}]")
    } else {
        point.to_owned()
    };
    format!("{host}:{port}")
}

/// Builds every layer once, to find what makes no sense before anything is opened.
pub(super) fn check_layers(builder: &ClusterBuilder) -> Result<(), Error> {
    Table::new(builder.health_settings)?;
    layers(builder, CqlClassifier::new(), None, None).map(drop)
}

fn layers(
    builder: &ClusterBuilder,
    classifier: CqlClassifier,
    metrics: Option<Metrics>,
    balance: Option<(Table, ClusterDirectory)>,
) -> Result<Layers, Error> {
    let mut timeout = TimeoutLayer::call(builder.timeout.value)?;
    // Everything of ours that waits watches the deadline; a user's layer may wait without knowing of it.
    if builder.layers.is_empty() && builder.attempt_layers.is_empty() {
        timeout = timeout.without_timer();
    }
    Ok(Layers {
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
        retry: match builder.retry.clone() {
            Some(policy) => {
                let layer = RetryLayer::new(policy, classifier.clone())?;
                Some(counted(layer, &metrics, RetryLayer::with_metrics))
            }
            None => None,
        },
        user_attempt: builder.attempt_layers.clone(),
        balance,
        attempt_timeout: TimeoutLayer::attempt(builder.attempt_timeout.value)?,
        classifier,
    })
}

/// Gives a layer the metrics, where there are any.
fn counted<L>(layer: L, metrics: &Option<Metrics>, with: impl FnOnce(L, Metrics) -> L) -> L {
    match metrics {
        Some(metrics) => with(layer, metrics.clone()),
        None => layer,
    }
}

fn assemble(builder: &ClusterBuilder, driver: Arc<Driver>) -> Result<Session, Error> {
    let slot = DriverSlot::new(Arc::clone(&driver));
    let reaper = Reaper::spawn();
    let metrics = builder.metrics.resolve();
    let mut table = Table::new(builder.health_settings)?;
    if let Some(metrics) = &metrics {
        table = table.with_metrics(metrics.clone());
    }
    let locality = Locality {
        datacenter: builder.datacenter.clone(),
        permit_failover: builder.permit_dc_failover,
        default_consistency: builder.consistency,
    };
    let points: Vec<String> = builder
        .contact_points
        .iter()
        .map(|point| with_port(point, builder.port))
        .collect();
    let directory = ClusterDirectory::new(driver.get_cluster_state(), table.clone(), &locality, &points);
    let balance = builder
        .driver_load_balancing
        .is_none()
        .then(|| (table.clone(), directory.clone()));
    let classifier = CqlClassifier::with_table(table.clone());
    let layers = layers(builder, classifier, metrics, balance)?;
    let names = layers.names();
    let stack = stack(layers, slot.clone(), reaper.clone());
    let housekeeping = Housekeeping::start(&driver, table.clone(), directory.clone(), builder.health);
    let settings = Settings {
        strict_prepared: builder.strict_prepared,
        server_timestamps: builder.server_timestamps,
        prepared_cache: builder.prepared_cache,
        prepare_timeout: builder.prepare_timeout,
        timeout: builder.timeout.value,
        attempt_timeout: builder.attempt_timeout.value,
        schema_agreement_timeout: builder.schema_agreement_timeout,
        layers: names,
    };
    let core = Core {
        driver: slot,
        reaper,
        table,
        directory,
    };
    Ok(Session::assemble(stack, Some(core), settings, Some(housekeeping)))
}

#[cfg(test)]
mod tests {
    use super::with_port;

    #[test]
    fn the_port_is_added_only_where_there_is_none() {
        for (point, whole) in [
            ("host", "host:9042"),
            ("host:1", "host:1"),
            ("127.0.0.1", "127.0.0.1:9042"),
            ("::1", "[::1]:9042"),
            ("[::1]", "[::1]:9042"),
            ("[::1]:5", "[::1]:5"),
        ] {
            assert_eq!(with_port(point, 9042), whole);
        }
    }
}

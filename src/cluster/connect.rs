//! Connecting: within one limit, patient with what passes, quick with what does not.

use std::sync::Arc;
use std::time::Duration;

use scylla::client::session::Session as Driver;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::load_balancing::DefaultPolicy;
use tokio::time::{Instant, sleep, timeout_at};

use super::assemble::assemble;
use super::builder::ClusterBuilder;
use super::check::{check_keyspace, split_port};
use super::defaults;
use super::profile::profile;
use crate::error::Error;
use crate::session::Session;

/// The version the driver speaks.
pub(crate) const PROTOCOL_VERSION: u8 = 4;

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
        let begun = Instant::now();
        match timeout_at(end, open(builder, keyspace)).await {
            Ok(Ok(driver)) => return assemble(builder, Arc::new(driver), end).await,
            Ok(Err((error, true))) => return Err(error),
            Ok(Err((error, false))) => {
                tracing::warn!(attempt, error = %error, "connecting failed");
                last = Some(Error::after(last, error, begun.elapsed()));
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

pub(super) fn with_port(point: &str, port: u16) -> String {
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

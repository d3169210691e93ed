//! Connecting: within one limit, patient with what passes, quick with what does not.

use std::sync::Arc;
use std::time::Duration;
use tower_cassandra_layers::trace::emit;

use scylla::client::session::Session as Driver;
use scylla::client::session_builder::SessionBuilder;
use scylla::cluster::metadata::PeriodicFetchMode;
use scylla::errors::NewSessionError;
use scylla::policies::load_balancing::DefaultPolicy;
use tokio::time::{Instant, sleep, timeout_at};

use super::assemble::{Connected, complete, unconnected};
use super::builder::ClusterBuilder;
use super::check::{check_keyspace, exact_keyspace};
use super::defaults;
use super::login::{Login, Refusal};
use super::points::points;
use super::profile::profile;
use crate::error::Error;
use crate::session::Session;

/// A keyspace and whether its name is meant letter by letter.
pub(super) type Keyspace<'a> = (&'a str, bool);

pub(super) async fn connect(
    builder: &ClusterBuilder,
    keyspace: Option<Keyspace<'_>>,
) -> Result<Session, Error> {
    let opening = Opening::new(builder, keyspace)?;
    let started = Instant::now();
    let end = started + builder.connect_timeout;
    let mut last: Option<Error> = None;
    for attempt in 1..=defaults::CONNECT_ATTEMPTS {
        let begun = Instant::now();
        match timeout_at(end, opening.attempt(&opening.login())).await {
            Ok(Ok(driver)) => {
                let connected = Connected::new(builder, driver, end).await;
                let (session, parts) = unconnected(builder)?;
                complete(&session, &parts, builder, connected)?;
                return Ok(session);
            }
            Ok(Err((error, true))) => {
                return Err(match last {
                    None => error,
                    earlier => Error::after(earlier, error, begun.elapsed()),
                });
            }
            Ok(Err((error, false))) => {
                emit(|| tracing::warn!(attempt, error = %error, "connecting failed"));
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
pub(super) fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

/// What is to be opened.
pub(super) struct Opening<'a> {
    builder: &'a ClusterBuilder,
    keyspace: Option<Keyspace<'a>>,
    /// Of files that were read once for all attempts.
    #[cfg(any(feature = "rustls", feature = "openssl"))]
    tls: Option<super::tls::Ready>,
}

impl<'a> Opening<'a> {
    /// Checks what can be known before anything is opened.
    pub(super) fn new(builder: &'a ClusterBuilder, keyspace: Option<Keyspace<'a>>) -> Result<Self, Error> {
        if let Some(required) = builder
            .min_protocol_version
            .filter(|version| *version > defaults::PROTOCOL_VERSION)
        {
            return Err(Error::protocol_version(defaults::PROTOCOL_VERSION, required));
        }
        if let Some((name, _)) = keyspace {
            check_keyspace(name)?;
        }
        Ok(Self {
            builder,
            keyspace,
            #[cfg(any(feature = "rustls", feature = "openssl"))]
            tls: super::tls::ready(builder)?,
        })
    }

    /// The login of one attempt.
    pub(super) fn login(&self) -> Login {
        self.builder.login.login(self.builder.connect_timeout)
    }

    /// Has the driver leave alone who does not answer a handshake, for which it has no limit.
    #[cfg(any(feature = "rustls", feature = "openssl"))]
    async fn knocking(&self, mut driver: SessionBuilder, tls: &super::tls::Ready) -> SessionBuilder {
        let Some(knock) = super::tls::Knock::new(tls, self.builder.tcp_connect_timeout) else {
            return driver;
        };
        if let Some(awake) = knock.without_silent(&points(self.builder)).await {
            driver.config.known_nodes.clear();
            driver = driver.known_nodes_addr(awake);
        }
        let inner = self.builder.address_translator.clone();
        driver.address_translator(Arc::new(super::tls::Knocking { knock, inner }))
    }

    /// One attempt; the flag says whether another one would fail again.
    pub(super) async fn attempt(&self, login: &Login) -> Result<Driver, (Error, bool)> {
        let builder = self.builder;
        let mut driver = driver_builder(builder, self.keyspace, login);
        #[cfg(any(feature = "rustls", feature = "openssl"))]
        if let Some(tls) = &self.tls {
            driver = driver.tls_context(Some(tls.context.clone()));
            driver = self.knocking(driver, tls).await;
        }
        for change in &builder.configure {
            driver = change(driver);
        }
        let load_balancing = builder
            .driver_load_balancing
            .clone()
            .unwrap_or_else(|| Arc::new(DefaultPolicy::default()));
        let profile = profile(builder.consistency, builder.serial_consistency, load_balancing);
        // After the user's own changes: attempts would multiply.
        let driver = driver.default_execution_profile_handle(profile.into_handle());
        let driver = driver.build().await.map_err(|error| {
            let (error, permanent) = not_connected(error, login);
            #[cfg(any(feature = "rustls", feature = "openssl"))]
            let error = error.refine_tls(|failure| match &self.tls {
                Some(tls) => tls.refine(failure),
                None => failure,
            });
            (error, permanent)
        })?;
        let state = driver.get_cluster_state();
        // When the very first metadata read fails the driver still returns a session, with invented nodes.
        if state.cluster_name().is_empty() {
            return Err((
                Error::connect("the nodes were reached, but did not tell their metadata"),
                false,
            ));
        }
        if !state.get_nodes_info().iter().any(|node| node.is_enabled()) {
            let source = "the host filter refuses all nodes of the cluster";
            return Err((Error::no_host(Some(source.into())), false));
        }
        Ok(driver)
    }
}

/// What the driver's error means, given what is known of the login.
fn not_connected(error: NewSessionError, login: &Login) -> (Error, bool) {
    match login.refusal() {
        Some(Refusal::NoLogin) => return (Error::no_login(), true),
        // Nothing was sent, so trying again locks nobody out.
        Some(Refusal::Provider(source)) => return (Error::no_credentials(source), false),
        None => {}
    }
    // The driver tells what the last contact point said, which may be another one than that which had the login. That one may also have
    // been lost in the moment before its answer; a lock-out is the greater harm.
    if login.was_not_accepted() && !Error::is_about_login(&error) {
        return (Error::login_not_accepted(error), true);
    }
    Error::from_new_session(error)
}

fn driver_builder(builder: &ClusterBuilder, keyspace: Option<Keyspace<'_>>, login: &Login) -> SessionBuilder {
    let (interval, timeout) = builder.keepalive;
    let mut driver = SessionBuilder::new()
        .known_nodes(points(builder))
        .connection_timeout(builder.tcp_connect_timeout)
        .keepalive_interval(interval)
        .keepalive_timeout(timeout)
        .pool_size(builder.pool_size)
        .auto_await_schema_agreement(false)
        .schema_agreement_timeout(builder.schema_agreement_timeout)
        .schema_agreement_interval(defaults::SCHEMA_AGREEMENT_INTERVAL)
        .metadata_request_serverside_timeout(builder.metadata_timeout)
        .cluster_metadata_refresh_interval(builder.metadata_refresh_interval)
        .periodic_metadata_fetch_mode(if builder.full_metadata_refresh {
            PeriodicFetchMode::FullMetadata
        } else {
            PeriodicFetchMode::AffectedKeyspaces
        })
        .compression(builder.compression)
        .authenticator_provider(Arc::new(login.clone()))
        .driver_config_reporting(false);
    if let Some(translator) = &builder.address_translator {
        driver = driver.address_translator(Arc::clone(translator));
    }
    if let Some(filter) = &builder.host_filter {
        driver = driver.host_filter(Arc::clone(filter));
    }
    if let Some((name, case_sensitive)) = keyspace {
        driver = driver.use_keyspace(exact_keyspace(name, case_sensitive), case_sensitive);
    }
    driver
}

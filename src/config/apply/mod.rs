//! From what is written down to calls of the builder.

/// Calls a setter for an option that is there.
macro_rules! set {
    ($builder:ident, $($setter:ident($value:expr)),* $(,)?) => {
        $(if let Some(value) = $value {
            $builder = $builder.$setter(value);
        })*
    };
}

// After the macro, which they use.
mod layers;
mod tls;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use scylla::client::PoolSize;
use scylla::policies::host_filter::AllowListHostFilter;

use super::options::{One, Options, Pool};
use super::place::BadSetting;
use crate::cluster::{ClusterBuilder, PasswordFile, Profile, defaults};
use crate::error::Error;

fn bad(key: &str, problem: impl Into<String>) -> Error {
    Error::bad_setting_of(BadSetting {
        key: key.to_owned(),
        place: None,
        problem: problem.into(),
    })
}

pub(super) fn apply(options: Options) -> Result<ClusterBuilder, Error> {
    let mut builder = login(ClusterBuilder::new(), &options)?;
    builder = keyspace(builder, &options)?;
    set!(
        builder,
        contact_points(options.contact_points),
        port(options.port),
        default_consistency(options.default_consistency.map(|level| level.0)),
        default_serial_consistency(options.default_serial_consistency.map(|level| level.0)),
        timeout(options.timeout.map(|limit| limit.0)),
        attempt_timeout(options.attempt_timeout.map(|limit| limit.0)),
        connect_timeout(options.connect_timeout.map(|span| span.0)),
        prepare_timeout(options.prepare_timeout.map(|span| span.0)),
        schema_agreement_timeout(options.schema_agreement_timeout.map(|span| span.0)),
        metadata_timeout(options.metadata_timeout.map(|span| span.0)),
        tcp_connect_timeout(options.tcp_connect_timeout.map(|span| span.0)),
        metadata_refresh_interval(options.metadata_refresh_interval.map(|span| span.0)),
        full_metadata_refresh(options.full_metadata_refresh),
        prepared_cache(options.prepared_cache),
        strict_prepared(options.strict_prepared),
        infer_idempotence(options.infer_idempotence),
        trace_query_text(options.trace_query_text),
        min_protocol_version(options.min_protocol_version),
        prefer_datacenter(options.prefer_datacenter),
        prefer_rack(options.prefer_rack),
        strict_locality(options.strict_locality),
        permit_dc_failover(options.permit_dc_failover),
        compression(options.compression.map(|codec| codec.0)),
    );
    if options.server_timestamps == Some(true) {
        builder = builder.server_timestamps();
    }
    if let Some(translation) = options.address_translation {
        let translation: HashMap<_, _> = translation.into_iter().collect();
        builder = builder.address_translator(Arc::new(translation));
    }
    if let Some(allowed) = options.allowed_hosts {
        let filter =
            AllowListHostFilter::new(allowed).map_err(|error| bad("allowed_hosts", error.to_string()))?;
        builder = builder.host_filter(Arc::new(filter));
    }
    let keepalive = options.keepalive;
    if keepalive.is_set() {
        builder = builder.keepalive(
            keepalive
                .interval
                .map_or(defaults::KEEPALIVE_INTERVAL, |span| span.0),
            keepalive
                .timeout
                .map_or(defaults::KEEPALIVE_TIMEOUT, |span| span.0),
        );
    }
    builder = pool(builder, &options.pool)?;
    builder = tls::tls(builder, options.tls)?;
    builder = layers::retry(builder, &options.retry)?;
    builder = layers::hedge(builder, &options.hedge)?;
    builder = layers::rate(builder, &options.rate_limit)?;
    builder = layers::concurrency(builder, options.concurrency_limit)?;
    builder = layers::metrics(builder, options.metrics)?;
    builder = layers::slow_log(builder, &options.slow_log)?;
    builder = layers::health(builder, &options.health)?;
    for (name, one) in options.profiles.0 {
        builder = builder.profile(name, profile(&one));
    }
    Ok(builder)
}

fn login(builder: ClusterBuilder, options: &Options) -> Result<ClusterBuilder, Error> {
    match (&options.user, &options.password, &options.password_file) {
        (None, None, None) => Ok(builder),
        (Some(user), Some(password), None) => Ok(builder.credentials(user, &password.0)),
        (Some(user), None, Some(file)) => {
            let provider = PasswordFile::new(user, file);
            // A file that is not there is found before the first node asks for a password.
            provider
                .read()
                .map_err(|error| bad("password_file", error.to_string()))?;
            Ok(builder.credentials_provider(provider))
        }
        (Some(_), None, None) => Err(bad("user", "needs a `password` or a `password_file`")),
        (_, Some(_), Some(_)) => Err(bad(
            "password_file",
            "is given together with `password`: keep one of them",
        )),
        (None, Some(_), None) => Err(bad("password", "needs a `user`")),
        (None, None, Some(_)) => Err(bad("password_file", "needs a `user`")),
    }
}

fn keyspace(builder: ClusterBuilder, options: &Options) -> Result<ClusterBuilder, Error> {
    match (&options.keyspace, options.keyspace_case_sensitive) {
        (None, None) => Ok(builder),
        (None, Some(_)) => Err(bad("keyspace_case_sensitive", "needs a `keyspace`")),
        (Some(name), Some(true)) => Ok(builder.keyspace_case_sensitive(name)),
        (Some(name), Some(false) | None) => Ok(builder.keyspace(name)),
    }
}

fn pool(builder: ClusterBuilder, pool: &Pool) -> Result<ClusterBuilder, Error> {
    let number =
        |key, count| NonZeroUsize::new(count).ok_or_else(|| bad(key, "has to be at least one connection"));
    match (pool.per_host, pool.per_shard) {
        (None, None) => Ok(builder),
        (Some(count), None) => Ok(builder.pool_size(PoolSize::PerHost(number("pool.per_host", count)?))),
        (None, Some(count)) => Ok(builder.pool_size(PoolSize::PerShard(number("pool.per_shard", count)?))),
        (Some(_), Some(_)) => Err(bad(
            "pool",
            "has both `per_host` and `per_shard`: keep one of them",
        )),
    }
}

fn profile(one: &One) -> Profile {
    let mut profile = Profile::new();
    set!(
        profile,
        consistency(one.consistency.map(|level| level.0)),
        serial_consistency(one.serial_consistency.map(|level| level.0)),
        timeout(one.timeout.map(|limit| limit.0)),
        attempt_timeout(one.attempt_timeout.map(|limit| limit.0)),
        page_size(one.page_size),
        max_retries(one.max_retries),
    );
    profile
}

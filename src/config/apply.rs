//! From what is written down to calls of the builder.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use scylla::client::PoolSize;
use scylla::policies::host_filter::AllowListHostFilter;
use tower_cassandra_layers::health::{HealthCheck, HealthSettings};
use tower_cassandra_layers::hedge::Hedge;
use tower_cassandra_layers::limit::{ConcurrencyLimit, RateLimit};
use tower_cassandra_layers::retry::{Backoff, Budget, RetryPolicy};

use super::labels;
use super::options::{
    Concurrency, Health, Hedging, MetricsOptions, One, Options, Pool, Rate, Retry, SlowLogOptions, TlsOptions,
};
use super::place::BadSetting;
use crate::cluster::{ClusterBuilder, GlobalMetrics, PasswordFile, Profile, defaults};
use crate::error::Error;
use crate::observe::SlowLog;

fn bad(key: &str, problem: impl Into<String>) -> Error {
    Error::bad_setting_of(BadSetting {
        key: key.to_owned(),
        place: None,
        problem: problem.into(),
    })
}

/// Calls a setter for an option that is there.
macro_rules! set {
    ($builder:ident, $($setter:ident($value:expr)),* $(,)?) => {
        $(if let Some(value) = $value {
            $builder = $builder.$setter(value);
        })*
    };
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
    builder = tls(builder, options.tls)?;
    builder = retry(builder, &options.retry)?;
    builder = hedge(builder, &options.hedge)?;
    builder = rate(builder, &options.rate_limit)?;
    builder = concurrency(builder, options.concurrency_limit)?;
    builder = metrics(builder, options.metrics)?;
    builder = slow_log(builder, &options.slow_log)?;
    builder = health(builder, &options.health)?;
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

#[cfg(any(feature = "rustls", feature = "openssl"))]
fn tls(builder: ClusterBuilder, tls: TlsOptions) -> Result<ClusterBuilder, Error> {
    use crate::cluster::{TlsFiles, TlsLibrary};
    let Some(ca) = tls.ca_file else {
        let without = [
            ("tls.certificate_file", tls.certificate_file.is_some()),
            ("tls.key_file", tls.key_file.is_some()),
            ("tls.server_name", tls.server_name.is_some()),
            ("tls.library", tls.library.is_some()),
        ];
        return match without.into_iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(bad(key, "needs a `tls.ca_file`")),
            None => Ok(builder),
        };
    };
    let mut files = TlsFiles::new(ca);
    files = match (tls.certificate_file, tls.key_file) {
        (None, None) => files,
        (Some(certificate), Some(key)) => files.client_certificate(certificate, key),
        (Some(_), None) => return Err(bad("tls.certificate_file", "needs a `tls.key_file`")),
        (None, Some(_)) => return Err(bad("tls.key_file", "needs a `tls.certificate_file`")),
    };
    if let Some(name) = tls.server_name {
        files = files.server_name(name);
    }
    if let Some(library) = tls.library {
        files = files.library(match library.as_str() {
            #[cfg(feature = "rustls")]
            "rustls" => TlsLibrary::Rustls,
            #[cfg(feature = "openssl")]
            "openssl" => TlsLibrary::OpenSsl,
            other => {
                let problem =
                    format!("{other:?} is not a library that this program was built with: rustls, openssl");
                return Err(bad("tls.library", problem));
            }
        });
    }
    Ok(builder.tls_files(files))
}

#[cfg(not(any(feature = "rustls", feature = "openssl")))]
fn tls(builder: ClusterBuilder, tls: TlsOptions) -> Result<ClusterBuilder, Error> {
    // A plain connection in place of an encrypted one would be the worst answer.
    if tls.is_set() {
        return Err(bad(
            "tls",
            "this program was built without TLS: turn on the feature `rustls` or `openssl`",
        ));
    }
    Ok(builder)
}

fn retry(mut builder: ClusterBuilder, retry: &Retry) -> Result<ClusterBuilder, Error> {
    if retry.enabled == Some(false) {
        let more = Retry {
            enabled: None,
            ..retry.clone()
        };
        if more.is_set() {
            return Err(bad(
                "retry.enabled",
                "is false, and more is said of retries: keep one of both",
            ));
        }
        return Ok(builder.no_retry());
    }
    let mut policy = RetryPolicy::default();
    set!(policy, max_retries(retry.max_retries));
    let mut backoff = Backoff::exponential(
        retry.backoff_base.map_or(Backoff::BASE, |span| span.0),
        retry.backoff_cap.map_or(Backoff::CAP, |span| span.0),
    );
    if retry.jitter == Some(false) {
        backoff = backoff.without_jitter();
    }
    policy = policy.backoff(backoff);
    let (floor, percent) = (retry.budget_floor, retry.budget_percent);
    if retry.budget == Some(false) {
        if floor.is_some() || percent.is_some() {
            return Err(bad(
                "retry.budget",
                "is off, and numbers for it are given: keep one of both",
            ));
        }
        policy = policy.without_budget();
    } else if floor.is_some() || percent.is_some() {
        policy = policy.budget_of(floor.unwrap_or(Budget::FLOOR), percent.unwrap_or(Budget::PERCENT));
    }
    set!(builder, read_timeouts(retry.read_timeouts.map(|rule| rule.0)));
    set!(builder, resend_overloaded(retry.resend_overloaded));
    set!(builder, retry_views(retry.retry_views));
    Ok(builder.retry(policy))
}

fn hedge(builder: ClusterBuilder, hedging: &Hedging) -> Result<ClusterBuilder, Error> {
    if hedging.enabled != Some(true) {
        let more = Hedging {
            enabled: None,
            ..hedging.clone()
        };
        if more.is_set() {
            return Err(bad(
                "hedge.enabled",
                "has to be true where more is said of hedging",
            ));
        }
        return Ok(builder);
    }
    let mut hedge = Hedge::default();
    set!(
        hedge,
        quantile(hedging.quantile),
        after(hedging.after.map(|span| span.0)),
        floor(hedging.floor.map(|span| span.0)),
        share(hedging.share),
        burst(hedging.burst),
    );
    Ok(builder.hedge(hedge))
}

fn rate(builder: ClusterBuilder, rate: &Rate) -> Result<ClusterBuilder, Error> {
    let Some(count) = rate.count else {
        if rate.is_set() {
            return Err(bad("rate_limit", "needs a `count`: how many calls in a `period`"));
        }
        return Ok(builder);
    };
    let mut limit = match rate.period {
        None => RateLimit::per_second(count),
        Some(period) => RateLimit::per(count, period.0),
    };
    set!(limit, burst(rate.burst), queue(rate.queue));
    Ok(builder.rate_limit(limit))
}

fn concurrency(builder: ClusterBuilder, options: Concurrency) -> Result<ClusterBuilder, Error> {
    let Some(limit) = options.limit else {
        if options.is_set() {
            return Err(bad(
                "concurrency_limit",
                "needs a `limit`: how many calls at a time",
            ));
        }
        return Ok(builder);
    };
    let mut limit = ConcurrencyLimit::new(limit);
    set!(limit, queue(options.queue));
    for (label, share) in options.shares.unwrap_or_default() {
        let label = labels::for_ever(label).ok_or_else(|| {
            bad(
                "concurrency_limit.shares",
                "more than 256 different labels in one process",
            )
        })?;
        limit = limit.share(label, share);
    }
    Ok(builder.concurrency_limit(limit))
}

fn metrics(builder: ClusterBuilder, metrics: MetricsOptions) -> Result<ClusterBuilder, Error> {
    let enabled = metrics.enabled;
    let more = MetricsOptions {
        enabled: None,
        ..metrics
    };
    match (enabled, more.is_set()) {
        (Some(false), false) => Ok(builder.no_metrics()),
        (Some(false), true) => Err(bad(
            "metrics.enabled",
            "is false, and more is said of metrics: keep one of both",
        )),
        (Some(true) | None, false) => Ok(builder),
        (Some(true) | None, true) => Ok(builder.global_metrics(GlobalMetrics {
            prefix: more.prefix,
            client: more.client,
            statement_labels: more.statement_labels,
            operation_durations: more.operation_durations,
        })),
    }
}

/// On as soon as anything is said of it, unless it is said to be off.
fn slow_log(builder: ClusterBuilder, options: &SlowLogOptions) -> Result<ClusterBuilder, Error> {
    let more = SlowLogOptions {
        enabled: None,
        ..options.clone()
    };
    match (options.enabled, more.is_set()) {
        (Some(false), true) => {
            return Err(bad(
                "slow_log.enabled",
                "is false, and more is said of the log: keep one of both",
            ));
        }
        (Some(false), false) | (None, false) => return Ok(builder),
        (Some(true), _) | (None, true) => {}
    }
    let mut log = SlowLog::above(more.threshold.map_or(SlowLog::THRESHOLD, |span| span.0));
    set!(
        log,
        failures(more.failures),
        sample(more.sample),
        per_second(more.per_second)
    );
    Ok(builder.slow_log(log))
}

fn health(mut builder: ClusterBuilder, health: &Health) -> Result<ClusterBuilder, Error> {
    if health.enabled == Some(false) {
        if health.interval.is_some() || health.timeout.is_some() {
            return Err(bad(
                "health.enabled",
                "is false, and times for probes are given: keep one of both",
            ));
        }
        builder = builder.no_health_check();
    } else {
        let interval = health.interval.map_or(HealthCheck::INTERVAL, |span| span.0);
        let mut check = HealthCheck::every(interval);
        set!(check, timeout(health.timeout.map(|span| span.0)));
        builder = builder.health(check);
    }
    let mut settings = HealthSettings::default().ejection(
        health
            .ejection_base
            .map_or(HealthSettings::EJECTION_BASE, |span| span.0),
        health
            .ejection_cap
            .map_or(HealthSettings::EJECTION_CAP, |span| span.0),
    );
    set!(
        settings,
        node_limit(health.node_limit),
        abandoned_limit(health.abandoned_limit),
        consecutive_failures(health.consecutive_failures),
        failure_percent(health.failure_percent),
    );
    Ok(builder.health_settings(settings))
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

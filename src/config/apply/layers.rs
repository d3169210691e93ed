//! The layers of the stack.

use tower_cassandra_layers::health::{HealthCheck, HealthSettings};
use tower_cassandra_layers::hedge::Hedge;
use tower_cassandra_layers::limit::{ConcurrencyLimit, RateLimit};
use tower_cassandra_layers::retry::{Backoff, Budget, RetryPolicy};

use super::bad;
use crate::cluster::{ClusterBuilder, GlobalMetrics};
use crate::config::labels;
use crate::config::options::{Concurrency, Health, Hedging, MetricsOptions, Rate, Retry, SlowLogOptions};
use crate::error::Error;
use crate::observe::SlowLog;

pub(super) fn retry(mut builder: ClusterBuilder, retry: &Retry) -> Result<ClusterBuilder, Error> {
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

pub(super) fn hedge(builder: ClusterBuilder, hedging: &Hedging) -> Result<ClusterBuilder, Error> {
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

pub(super) fn rate(builder: ClusterBuilder, rate: &Rate) -> Result<ClusterBuilder, Error> {
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

pub(super) fn concurrency(builder: ClusterBuilder, options: Concurrency) -> Result<ClusterBuilder, Error> {
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

pub(super) fn metrics(builder: ClusterBuilder, metrics: MetricsOptions) -> Result<ClusterBuilder, Error> {
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
pub(super) fn slow_log(builder: ClusterBuilder, options: &SlowLogOptions) -> Result<ClusterBuilder, Error> {
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

pub(super) fn health(mut builder: ClusterBuilder, health: &Health) -> Result<ClusterBuilder, Error> {
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

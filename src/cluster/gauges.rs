//! What is shown in the metrics from time to time, because to show it at every request would cost every request.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tower_cassandra_layers::health::{State, Status, Table};
use tower_cassandra_layers::metrics::{CacheFigures, CacheMetrics, Metrics, UPKEEP_INTERVAL};
use tower_cassandra_layers::retry::RetryLayer;
use uuid::Uuid;

use crate::classifier::CqlClassifier;
use crate::monitor::Monitor;
use crate::observe::Collectors;
use crate::session::{Limits, PreparedCacheStats};

/// Tells what a cache of prepared statements holds and did.
pub(crate) type CacheView = Box<dyn Fn() -> PreparedCacheStats + Send + Sync>;

/// Who knows what is to be shown.
#[derive(Clone, Default)]
pub(super) struct Gauges {
    pub(super) metrics: Option<Metrics>,
    pub(super) limits: Limits,
    pub(super) retry: Option<RetryLayer<CqlClassifier>>,
    pub(super) collectors: Collectors,
}

/// Where the cache is put when there is one.
#[derive(Clone, Default)]
pub(super) struct CacheSlot(Arc<OnceLock<CacheView>>);

impl fmt::Debug for CacheSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheSlot").finish_non_exhaustive()
    }
}

impl CacheSlot {
    /// The first one stays.
    pub(super) fn set(&self, view: CacheView) {
        let _ = self.0.set(view);
    }
}

/// Shows it, tick by tick.
pub(super) struct Shown {
    gauges: Gauges,
    table: Table,
    cache: CacheSlot,
    cache_metrics: Option<CacheMetrics>,
    since_upkeep: Duration,
    since_told: Duration,
    /// What the collectors were told of each node: only changes are told at once.
    told: Vec<(Uuid, Status, State)>,
}

impl Shown {
    pub(super) fn new(gauges: Gauges, table: Table, cache: CacheSlot) -> Self {
        Self {
            cache_metrics: gauges.metrics.as_ref().map(Metrics::prepared_cache),
            gauges,
            table,
            cache,
            since_upkeep: Duration::ZERO,
            since_told: Duration::ZERO,
            told: Vec::new(),
        }
    }

    /// Tells the collectors how the nodes are: each that has changed, and all of them from time to time.
    pub(super) fn tell_collectors(&mut self, passed: Duration, monitor: &Monitor) {
        let collectors = &self.gauges.collectors;
        if collectors.is_empty() || !collectors.is_enabled() {
            return;
        }
        self.since_told += passed;
        let all = self.since_told >= UPKEEP_INTERVAL;
        if all {
            self.since_told = Duration::ZERO;
        }
        let mut hosts = monitor.health().hosts;
        let now = hosts
            .iter()
            .map(|host| (host.host_id, host.status, host.state))
            .collect();
        let before = std::mem::replace(&mut self.told, now);
        hosts.retain(|host| all || !before.contains(&(host.host_id, host.status, host.state)));
        collectors.hosts(hosts);
    }

    /// Shows everything as it is now; `passed` is the time since it was last called.
    pub(super) fn refresh(&mut self, passed: Duration) {
        let Some(metrics) = &self.gauges.metrics else {
            return;
        };
        self.table.refresh_metrics();
        if let Some(limit) = &self.gauges.limits.concurrency {
            limit.refresh_metrics();
        }
        if let Some(limit) = &self.gauges.limits.rate {
            limit.refresh_metrics();
        }
        if let Some(retry) = &self.gauges.retry {
            retry.refresh_metrics();
        }
        if let (Some(shown), Some(view)) = (&mut self.cache_metrics, self.cache.0.get()) {
            let stats = view();
            shown.show(CacheFigures {
                entries: stats.entries,
                capacity: stats.capacity,
                hits: stats.hits,
                shared: stats.shared,
                misses: stats.misses,
                evictions: stats.evictions,
            });
        }
        self.since_upkeep += passed;
        if self.since_upkeep >= UPKEEP_INTERVAL {
            self.since_upkeep = Duration::ZERO;
            metrics.run_upkeep();
        }
    }
}

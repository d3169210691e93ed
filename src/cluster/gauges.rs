//! What is shown in the metrics from time to time, because to show it at every request would cost every request.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tower_cassandra_layers::health::Table;
use tower_cassandra_layers::metrics::{CacheFigures, CacheMetrics, Metrics, UPKEEP_INTERVAL};
use tower_cassandra_layers::retry::RetryLayer;
use uuid::Uuid;

use crate::classifier::CqlClassifier;
use crate::monitor::{HostHealth, Monitor};
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
    /// What the collectors were told of each node: only changes are told at once, and who is in here and not there any more has left.
    told: BTreeMap<Uuid, HostHealth>,
}

impl Drop for Shown {
    // The session has ended: nobody will hear of its nodes again.
    fn drop(&mut self) {
        self.gauges
            .collectors
            .left(std::mem::take(&mut self.told).into_values());
    }
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
            told: BTreeMap::new(),
        }
    }

    /// Tells the collectors how the nodes are: who has left, each that has changed, and all of them from time to time.
    pub(super) fn tell_collectors(&mut self, passed: Duration, monitor: &Monitor) {
        let collectors = &self.gauges.collectors;
        if !collectors.is_empty() && collectors.is_enabled() {
            self.tell_hosts(passed, monitor.health().hosts);
        }
    }

    fn tell_hosts(&mut self, passed: Duration, hosts: Vec<HostHealth>) {
        self.since_told += passed;
        let all = self.since_told >= UPKEEP_INTERVAL;
        if all {
            self.since_told = Duration::ZERO;
        }
        let now = hosts.into_iter().map(|host| (host.host_id, host)).collect();
        let before = std::mem::replace(&mut self.told, now);
        let (told, collectors) = (&self.told, &self.gauges.collectors);
        let is_known = |host: &HostHealth| {
            let old = before.get(&host.host_id);
            old.is_some_and(|old| (old.status, old.state) == (host.status, host.state))
        };
        // Those who have left first: another node may have the address of one now.
        let left = before.values().filter(|host| !told.contains_key(&host.host_id));
        collectors.left(left.cloned());
        let changed = told.values().filter(|host| all || !is_known(host));
        collectors.hosts(changed.cloned());
    }

    /// Shows everything as it is now; `passed` is the time since it was last called.
    pub(super) fn refresh(&mut self, passed: Duration) {
        self.table.refresh_metrics();
        let Some(metrics) = &self.gauges.metrics else {
            return;
        };
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

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use tower_cassandra_layers::health::{HealthSettings, State, Status};

    use super::*;
    use crate::observe::{Collector, Delivery, QueryRecord};

    /// Keeps which nodes it is told of.
    #[derive(Default)]
    struct Kept(Mutex<Vec<(&'static str, u128)>>);

    impl Kept {
        fn note(&self, what: &'static str, host: &HostHealth) {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push((what, host.host_id.as_u128()));
        }

        fn take(&self) -> Vec<(&'static str, u128)> {
            std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }

    impl Collector for Kept {
        fn record_query(&self, _: &QueryRecord) {}

        fn record_host(&self, host: &HostHealth) {
            self.note("is", host);
        }

        fn host_left(&self, host: &HostHealth) {
            self.note("left", host);
        }

        fn delivery(&self) -> Delivery {
            Delivery::Inline
        }
    }

    #[test]
    fn collectors_hear_of_nodes_that_change_and_of_those_that_leave() {
        let kept = Arc::new(Kept::default());
        let gauges = Gauges {
            collectors: Collectors::new([Arc::clone(&kept) as Arc<dyn Collector>]).unwrap(),
            ..Gauges::default()
        };
        let table = Table::new(HealthSettings::default()).unwrap();
        let mut shown = Shown::new(gauges, table, CacheSlot::default());
        let node = |id| HostHealth::named(id, &format!("10.0.0.{id}:9042"));
        let mut tell = |ids: &[u128], passed: u64| {
            shown.tell_hosts(
                Duration::from_secs(passed),
                ids.iter().copied().map(node).collect(),
            );
            kept.take()
        };
        assert_eq!(tell(&[1, 2], 1), [("is", 1), ("is", 2)]);
        assert_eq!(tell(&[1, 2], 1), []);
        assert_eq!(tell(&[2, 3], 1), [("left", 1), ("is", 3)]);
        assert_eq!(tell(&[2, 3], 5), [("is", 2), ("is", 3)]);
        assert_eq!(tell(&[1, 2, 3], 1), [("is", 1)]);
        shown.tell_hosts(
            Duration::from_secs(1),
            vec![
                node(1),
                HostHealth {
                    status: Status::Down,
                    state: State::Healthy,
                    ..node(2)
                },
            ],
        );
        assert_eq!(kept.take(), [("left", 3), ("is", 2)]);
        // The session ends.
        drop(shown);
        assert_eq!(kept.take(), [("left", 1), ("left", 2)]);
    }
}

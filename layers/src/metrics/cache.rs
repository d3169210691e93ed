use std::fmt;

use ::metrics::{Counter, Gauge};

use super::{Metrics, names};

/// Shows what a cache of prepared statements holds and did. Made by [`Metrics::prepared_cache`]; there is one for each cache. When it is dropped, what
/// the cache held is no longer in the gauges.
pub struct CacheMetrics {
    metrics: Metrics,
    entries: Gauge,
    capacity: Gauge,
    hits: Counter,
    shared: Counter,
    misses: Counter,
    evictions: Counter,
    shown: CacheFigures,
}

/// The figures of a cache of prepared statements, all counts since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// What it holds.
    pub entries: usize,
    /// What it can hold.
    pub capacity: usize,
    /// Lookups that found their statement.
    pub hits: u64,
    /// Lookups that waited for a PREPARE that somebody else had begun.
    pub shared: u64,
    /// Lookups that began a PREPARE.
    pub misses: u64,
    /// Statements that made place for others.
    pub evictions: u64,
}

impl fmt::Debug for CacheMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheMetrics")
            .field("shown", &self.shown)
            .finish_non_exhaustive()
    }
}

impl Metrics {
    /// The handles of one cache of prepared statements. Those of several caches on the same metrics add up.
    #[must_use]
    pub fn prepared_cache(&self) -> CacheMetrics {
        let registry = self.registry();
        let lookups = |outcome| registry.counter(&names::CACHE_LOOKUPS, &[("outcome", outcome)]);
        CacheMetrics {
            entries: registry.gauge(&names::CACHE_ENTRIES, &[]),
            capacity: registry.gauge(&names::CACHE_CAPACITY, &[]),
            hits: lookups("hit"),
            shared: lookups("shared"),
            misses: lookups("miss"),
            evictions: registry.counter(&names::CACHE_EVICTIONS, &[]),
            shown: CacheFigures::default(),
            metrics: self.clone(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn move_gauge(gauge: &Gauge, from: usize, to: usize) {
    gauge.increment(to as f64 - from as f64);
}

impl CacheMetrics {
    /// Shows these figures in place of those before. To be called from time to time.
    pub fn show(&mut self, now: CacheFigures) {
        let before = self.shown;
        let switch = &self.metrics.registry().switch;
        if !switch.is_on() {
            return;
        }
        switch.always(|| {
            move_gauge(&self.entries, before.entries, now.entries);
            move_gauge(&self.capacity, before.capacity, now.capacity);
            for (counter, before, now) in [
                (&self.hits, before.hits, now.hits),
                (&self.shared, before.shared, now.shared),
                (&self.misses, before.misses, now.misses),
                (&self.evictions, before.evictions, now.evictions),
            ] {
                counter.increment(now.saturating_sub(before));
            }
        });
        self.shown = now;
    }
}

impl Drop for CacheMetrics {
    fn drop(&mut self) {
        let switch = &self.metrics.registry().switch;
        switch.always(|| {
            move_gauge(&self.entries, self.shown.entries, 0);
            move_gauge(&self.capacity, self.shown.capacity, 0);
        });
    }
}

use serde::Serialize;
use tokio::time::Instant;
use tower_cassandra_layers::hedge::HedgeHandle;
use tower_cassandra_layers::limit::{ConcurrencyHandle, RateLimitHandle, Rejections, Waits};
use tower_cassandra_layers::request::HedgeClass;
use tower_cassandra_layers::retry::Budget;

use super::millis;
use crate::session::PreparedCacheStats;

#[derive(Debug, Serialize)]
struct Rejected {
    queue_full: u64,
    elapsed: u64,
    too_heavy: u64,
}

impl From<Rejections> for Rejected {
    fn from(rejections: Rejections) -> Self {
        Self {
            queue_full: rejections.queue_full,
            elapsed: rejections.elapsed,
            too_heavy: rejections.too_heavy,
        }
    }
}

/// How long admitted requests waited.
#[derive(Debug, Serialize)]
struct Waited {
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
}

impl From<Waits> for Waited {
    fn from(waits: Waits) -> Self {
        Self {
            p50_ms: waits.quantile(0.5).map(millis),
            p99_ms: waits.quantile(0.99).map(millis),
        }
    }
}

/// What either limit tells of those who wait and of those who were admitted or refused.
#[derive(Debug, Serialize)]
struct Queue {
    queue: usize,
    queued: usize,
    admitted: u64,
    rejected: Rejected,
    waited: Waited,
}

impl Queue {
    fn new(queue: usize, queued: usize, admitted: u64, rejected: Rejections, waits: Waits) -> Self {
        Self {
            queue,
            queued,
            admitted,
            rejected: rejected.into(),
            waited: waits.into(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Concurrency {
    limit: usize,
    active: usize,
    #[serde(flatten)]
    queue: Queue,
}

impl Concurrency {
    pub(super) fn of(limit: &ConcurrencyHandle) -> Self {
        let (queue, queued) = (limit.queue(), limit.queued());
        Self {
            limit: limit.limit(),
            active: limit.active(),
            queue: Queue::new(queue, queued, limit.admitted(), limit.rejected(), limit.waits()),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Rate {
    per_second: f64,
    burst: u32,
    #[serde(flatten)]
    queue: Queue,
}

impl Rate {
    pub(super) fn of(limit: &RateLimitHandle) -> Self {
        let (queue, queued) = (limit.queue(), limit.queued());
        Self {
            per_second: limit.per_second(),
            burst: limit.burst(),
            queue: Queue::new(queue, queued, limit.admitted(), limit.rejected(), limit.waits()),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct RetryBudget {
    window_s: u64,
    allowed: u64,
    used: u64,
}

impl RetryBudget {
    pub(super) fn of(budget: &Budget) -> Self {
        let usage = budget.usage(Instant::now());
        Self {
            window_s: Budget::WINDOW.as_secs(),
            allowed: usage.allowed,
            used: usage.used,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Hedging {
    saved: u64,
    burst: u64,
    sent: u64,
    won: u64,
    without_budget: u64,
    read_delay_ms: Option<f64>,
    write_delay_ms: Option<f64>,
}

impl Hedging {
    pub(super) fn of(hedge: &HedgeHandle) -> Self {
        Self {
            saved: hedge.saved(),
            burst: hedge.burst(),
            sent: hedge.sent(),
            won: hedge.won(),
            without_budget: hedge.without_budget(),
            read_delay_ms: hedge.delay(HedgeClass::Read).map(millis),
            write_delay_ms: hedge.delay(HedgeClass::Write).map(millis),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct PreparedCache {
    capacity: usize,
    entries: usize,
    in_flight: usize,
    hits: u64,
    shared: u64,
    misses: u64,
    failures: u64,
    evictions: u64,
}

impl From<PreparedCacheStats> for PreparedCache {
    fn from(stats: PreparedCacheStats) -> Self {
        Self {
            capacity: stats.capacity,
            entries: stats.entries,
            in_flight: stats.in_flight,
            hits: stats.hits,
            shared: stats.shared,
            misses: stats.misses,
            failures: stats.failures,
            evictions: stats.evictions,
        }
    }
}

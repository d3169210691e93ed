use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{MemoryCollector, State};

/// So many statements are in [`Statistics::top_queries`].
const TOP: usize = 10;

/// What a collector has seen. `Display` is a report for people.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// All requests, and the recent ones.
    pub query_performance: QueryPerformance,
    /// How many requests failed since the beginning, by kind of error.
    pub error_summary: BTreeMap<String, u64>,
    /// The ten most frequent statements since the beginning.
    pub top_queries: Vec<TopQuery>,
    /// The nodes, by address, also those that no request went to.
    pub connection_health: BTreeMap<String, HostStatistics>,
}

/// All requests, and the recent ones: those of the last 5 minutes, at most the last 10,000.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct QueryPerformance {
    /// Since the beginning, cancelled ones included.
    pub total_queries: u64,
    /// Those that failed.
    pub total_errors: u64,
    /// Those whose caller stopped waiting.
    pub total_cancelled: u64,
    /// In the last 5 minutes.
    pub recent_queries_5min: usize,
    /// Of the recent ones.
    pub avg_duration_ms: f64,
    /// Of the recent ones.
    pub min_duration_ms: f64,
    /// Of the recent ones.
    pub max_duration_ms: f64,
    /// The part of the recent ones that succeeded, from 0 to 1, of those that ended. 1 if none did.
    pub success_rate: f64,
    /// The recent ones, by the time that they cover: 5 minutes, or since the beginning if that is less, or since the oldest of them that is still kept.
    pub queries_per_second: f64,
    /// The median of all since the beginning; up to a quarter too high, as the other percentiles are.
    pub p50_duration_ms: f64,
    /// Of all since the beginning.
    pub p95_duration_ms: f64,
    /// Of all since the beginning.
    pub p99_duration_ms: f64,
}

/// One of the most frequent statements.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopQuery {
    /// The hash of its fingerprint.
    pub query_hash: String,
    /// Its text without values.
    pub query: String,
    /// How often it was run.
    pub count: u64,
    /// How often it failed.
    pub errors: u64,
    /// How long it took, on average.
    pub avg_duration: Duration,
    /// How long it took at most.
    pub max_duration: Duration,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostStatistics {
    /// May it be chosen?
    pub healthy: bool,
    /// When it was last probed.
    pub last_check: Option<SystemTime>,
    /// How long that probe took.
    pub response_time: Option<Duration>,
    /// Why it is not well.
    pub last_error: Option<String>,
    /// Attempts on it that failed.
    pub error_count: u64,
    /// Attempts on it.
    pub total_queries: u64,
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn ratio(part: usize, of: f64, otherwise: f64) -> f64 {
    if of > 0.0 { part as f64 / of } else { otherwise }
}

impl State {
    pub(super) fn statistics(&self) -> Statistics {
        Statistics {
            query_performance: self.performance(Instant::now()),
            error_summary: self
                .errors
                .iter()
                .map(|(kind, count)| ((*kind).to_owned(), *count))
                .collect(),
            top_queries: self.top.list(TOP),
            connection_health: self.health(),
        }
    }

    fn performance(&self, now: Instant) -> QueryPerformance {
        let recent = self.ring.recent(now, self.began, MemoryCollector::WINDOW);
        let quantile = |q| self.spread.quantile(q).map(ms).unwrap_or_default();
        let count = u32::try_from(recent.count).unwrap_or(u32::MAX).max(1);
        QueryPerformance {
            total_queries: self.total,
            total_errors: self.failed,
            total_cancelled: self.cancelled,
            recent_queries_5min: recent.count,
            avg_duration_ms: ms(recent.sum / count),
            min_duration_ms: ms(recent.min),
            max_duration_ms: ms(recent.max),
            success_rate: ratio(recent.succeeded, recent.ended as f64, 1.0),
            queries_per_second: ratio(recent.count, recent.covered.as_secs_f64(), 0.0),
            p50_duration_ms: quantile(0.5),
            p95_duration_ms: quantile(0.95),
            p99_duration_ms: quantile(0.99),
        }
    }

    fn health(&self) -> BTreeMap<String, HostStatistics> {
        let shown = |(id, host): (&uuid::Uuid, &super::Host)| {
            let health = host.health.as_ref();
            let name = health.map_or_else(|| id.to_string(), |health| health.address.clone());
            let shown = HostStatistics {
                // Of one that answers requests and was never looked at nothing bad is known.
                healthy: health.is_none_or(crate::monitor::HostHealth::is_healthy),
                last_check: health.and_then(|health| health.checked_at),
                response_time: health.and_then(|health| health.latency),
                last_error: health.and_then(|health| health.error.clone()),
                error_count: host.errors,
                total_queries: host.attempts,
            };
            (name, shown)
        };
        self.hosts.iter().map(shown).collect()
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = &self.query_performance;
        writeln!(f, "query_performance")?;
        writeln!(
            f,
            "  total_queries {}, errors {}, cancelled {}",
            all.total_queries, all.total_errors, all.total_cancelled
        )?;
        writeln!(
            f,
            "  recent_queries_5min {}, queries_per_second {:.1}, success_rate {:.4}",
            all.recent_queries_5min, all.queries_per_second, all.success_rate
        )?;
        writeln!(
            f,
            "  duration_ms avg {:.2}, min {:.2}, max {:.2}; p50 {:.2}, p95 {:.2}, p99 {:.2}",
            all.avg_duration_ms,
            all.min_duration_ms,
            all.max_duration_ms,
            all.p50_duration_ms,
            all.p95_duration_ms,
            all.p99_duration_ms
        )?;
        writeln!(f, "error_summary")?;
        for (kind, count) in &self.error_summary {
            writeln!(f, "  {kind} {count}")?;
        }
        writeln!(f, "top_queries")?;
        for query in &self.top_queries {
            writeln!(
                f,
                "  {} {:>8} times, {} errors, avg {:.2} ms, max {:.2} ms: {}",
                query.query_hash,
                query.count,
                query.errors,
                ms(query.avg_duration),
                ms(query.max_duration),
                query.query
            )?;
        }
        writeln!(f, "connection_health")?;
        for (host, health) in &self.connection_health {
            let state = if health.healthy { "healthy" } else { "not healthy" };
            write!(
                f,
                "  {host} {state}, {} attempts, {} errors",
                health.total_queries, health.error_count
            )?;
            match (&health.response_time, &health.last_error) {
                (_, Some(error)) => writeln!(f, ": {error}")?,
                (Some(time), None) => writeln!(f, ", answers in {:.2} ms", ms(*time))?,
                (None, None) => writeln!(f)?,
            }
        }
        Ok(())
    }
}

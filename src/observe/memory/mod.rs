//! The collector that keeps its figures in memory.

mod ring;
mod spread;
mod statistics;
#[cfg(test)]
mod tests;
mod top;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::{Collector, Delivery, QueryOutcome, QueryRecord};
use crate::monitor::HostHealth;
use ring::Ring;
use spread::Spread;
pub use statistics::{HostStatistics, QueryPerformance, Statistics, TopQuery};
use top::Top;

/// Keeps figures of the requests of a session in memory, bounded, and gives them as [`Statistics`]. It is called where requests end, under one lock for less than a
/// microsecond.
///
/// | what | how much |
/// |---|---|
/// | totals, errors by kind, percentiles | all requests since it was made |
/// | recent figures | the last 5 minutes, of the last 10,000 requests |
/// | statements | 1,000; the least frequent one makes place for a new one, so that the frequent ones are always there |
/// | nodes | 1,024; one that leaves the cluster is forgotten, and so are all of them when the session ends |
pub struct MemoryCollector {
    state: Mutex<State>,
}

struct State {
    began: Instant,
    total: u64,
    failed: u64,
    cancelled: u64,
    spread: Spread,
    ring: Ring,
    errors: BTreeMap<&'static str, u64>,
    top: Top,
    hosts: BTreeMap<Uuid, Host>,
    /// Those who left last: a request that was under way to one does not bring it back when it ends.
    left: VecDeque<Uuid>,
}

#[derive(Default)]
struct Host {
    health: Option<HostHealth>,
    attempts: u64,
    errors: u64,
}

/// More than clusters have; nodes beyond it are not shown.
const MAX_HOSTS: usize = 1_024;

impl Default for MemoryCollector {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCollector")
            .field("total", &self.lock().total)
            .finish_non_exhaustive()
    }
}

impl MemoryCollector {
    /// So many requests are kept for the recent figures: 10,000, about 400 kB.
    pub const RECENT: usize = 10_000;
    /// What is recent: 5 minutes.
    pub const WINDOW: Duration = Duration::from_secs(5 * 60);

    /// A collector that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::with_recent(Self::RECENT)
    }

    /// A collector that keeps so many requests for its recent figures; 0 counts as 1.
    #[must_use]
    pub fn with_recent(requests: usize) -> Self {
        Self {
            state: Mutex::new(State {
                began: Instant::now(),
                total: 0,
                failed: 0,
                cancelled: 0,
                spread: Spread::default(),
                ring: Ring::new(requests.max(1)),
                errors: BTreeMap::new(),
                top: Top::default(),
                hosts: BTreeMap::new(),
                left: VecDeque::new(),
            }),
        }
    }

    /// What it has seen.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.lock().statistics()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for MemoryCollector {
    fn record_query(&self, record: &QueryRecord) {
        self.lock().record(record);
    }

    fn record_host(&self, host: &HostHealth) {
        let mut state = self.lock();
        // A node that took the place of another has its address and an id of its own.
        let is_replaced = |known: &Host| {
            let before = known.health.as_ref();
            before.is_some_and(|before| before.address == host.address)
        };
        state
            .hosts
            .retain(|id, known| *id == host.host_id || !is_replaced(known));
        state.left.retain(|id| *id != host.host_id);
        if let Some(known) = state.host(host.host_id) {
            known.health = Some(host.clone());
        }
    }

    fn host_left(&self, host: &HostHealth) {
        let mut state = self.lock();
        state.hosts.remove(&host.host_id);
        state.left.retain(|id| *id != host.host_id);
        if state.left.len() >= MAX_HOSTS {
            state.left.pop_front();
        }
        state.left.push_back(host.host_id);
    }

    fn snapshot(&self) -> Option<Statistics> {
        Some(self.statistics())
    }

    fn delivery(&self) -> Delivery {
        Delivery::Inline
    }
}

impl State {
    fn host(&mut self, id: Uuid) -> Option<&mut Host> {
        let is_known = self.hosts.contains_key(&id);
        if !is_known && (self.hosts.len() >= MAX_HOSTS || self.left.contains(&id)) {
            return None;
        }
        Some(self.hosts.entry(id).or_default())
    }

    fn record(&mut self, record: &QueryRecord) {
        self.total += 1;
        match record.outcome {
            QueryOutcome::Success => {}
            QueryOutcome::Failure(kind) => {
                self.failed += 1;
                *self.errors.entry(kind.label()).or_default() += 1;
            }
            QueryOutcome::Cancelled => self.cancelled += 1,
        }
        self.spread.add(record.duration);
        self.ring.push(record);
        self.top.add(record);
        for attempt in record.timings.attempts() {
            if let Some(host) = attempt.node.and_then(|node| self.host(node)) {
                host.attempts += 1;
                host.errors += u64::from(attempt.error.is_some());
            }
        }
    }
}

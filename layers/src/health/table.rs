use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Notify;

use super::changes::{Changes, log};
use super::roster::Roster;
use super::settings::HealthSettings;
use super::snapshot::{self, EndpointHealth};
use crate::balance::{Endpoint, Latencies};
use crate::clock;
use crate::config::InvalidConfig;
use crate::metrics::Metrics;
use crate::random::Random;
use crate::request::NodeId;
use crate::retry::Budget;

/// The stall limit follows this quantile of the latencies, in millionths.
const STALL_QUANTILE: u64 = 950_000;

/// The one table of a session's nodes. Clones are the same table.
#[derive(Clone)]
pub struct Table {
    shared: Arc<Shared>,
    endpoints: Arc<RwLock<Arc<[Arc<Endpoint>]>>>,
    metrics: Option<Metrics>,
}

/// What all endpoints of a table have in common.
pub(crate) struct Shared {
    pub(crate) settings: HealthSettings,
    pub(crate) latencies: Latencies,
    pub(crate) random: Random,
    roster: Mutex<Roster>,
    /// Told by every request that finds a silent node among its candidates, and by every probe that fails.
    pub(crate) doubt: Notify,
    /// Copy of the roster's verdict, to read without its lock.
    panics: AtomicBool,
    /// What the probes are charged to.
    pub(crate) budget: OnceLock<Budget>,
}

impl Shared {
    /// How long a node may be silent: see the module page.
    pub(crate) fn stall_limit(&self) -> u64 {
        const SAMPLES: u32 = 100;
        const MILLISECOND: u64 = 1_000_000;
        if !self.latencies.has_seen(SAMPLES) {
            100 * MILLISECOND
        } else {
            let p95 = self.latencies.quantile();
            (p95 / 2)
                .saturating_mul(3)
                .clamp(10 * MILLISECOND, 1_000 * MILLISECOND)
        }
    }

    pub(super) fn with_roster<T>(&self, f: impl FnOnce(&mut Roster) -> T) -> T {
        let mut roster = self.roster.lock().unwrap_or_else(PoisonError::into_inner);
        let result = f(&mut roster);
        self.panics.store(roster.ejected * 2 > roster.total, Relaxed);
        let changes = roster.announcer.take_unlogged();
        drop(roster);
        log(&changes);
        result
    }

    /// Tells the readers if the status of a node is another one than they know of.
    pub(crate) fn announce_status(&self, endpoint: &Endpoint, why: &str) {
        // Usually nothing has changed, and the lock is left alone.
        if endpoint.watched.is_news(endpoint.status()) {
            self.with_roster(|roster| roster.announce_status(endpoint, why));
        }
    }

    /// Shows in the metrics whether the node is fit for requests, unless it is none of the table's: a late probe must not undo that it has left. Under the roster's lock, so
    /// that it does not leave in between.
    pub(crate) fn show_health(&self, endpoint: &Endpoint) {
        if endpoint.metrics().is_some() {
            self.with_roster(|_| show_member(endpoint));
        }
    }

    /// Are so many nodes ejected that ejection is more likely wrong than right?
    pub(crate) fn panics(&self) -> bool {
        self.panics.load(Relaxed)
    }
}

fn show_member(endpoint: &Endpoint) {
    if let Some(metrics) = endpoint.metrics().filter(|_| endpoint.passive.is_member()) {
        metrics.set_healthy(endpoint.is_fit());
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("endpoints", &self.endpoints())
            .finish_non_exhaustive()
    }
}

impl Table {
    /// An empty table.
    ///
    /// # Errors
    /// [`InvalidConfig`] when a setting makes no sense.
    pub fn new(settings: HealthSettings) -> Result<Self, InvalidConfig> {
        settings.validate()?;
        Ok(Self {
            shared: Arc::new(Shared {
                settings,
                latencies: Latencies::of(STALL_QUANTILE),
                random: settings.seed.map_or_else(Random::new, Random::seeded),
                roster: Mutex::default(),
                doubt: Notify::new(),
                panics: AtomicBool::new(false),
                budget: OnceLock::new(),
            }),
            endpoints: Arc::new(RwLock::new(Arc::from([]))),
            metrics: None,
        })
    }

    /// Endpoints made from now on show their figures there.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Charges every probe to this budget, that of the [retries](crate::retry::RetryPolicy::budget): what is added to the calls has one bound
    /// then. A probe is made even if nothing is left; retries and [hedges](crate::hedge) have less to spend in turn. The first budget given stays. Default: none.
    pub fn charge_probes_to(&self, budget: Budget) {
        let _ = self.shared.budget.set(budget);
    }

    /// Makes an endpoint of this table. It counts once it is given to [`replace`](Self::replace). `payload` is whatever the leaf needs to
    /// reach the node.
    pub fn endpoint(&self, id: NodeId, name: &str, payload: impl Any + Send + Sync) -> Arc<Endpoint> {
        let metrics = self.metrics.as_ref().map(|metrics| metrics.node(name));
        let shared = Arc::clone(&self.shared);
        Arc::new(Endpoint::new(id, name.into(), Box::new(payload), shared, metrics))
    }

    /// Sets the nodes there are now. Requests under way keep the endpoints they were sent to.
    ///
    /// Readers of [`changes`](Self::changes) are told who joined and who left, but not of the first nodes there are. A node that comes back
    /// under another name has left and joined.
    pub fn replace(&self, endpoints: impl IntoIterator<Item = Arc<Endpoint>>) {
        let endpoints: Arc<[Arc<Endpoint>]> = endpoints.into_iter().collect();
        self.shared.with_roster(|roster| {
            let mut current = self.endpoints.write().unwrap_or_else(PoisonError::into_inner);
            for endpoint in current.iter() {
                endpoint.passive.set_member(false);
            }
            (roster.total, roster.ejected) = (0, 0);
            for endpoint in endpoints.iter() {
                if !endpoint.passive.set_member(true) {
                    roster.total += 1;
                    roster.ejected += usize::from(endpoint.passive.is_ejected());
                }
            }
            roster.announce_moves(&current, &endpoints);
            // A node that left shows no figures any more; one that was only made anew keeps those of its name.
            for gone in current
                .iter()
                .filter(|old| endpoints.iter().all(|new| new.name() != old.name()))
            {
                if let Some(metrics) = gone.metrics() {
                    metrics.retire();
                }
            }
            // What was said of them before they were members.
            endpoints.iter().for_each(|endpoint| show_member(endpoint));
            *current = endpoints;
        });
    }

    /// Forgets all nodes, without telling anybody, and ends all [`changes`](Self::changes).
    pub fn close(&self) {
        self.shared.with_roster(|roster| roster.announcer.close());
        self.replace([]);
    }

    /// What happens to the nodes from now on.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.shared.with_roster(|roster| roster.announcer.subscribe())
    }

    /// The nodes there are now.
    #[must_use]
    pub fn endpoints(&self) -> Arc<[Arc<Endpoint>]> {
        Arc::clone(&self.endpoints.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The node that owes an answer to this call ([`Beside::call`](crate::classify::Beside::call)), whether or not somebody waits for it. None where
    /// none does. Looks at all of them: not for every request.
    #[must_use]
    pub fn owing(&self, call: u32) -> Option<NodeId> {
        let endpoints = self.endpoints();
        let mut owing = endpoints.iter().filter(|endpoint| endpoint.owes(call));
        owing.next().map(|endpoint| endpoint.id())
    }

    /// How many nodes there are now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.endpoints().len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A number for ties and starting points, below `bound`.
    #[must_use]
    pub fn random_below(&self, bound: usize) -> usize {
        self.shared.random.below(bound as u64) as usize
    }

    /// In how long the first of the ejected nodes is tried again, where none of the others has a connection: what a caller may be told who has to come back. None as long
    /// as one may be chosen, and where none is ejected.
    #[must_use]
    pub fn next_try(&self) -> Option<Duration> {
        let now = clock::now().number();
        let mut first = None;
        for endpoint in self.endpoints().iter() {
            if endpoint.passive.is_ejected() {
                let until = endpoint.passive.ejected_until();
                first = Some(first.map_or(until, |first: u64| first.min(until)));
            } else if endpoint.is_connected() {
                return None;
            }
        }
        first.map(|until| Duration::from_nanos(until.saturating_sub(now)))
    }

    /// What is known of every node now.
    #[must_use]
    pub fn snapshot(&self) -> Vec<EndpointHealth> {
        let now = clock::now().number();
        let stall_limit = self.shared.stall_limit();
        self.endpoints()
            .iter()
            .map(|endpoint| EndpointHealth::of(endpoint, now, stall_limit))
            .collect()
    }

    /// Shows in the metrics what state each node is in, and tells of those that have answered requests since a probe of them failed, which needs no metrics. To be called from
    /// time to time by whoever looks after the session: a node becomes silent, or well, without anything happening.
    pub fn refresh_metrics(&self) {
        for endpoint in self.endpoints().iter() {
            endpoint.look_again();
        }
        if self.metrics.as_ref().is_none_or(|metrics| !metrics.is_enabled()) {
            return;
        }
        let now = clock::now().number();
        let stall_limit = self.shared.stall_limit();
        for endpoint in self.endpoints().iter() {
            if let Some(metrics) = endpoint.metrics() {
                metrics.set_state(snapshot::label(endpoint, now, stall_limit));
            }
        }
    }

    /// Where the figures of its nodes go.
    #[must_use]
    pub const fn metrics(&self) -> Option<&Metrics> {
        self.metrics.as_ref()
    }

    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

#[cfg(test)]
mod tests;

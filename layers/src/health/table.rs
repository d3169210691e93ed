use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::settings::HealthSettings;
use super::snapshot::EndpointHealth;
use crate::balance::{Endpoint, Latencies};
use crate::clock;
use crate::config::InvalidConfig;
use crate::metrics::Metrics;
use crate::random::Random;
use crate::request::NodeId;

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
    /// Copy of the roster's verdict, to read without its lock.
    panics: AtomicBool,
}

/// How many nodes there are and how many of them are ejected.
///
/// Under one lock with every ejection, re-admission and change of the nodes, because a count that drifts never comes back: too
/// high, and no node is ejected any more; too low, and more than half may be. All three are rare.
#[derive(Debug, Default)]
pub(super) struct Roster {
    total: usize,
    pub(super) ejected: usize,
}

impl Roster {
    /// With one more ejection, would at most half of the nodes be out?
    pub(super) const fn may_eject(&self) -> bool {
        (self.ejected + 1) * 2 <= self.total
    }
}

impl Shared {
    /// How long a node may be silent: see the module page.
    pub(crate) fn stall_limit(&self) -> u64 {
        const SAMPLES: u32 = 100;
        const MILLISECOND: u64 = 1_000_000;
        if !self.latencies.has_seen(SAMPLES) {
            100 * MILLISECOND
        } else {
            let p95 = self.latencies.p95_nanos();
            (p95 / 2)
                .saturating_mul(3)
                .clamp(10 * MILLISECOND, 1_000 * MILLISECOND)
        }
    }

    pub(super) fn with_roster<T>(&self, f: impl FnOnce(&mut Roster) -> T) -> T {
        let mut roster = self.roster.lock().unwrap_or_else(PoisonError::into_inner);
        let result = f(&mut roster);
        self.panics.store(roster.ejected * 2 > roster.total, Relaxed);
        result
    }

    /// Are so many nodes ejected that ejection is more likely wrong than right?
    pub(crate) fn panics(&self) -> bool {
        self.panics.load(Relaxed)
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
                latencies: Latencies::default(),
                random: settings.seed.map_or_else(Random::new, Random::seeded),
                roster: Mutex::default(),
                panics: AtomicBool::new(false),
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

    /// Makes an endpoint of this table. It counts once it is given to [`replace`](Self::replace). `payload` is whatever the leaf needs to
    /// reach the node.
    pub fn endpoint(&self, id: NodeId, name: &str, payload: impl Any + Send + Sync) -> Arc<Endpoint> {
        let metrics = self.metrics.as_ref().map(|metrics| metrics.node(name));
        let shared = Arc::clone(&self.shared);
        Arc::new(Endpoint::new(id, name.into(), Box::new(payload), shared, metrics))
    }

    /// Sets the nodes there are now. Requests under way keep the endpoints they were sent to.
    pub fn replace(&self, endpoints: impl IntoIterator<Item = Arc<Endpoint>>) {
        let endpoints: Arc<[Arc<Endpoint>]> = endpoints.into_iter().collect();
        self.shared.with_roster(|roster| {
            let mut current = self.endpoints.write().unwrap_or_else(PoisonError::into_inner);
            for endpoint in current.iter() {
                endpoint.passive.set_member(false);
            }
            *roster = Roster::default();
            for endpoint in endpoints.iter() {
                if !endpoint.passive.set_member(true) {
                    roster.total += 1;
                    roster.ejected += usize::from(endpoint.passive.is_ejected());
                }
            }
            // A node that left shows no figures any more; one that was only made anew keeps those of its name.
            for gone in current
                .iter()
                .filter(|old| endpoints.iter().all(|new| new.name() != old.name()))
            {
                if let Some(metrics) = gone.metrics() {
                    metrics.retire();
                }
            }
            *current = endpoints;
        });
    }

    /// The nodes there are now.
    #[must_use]
    pub fn endpoints(&self) -> Arc<[Arc<Endpoint>]> {
        Arc::clone(&self.endpoints.read().unwrap_or_else(PoisonError::into_inner))
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

    pub(crate) const fn metrics(&self) -> Option<&Metrics> {
        self.metrics.as_ref()
    }

    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

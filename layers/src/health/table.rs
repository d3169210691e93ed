use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use super::settings::HealthSettings;
use super::snapshot::EndpointHealth;
use crate::balance::{Endpoint, Latencies};
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
    origin: Instant,
    pub(crate) settings: HealthSettings,
    pub(crate) latencies: Latencies,
    pub(crate) random: Random,
    total: AtomicUsize,
    ejected: AtomicUsize,
}

impl Shared {
    /// Nanoseconds since the table was made.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// How long a node may be silent: see the module page.
    pub(crate) fn stall_limit(&self) -> u64 {
        const SAMPLES: u64 = 100;
        let limit = if self.latencies.seen() < SAMPLES {
            Duration::from_millis(100)
        } else {
            (self.latencies.p95() * 3 / 2).clamp(Duration::from_millis(10), Duration::from_secs(1))
        };
        limit.as_nanos() as u64
    }

    /// Claims one more ejection, if at most half of the nodes are out with it.
    pub(crate) fn may_eject(&self) -> bool {
        let total = self.total.load(Relaxed);
        self.ejected
            .fetch_update(AcqRel, Acquire, |ejected| {
                ((ejected + 1) * 2 <= total).then_some(ejected + 1)
            })
            .is_ok()
    }

    pub(crate) fn readmitted(&self) {
        let _ = self
            .ejected
            .fetch_update(AcqRel, Acquire, |ejected| ejected.checked_sub(1));
    }

    /// Are so many nodes ejected that ejection is more likely wrong than right?
    pub(crate) fn panics(&self) -> bool {
        let ejected = self.ejected.load(Relaxed);
        ejected > 0 && ejected * 2 > self.total.load(Relaxed)
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
                origin: Instant::now(),
                settings,
                latencies: Latencies::default(),
                random: settings.seed.map_or_else(Random::new, Random::seeded),
                total: AtomicUsize::new(0),
                ejected: AtomicUsize::new(0),
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
        let now = self.shared.now();
        let ejected = endpoints
            .iter()
            .filter(|e| e.passive.standing(now) != super::passive::Standing::Good);
        self.shared.ejected.store(ejected.count(), Relaxed);
        self.shared.total.store(endpoints.len(), Relaxed);
        *self.endpoints.write().unwrap_or_else(PoisonError::into_inner) = endpoints;
    }

    /// The nodes there are now.
    #[must_use]
    pub fn endpoints(&self) -> Arc<[Arc<Endpoint>]> {
        Arc::clone(&self.endpoints.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many nodes there are now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.total.load(Relaxed)
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
        let now = self.shared.now();
        let stall_limit = self.shared.stall_limit();
        self.endpoints()
            .iter()
            .map(|endpoint| EndpointHealth::of(endpoint, now, stall_limit))
            .collect()
    }

    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use ::metrics::{Counter, Gauge, Histogram};

use super::names;
use super::registry::Registry;
use super::{FAILURE, FORGET_AFTER, MAX_HOSTS, OTHER, SUCCESS};
use crate::clock;

/// The handles of one node, made once by [`Metrics::node`](super::Metrics::node). Clones share them.
#[derive(Clone, Debug)]
pub struct NodeMetrics {
    handles: Arc<Handles>,
}

#[derive(Debug)]
struct Handles {
    host: String,
    registry: Arc<Registry>,
    healthy: Gauge,
    in_flight: Gauge,
    abandoned: Gauge,
    succeeded: Counter,
    failed: Counter,
    cancelled: Counter,
    duration: Histogram,
    ejections: Counter,
    probes_succeeded: Counter,
    probes_failed: Counter,
    /// In the order of [`STATES`].
    states: [Gauge; STATES.len()],
    /// The place of the state it is in, or [`NO_STATE`].
    state: AtomicUsize,
    /// When it left, as the number of a moment; 0 while it is there.
    gone: AtomicU64,
}

/// What a node can be, as the label `state` says it: fit for requests; silent, ejected or at its limits, as the balancer sees it; without a connection; or with one over
/// which the last probe failed.
const STATES: [&str; 6] = ["healthy", "stalled", "ejected", "full", "down", "unknown"];
const NO_STATE: usize = STATES.len();

impl NodeMetrics {
    fn new(host: &str, registry: &Arc<Registry>, gauges: bool) -> Self {
        let labels = [("host", host)];
        let gauge = |name| match gauges {
            true => registry.gauge(name, &labels),
            false => Gauge::noop(),
        };
        let counter = |name| registry.counter(name, &labels);
        let result = |name, success| registry.counter(name, &[("host", host), ("success", success)]);
        Self {
            handles: Arc::new(Handles {
                host: host.to_owned(),
                registry: Arc::clone(registry),
                healthy: gauge(&names::HEALTHY),
                in_flight: gauge(&names::NODE_IN_FLIGHT),
                abandoned: gauge(&names::ABANDONED),
                succeeded: result(&names::ATTEMPTS, SUCCESS),
                failed: result(&names::ATTEMPTS, FAILURE),
                cancelled: counter(&names::ATTEMPTS_CANCELLED),
                duration: registry.histogram(&names::ATTEMPT_DURATION, &labels),
                ejections: counter(&names::EJECTIONS),
                probes_succeeded: result(&names::PROBES, SUCCESS),
                probes_failed: result(&names::PROBES, FAILURE),
                states: STATES.map(|state| match gauges {
                    true => registry.gauge(&names::NODE_STATE, &[("host", host), ("state", state)]),
                    false => Gauge::noop(),
                }),
                state: AtomicUsize::new(NO_STATE),
                gone: AtomicU64::new(0),
            }),
        }
    }

    /// The host label; `other` for a node beyond the bound, and without a recorder for every node.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.handles.host
    }

    #[inline]
    pub(super) fn is_enabled(&self) -> bool {
        self.handles.registry.switch.is_on()
    }

    #[inline]
    fn record(&self, work: impl FnOnce(&Handles)) {
        self.handles.registry.switch.record(|| work(&self.handles));
    }

    /// An attempt ended with a result.
    pub fn attempt(&self, duration: Duration, success: bool) {
        self.record(|node| node.attempted(duration.as_secs_f64(), success));
    }

    /// As [`attempt`](Self::attempt), judged inside the containment and whether or not it was switched off meanwhile.
    #[inline]
    pub(super) fn attempt_ended(&self, seconds: f64, success: impl FnOnce() -> bool) {
        let node = &self.handles;
        node.registry.switch.always(|| node.attempted(seconds, success()));
    }

    /// As [`attempt_cancelled`](Self::attempt_cancelled), whether or not it was switched off meanwhile.
    pub(super) fn attempt_dropped(&self) {
        let node = &self.handles;
        node.registry.switch.always(|| node.cancelled.increment(1));
    }

    /// Nobody waited for an attempt to the end.
    pub fn attempt_cancelled(&self) {
        self.record(|node| node.cancelled.increment(1));
    }

    /// Is the node fit for requests? Say so as soon as it is known: until then the gauge reads 0.
    pub fn set_healthy(&self, healthy: bool) {
        self.record(|node| node.healthy.set(if healthy { 1.0 } else { 0.0 }));
    }

    /// Shows what state the node is in: `healthy`, `stalled`, `ejected`, `full`, `down` or `unknown`. What is none of these is shown as none.
    pub fn set_state(&self, state: &str) {
        let place = STATES.iter().position(|known| *known == state);
        self.record(|node| node.show_state(place.unwrap_or(NO_STATE)));
        // Somebody who shares this handle may have retired the node that another one goes on with.
        if place.is_some() {
            self.handles.gone.store(0, Relaxed);
        }
    }

    /// How many attempts the node has not answered.
    ///
    /// Two threads that each set what they have just counted may do so in the wrong order, and the older figure stays.
    /// Either call this under the lock that guards the count, or let one task set it from time to time.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
    pub fn set_in_flight(&self, attempts: usize) {
        self.record(|node| node.in_flight.set(attempts as f64));
    }

    /// How many of them nobody waits for any more. The remark at [`set_in_flight`](Self::set_in_flight) holds here too.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
    pub fn set_abandoned(&self, attempts: usize) {
        self.record(|node| node.abandoned.set(attempts as f64));
    }

    /// The node was taken out of the choice because of its failures.
    pub fn ejected(&self) {
        self.record(|node| node.ejections.increment(1));
    }

    /// A health probe ended.
    pub fn probed(&self, success: bool) {
        self.record(|node| match success {
            true => node.probes_succeeded.increment(1),
            false => node.probes_failed.increment(1),
        });
    }

    /// The node is gone for good: its gauges go to 0, switched on or off. Its counters stay, because rates are computed
    /// from them. A node that comes back under the same label goes on with the same handles.
    ///
    /// Its place in the table stays taken, because the recorder keeps the series either way; with a recorder that can [forget](super::Upkeep) them it is free after
    /// [`FORGET_AFTER`](super::FORGET_AFTER).
    pub fn retire(&self) {
        let node = &self.handles;
        node.registry.switch.always(|| {
            for gauge in [&node.healthy, &node.in_flight, &node.abandoned] {
                gauge.set(0.0);
            }
            node.show_state(NO_STATE);
        });
        node.gone.store(clock::now().number(), Relaxed);
    }
}

impl Handles {
    fn show_state(&self, place: usize) {
        let before = self.state.swap(place, Relaxed);
        if before == place {
            return;
        }
        for (place, value) in [(before, 0.0), (place, 1.0)] {
            if let Some(gauge) = self.states.get(place) {
                gauge.set(value);
            }
        }
    }

    #[inline]
    fn attempted(&self, seconds: f64, success: bool) {
        self.duration.record(seconds);
        match success {
            true => self.succeeded.increment(1),
            false => self.failed.increment(1),
        }
    }
}

/// The nodes seen so far, at most [`MAX_HOSTS`].
#[derive(Debug, Default)]
pub(super) struct NodeTable {
    nodes: Mutex<HashMap<String, NodeMetrics>>,
    other: OnceLock<NodeMetrics>,
}

impl NodeTable {
    pub(super) fn node(&self, host: &str, registry: &Arc<Registry>) -> NodeMetrics {
        // Without a recorder there is nothing to keep apart, and nothing to keep.
        if registry.is_nowhere() {
            return self.other(registry);
        }
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        match nodes.get(host) {
            Some(node) => {
                node.handles.gone.store(0, Relaxed);
                node.clone()
            }
            None if nodes.len() >= MAX_HOSTS => self.other(registry),
            None => {
                let node = NodeMetrics::new(host, registry, true);
                nodes.insert(host.to_owned(), node.clone());
                node
            }
        }
    }

    /// Lets go of those that have been gone for [`FORGET_AFTER`].
    pub(super) fn forget(&self) -> Vec<String> {
        let now = clock::now().number();
        let is_over = |gone: u64| gone != 0 && now.saturating_sub(gone) >= clock::nanos(FORGET_AFTER);
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes
            .extract_if(|_, node| is_over(node.handles.gone.load(Relaxed)))
            .map(|(host, _)| host)
            .collect()
    }

    // Counters of several nodes add up, gauges overwrite each other and would show whoever was last: there are none.
    fn other(&self, registry: &Arc<Registry>) -> NodeMetrics {
        self.other
            .get_or_init(|| NodeMetrics::new(OTHER, registry, false))
            .clone()
    }
}

use std::fmt;
use std::sync::Arc;

use ::metrics::{Counter, Gauge, Histogram, Recorder};

use super::builder::MetricsBuilder;
use super::labels::LabelTable;
use super::node::{NodeMetrics, NodeTable};
use super::registry::Registry;
use super::totals::{Tally, Totals, count};
use super::{FAILURE, MAX_LABELS, OTHER, SUCCESS, names};
use crate::Outcome;

/// All handles of one session, resolved when it is built. Clones share them, and the switch. See the
/// [module](crate::metrics).
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Arc<Registry>,
    classes: Box<[Class]>,
    other: Class,
    in_flight: Gauge,
    budget_exhausted: Counter,
    panics: Counter,
    errors: LabelTable,
    retries: LabelTable,
    rejected: LabelTable,
    nodes: NodeTable,
    tally: Tally,
}

struct Class {
    name: &'static str,
    succeeded: Ended,
    failed: Ended,
    cancelled: Counter,
}

struct Ended {
    total: Counter,
    duration: Histogram,
}

/// Where the handles of a class are: a place in `classes`, or beyond its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClassIndex(usize);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("prefix", &self.inner.registry.prefix)
            .field("client", &self.inner.registry.client)
            .field("enabled", &self.is_enabled())
            .finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics on the global recorder. Install it first: handles that are resolved without one do nothing for ever.
    #[must_use]
    pub fn new() -> Self {
        MetricsBuilder::new().resolve()
    }

    /// Metrics on this recorder, everything else as by default.
    #[must_use]
    pub fn on(recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        MetricsBuilder::new().recorder(recorder).resolve()
    }

    /// Metrics that go nowhere, switched off. This costs one atomic load per request. (Metrics on the global recorder
    /// where none is installed cost more: the clock is still read.)
    #[must_use]
    pub fn disabled() -> Self {
        MetricsBuilder::new().nowhere().resolve()
    }

    /// To choose recorder, prefix, client label and classes.
    pub fn builder() -> MetricsBuilder {
        MetricsBuilder::new()
    }

    pub(super) fn resolve(registry: Registry, classes: &[&'static str]) -> Self {
        registry.describe();
        let class = |name| Class::resolve(name, &registry);
        Self {
            inner: Arc::new(Inner {
                classes: classes.iter().copied().map(class).collect(),
                other: class(OTHER),
                in_flight: registry.gauge(&names::IN_FLIGHT, &[]),
                budget_exhausted: registry.counter(&names::BUDGET_EXHAUSTED, &[]),
                panics: registry.counter(&names::PANICS, &[]),
                errors: LabelTable::new(&names::ERRORS, "error_type", MAX_LABELS),
                retries: LabelTable::new(&names::RETRIES, "reason", MAX_LABELS),
                rejected: LabelTable::new(&names::REJECTED, "reason", MAX_LABELS),
                nodes: NodeTable::default(),
                tally: Tally::default(),
                registry: Arc::new(registry),
            }),
        }
    }

    /// Switches recording on or off, for all clones. A request that was counted in is counted out, whatever happens in
    /// between, so that the gauge stays right. Has no effect on [`Metrics::disabled`], which has nowhere to record.
    pub fn set_enabled(&self, enabled: bool) {
        self.inner
            .registry
            .switch
            .set(enabled && !self.inner.registry.is_nowhere());
    }

    /// Is it recording?
    #[inline]
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.inner.registry.switch.is_on()
    }

    /// How often recording panicked, in the recorder or in a classifier. What should have been recorded then is lost; the
    /// request is not.
    #[must_use]
    pub fn recording_failures(&self) -> u64 {
        self.inner.registry.switch.failures()
    }

    /// What was counted so far, for those who show it without a recorder.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.inner.tally.read()
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// The handles of one node. The same label gives the same handles; after [`MAX_HOSTS`](super::MAX_HOSTS) labels all
    /// further nodes share the label `other` and have no gauges. Takes a lock: ask once per node, not per request.
    #[must_use]
    pub fn node(&self, host_label: &str) -> NodeMetrics {
        self.inner.nodes.node(host_label, &self.inner.registry)
    }

    /// A failure with this label is being repeated.
    pub fn retried(&self, label: &'static str) {
        self.record(|inner| {
            count(&inner.tally.retried);
            inner.retries.counter(label, &inner.registry).increment(1);
        });
    }

    /// A retry was not made because the retry budget was spent.
    pub fn budget_exhausted(&self) {
        self.record(|inner| inner.budget_exhausted.increment(1));
    }

    /// A limit refused a request, for this reason.
    pub fn rejected(&self, label: &'static str) {
        self.record(|inner| {
            count(&inner.tally.rejected);
            inner.rejected.counter(label, &inner.registry).increment(1);
        });
    }

    /// A panic was turned into an error.
    pub fn panicked(&self) {
        self.record(|inner| inner.panics.increment(1));
    }

    fn record(&self, work: impl FnOnce(&Inner)) {
        self.inner.registry.switch.record(|| work(&self.inner));
    }

    #[inline]
    fn always(&self, work: impl FnOnce(&Inner)) {
        self.inner.registry.switch.always(|| work(&self.inner));
    }

    #[inline]
    pub(super) fn started(&self, class: &'static str) -> ClassIndex {
        // Nearly always it is the very same text, not only an equal one.
        let is_same = |known: &Class| std::ptr::eq(known.name, class);
        let place = self.inner.classes.iter().position(is_same);
        self.always(|inner| inner.in_flight.increment(1.0));
        ClassIndex(place.unwrap_or_else(|| self.search(class)))
    }

    #[cold]
    fn search(&self, class: &str) -> usize {
        let is_equal = |known: &Class| known.name == class;
        self.inner.classes.iter().position(is_equal).unwrap_or(usize::MAX)
    }

    #[inline]
    pub(super) fn ended(&self, class: ClassIndex, seconds: f64, outcome: impl FnOnce() -> Outcome) {
        self.always(|inner| {
            inner.in_flight.decrement(1.0);
            let class = inner.class(class);
            let ended = match outcome() {
                Outcome::Success => {
                    count(&inner.tally.succeeded);
                    &class.succeeded
                }
                Outcome::Failure(failure) => {
                    count(&inner.tally.failed);
                    inner.errors.counter(failure.label, &inner.registry).increment(1);
                    &class.failed
                }
            };
            ended.total.increment(1);
            ended.duration.record(seconds);
        });
    }

    pub(super) fn cancelled(&self, class: ClassIndex) {
        self.always(|inner| {
            inner.in_flight.decrement(1.0);
            count(&inner.tally.cancelled);
            inner.class(class).cancelled.increment(1);
        });
    }
}

impl Inner {
    fn class(&self, index: ClassIndex) -> &Class {
        self.classes.get(index.0).unwrap_or(&self.other)
    }
}

impl Class {
    fn resolve(name: &'static str, registry: &Registry) -> Self {
        let ended = |success| {
            let labels = [("query_type", name), ("success", success)];
            Ended {
                total: registry.counter(&names::QUERIES, &labels),
                duration: registry.histogram(&names::QUERY_DURATION, &labels),
            }
        };
        Self {
            name,
            succeeded: ended(SUCCESS),
            failed: ended(FAILURE),
            cancelled: registry.counter(&names::CANCELLED, &[("query_type", name)]),
        }
    }
}

//! The handles of one session, and the events that are counted beside its requests.

mod requests;

use std::fmt;
use std::sync::Arc;

use ::metrics::{Counter, Gauge, Recorder};

use super::builder::{Choice, MetricsBuilder};
use super::classes::Class;
use super::labels::LabelTable;
use super::node::{NodeMetrics, NodeTable};
use super::operations::OperationTable;
use super::registry::Registry;
use super::statements::StatementTable;
use super::totals::{Tally, Totals, count};
use super::{OTHER, names};
pub(super) use requests::Counted;

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
    statements: Option<StatementTable>,
    operations: Option<OperationTable>,
    budget_left: Gauge,
    errors: LabelTable,
    retries: LabelTable,
    rejected: LabelTable,
    nodes: NodeTable,
    tally: Tally,
}

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

    pub(super) fn resolve(registry: Registry, choice: &Choice) -> Self {
        registry.describe();
        let classes = &choice.classes;
        let class = |name| Class::resolve(name, &registry);
        Self {
            inner: Arc::new(Inner {
                classes: classes.iter().copied().map(class).collect(),
                other: class(OTHER),
                in_flight: registry.gauge(&names::IN_FLIGHT, &[]),
                budget_exhausted: registry.counter(&names::BUDGET_EXHAUSTED, &[]),
                panics: registry.counter(&names::PANICS, &[]),
                statements: StatementTable::new(choice.statement_labels, &registry),
                operations: choice.operation_durations.then(OperationTable::new),
                budget_left: registry.gauge(&names::BUDGET_LEFT, &[]),
                errors: LabelTable::new(&names::ERRORS, "error_type"),
                retries: LabelTable::new(&names::RETRIES, "reason"),
                rejected: LabelTable::new(&names::REJECTED, "reason"),
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

    /// Lets go of the nodes that have been gone for long, and says what they were called.
    pub(super) fn forget_nodes(&self) -> Vec<String> {
        self.inner.nodes.forget()
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

    /// How many retries the budget would allow now.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
    pub fn set_budget_left(&self, retries: u64) {
        self.record(|inner| inner.budget_left.set(retries as f64));
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
}

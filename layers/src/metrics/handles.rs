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
use crate::{Applied, Outcome, Request};

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

/// Which handles a request that was counted in is counted out with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// A place in `classes`, or beyond its end.
    class: u16,
    /// A place in the table of labels, or beyond its end for `other`.
    statement: u16,
    operation: u8,
    /// It is not for the class alone.
    has_more: bool,
}

/// It has no label of its own.
const NONE: u16 = u16::MAX;

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

    #[inline]
    pub(super) fn started<R: Request>(&self, request: &R) -> Counted {
        let inner = &*self.inner;
        let class = request.class();
        // Nearly always it is the very same text, not only an equal one.
        let is_same = |known: &Class| std::ptr::eq(known.name, class);
        let place = inner.classes.iter().position(is_same);
        let place = place.unwrap_or_else(|| self.search(class));
        self.always(|inner| inner.in_flight.increment(1.0));
        let counted = Counted {
            #[expect(clippy::cast_possible_truncation, reason = "beyond the end is beyond the end")]
            class: place as u16,
            statement: NONE,
            operation: 0,
            has_more: false,
        };
        // Nearly always it is for the class alone.
        let label = request.label();
        if label.is_none() && inner.operations.is_none() {
            return counted;
        }
        self.started_more(counted, label, request.operation())
    }

    #[cold]
    fn search(&self, class: &str) -> usize {
        let is_equal = |known: &Class| known.name == class;
        self.inner.classes.iter().position(is_equal).unwrap_or(usize::MAX)
    }

    #[cold]
    fn started_more(&self, counted: Counted, label: Option<&str>, operation: &'static str) -> Counted {
        let Inner {
            statements,
            operations,
            registry,
            ..
        } = &*self.inner;
        let statement = label
            .zip(statements.as_ref())
            .map(|(label, table)| table.place(label, registry));
        Counted {
            statement: statement.unwrap_or(NONE),
            operation: operations
                .as_ref()
                .map_or(0, |operations| operations.place(operation, registry)),
            has_more: statement.is_some() || operations.is_some(),
            ..counted
        }
    }

    #[inline]
    pub(super) fn ended(&self, counted: Counted, seconds: f64, outcome: impl FnOnce() -> Outcome) {
        self.always(|inner| {
            inner.in_flight.decrement(1.0);
            let class = inner.class(counted);
            let (ended, error) = match outcome() {
                Outcome::Success => {
                    count(&inner.tally.succeeded);
                    (&class.succeeded, None)
                }
                Outcome::Failure(failure) => {
                    count(&inner.tally.failed);
                    inner.errors.counter(failure.label, &inner.registry).increment(1);
                    if failure.applied == Applied::Maybe {
                        class.ambiguous.increment(1);
                    }
                    (&class.failed, Some(failure.label))
                }
            };
            ended.total.increment(1);
            ended.duration.record(seconds);
            if counted.has_more {
                inner.ended_more(counted, seconds, error);
            }
        });
    }

    pub(super) fn cancelled(&self, counted: Counted) {
        self.always(|inner| {
            inner.in_flight.decrement(1.0);
            count(&inner.tally.cancelled);
            inner.class(counted).cancelled.increment(1);
        });
    }
}

impl Inner {
    fn class(&self, counted: Counted) -> &Class {
        self.classes
            .get(usize::from(counted.class))
            .unwrap_or(&self.other)
    }

    /// What few requests are recorded in.
    #[cold]
    fn ended_more(&self, counted: Counted, seconds: f64, error: Option<&'static str>) {
        if counted.statement != NONE
            && let Some(statements) = &self.statements
        {
            statements.record(counted.statement, seconds, error.is_none(), &self.registry);
        }
        if let Some(operations) = &self.operations {
            operations.record(counted.operation, error, seconds, &self.registry);
        }
    }
}

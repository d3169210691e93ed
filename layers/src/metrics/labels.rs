use std::sync::OnceLock;

use ::metrics::Counter;

use super::catalogue::MetricName;
use super::registry::Registry;
use super::slots::Slots;
use super::{MAX_LABELS, OTHER};

/// Counters of one metric, by the value of its one label. Bounded: what does not fit is counted as `other`. Asked only when something went wrong, so
/// finding one may take a while.
#[derive(Debug)]
pub(super) struct LabelTable {
    name: &'static MetricName,
    label: &'static str,
    known: Slots<&'static str, Counter>,
    other: OnceLock<Counter>,
}

impl LabelTable {
    pub(super) fn new(name: &'static MetricName, label: &'static str) -> Self {
        Self {
            name,
            label,
            known: Slots::new(MAX_LABELS),
            other: OnceLock::new(),
        }
    }

    pub(super) fn counter(&self, value: &'static str, registry: &Registry) -> &Counter {
        let make = |value| registry.counter(self.name, &[(self.label, value)]);
        let known = self.known.get(value, || (value, make(value)));
        known.unwrap_or_else(|| self.other.get_or_init(|| make(OTHER)))
    }
}

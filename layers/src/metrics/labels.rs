use std::sync::{Mutex, OnceLock, PoisonError};

use ::metrics::Counter;

use super::OTHER;
use super::names::Name;
use super::registry::Registry;

/// Counters of one metric, by the value of its one label. Bounded: what does not fit is counted as `other`.
///
/// A value is resolved when it is seen for the first time. From then on it is found without a lock, by comparing at most
/// [`MAX_LABELS`](super::MAX_LABELS) short texts. That is enough, because it is asked only when something went wrong.
#[derive(Debug)]
pub(super) struct LabelTable {
    name: &'static Name,
    label: &'static str,
    // Filled from the front, never emptied.
    slots: Box<[OnceLock<(&'static str, Counter)>]>,
    other: OnceLock<Counter>,
    filling: Mutex<()>,
}

impl LabelTable {
    pub(super) fn new(name: &'static Name, label: &'static str, capacity: usize) -> Self {
        Self {
            name,
            label,
            slots: (0..capacity).map(|_| OnceLock::new()).collect(),
            other: OnceLock::new(),
            filling: Mutex::new(()),
        }
    }

    pub(super) fn counter(&self, value: &'static str, registry: &Registry) -> &Counter {
        self.find(value).unwrap_or_else(|| self.resolve(value, registry))
    }

    fn find(&self, value: &str) -> Option<&Counter> {
        self.slots
            .iter()
            .map_while(OnceLock::get)
            .find(|(known, _)| *known == value)
            .map(|(_, counter)| counter)
    }

    fn resolve(&self, value: &'static str, registry: &Registry) -> &Counter {
        let make = |value| registry.counter(self.name, &[(self.label, value)]);
        if self.slots.last().is_none_or(|slot| slot.get().is_some()) {
            return self.other.get_or_init(|| make(OTHER));
        }
        // One at a time, or one value could take two slots.
        let _filling = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = self.find(value) {
            return counter;
        }
        match self.slots.iter().find(|slot| slot.get().is_none()) {
            Some(free) => &free.get_or_init(|| (value, make(value))).1,
            None => self.other.get_or_init(|| make(OTHER)),
        }
    }
}

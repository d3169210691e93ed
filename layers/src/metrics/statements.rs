use std::sync::OnceLock;

use ::metrics::Counter;

use super::classes::Durations;
use super::registry::Registry;
use super::slots::Slots;
use super::{OTHER, names};

/// Durations by the label that the user gave a request. Bounded: what does not fit is `other`, and counted.
pub(super) struct StatementTable {
    known: Slots<Box<str>, Durations>,
    other: OnceLock<Durations>,
    folded: Counter,
}

impl StatementTable {
    /// The place of labels that found none.
    const BEYOND: u16 = u16::MAX - 1;

    /// None where there is no room for any.
    pub(super) fn new(capacity: usize, registry: &Registry) -> Option<Self> {
        (capacity > 0).then(|| Self {
            known: Slots::new(capacity),
            other: OnceLock::new(),
            folded: registry.counter(&names::LABELS_FOLDED, &[]),
        })
    }

    pub(super) fn place(&self, label: &str, registry: &Registry) -> u16 {
        let make = || (label.into(), Durations::of_statement(label, registry));
        let place = self.known.place(label, make);
        place
            .and_then(|place| u16::try_from(place).ok())
            .unwrap_or(Self::BEYOND)
    }

    pub(super) fn record(&self, place: u16, seconds: f64, is_success: bool, registry: &Registry) {
        let known = self.known.at(usize::from(place));
        let durations = known.unwrap_or_else(|| {
            self.folded.increment(1);
            self.other
                .get_or_init(|| Durations::of_statement(OTHER, registry))
        });
        durations.record(seconds, is_success);
    }
}

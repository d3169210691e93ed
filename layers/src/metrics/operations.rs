use ::metrics::Histogram;

use super::registry::Registry;
use super::slots::Slots;
use super::{MAX_LABELS, names};

const SYSTEM: &str = "cassandra";
/// More than there are kinds of statements.
const MAX_OPERATIONS: usize = 32;

/// `db.client.operation.duration`, by operation and error. Bounded; what does not fit is not recorded here.
pub(super) struct OperationTable(Slots<&'static str, Operation>);

struct Operation {
    name: &'static str,
    succeeded: Histogram,
    failed: Slots<&'static str, Histogram>,
}

impl OperationTable {
    pub(super) fn new() -> Self {
        Self(Slots::new(MAX_OPERATIONS))
    }

    #[cold]
    pub(super) fn place(&self, operation: &'static str, registry: &Registry) -> u8 {
        let make = || {
            let handles = Operation {
                name: operation,
                succeeded: resolve(operation, None, registry),
                failed: Slots::new(MAX_LABELS),
            };
            (operation, handles)
        };
        let place = self.0.place(operation, make);
        place
            .and_then(|place| u8::try_from(place).ok())
            .unwrap_or(u8::MAX)
    }

    pub(super) fn record(&self, place: u8, error: Option<&'static str>, seconds: f64, registry: &Registry) {
        let Some(operation) = self.0.at(usize::from(place)) else {
            return;
        };
        let make = |error| (error, resolve(operation.name, Some(error), registry));
        let durations = match error {
            None => Some(&operation.succeeded),
            Some(error) => operation.failed.get(error, || make(error)),
        };
        if let Some(durations) = durations {
            durations.record(seconds);
        }
    }
}

fn resolve(operation: &str, error: Option<&str>, registry: &Registry) -> Histogram {
    let mut labels = vec![("db.system.name", SYSTEM), ("db.operation.name", operation)];
    labels.extend(error.map(|error| ("error.type", error)));
    registry.histogram_alone(&names::OPERATION_DURATION, &labels)
}

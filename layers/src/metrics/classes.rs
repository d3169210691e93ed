use ::metrics::{Counter, Histogram};

use super::catalogue::MetricName;
use super::registry::Registry;
use super::{FAILURE, SUCCESS, names};

/// The handles of one class of requests.
pub(super) struct Class {
    pub(super) name: &'static str,
    pub(super) succeeded: Ended,
    pub(super) failed: Ended,
    pub(super) ambiguous: Counter,
    pub(super) cancelled: Counter,
}

pub(super) struct Ended {
    pub(super) total: Counter,
    pub(super) duration: Histogram,
}

/// Durations by how it ended.
pub(super) struct Durations {
    succeeded: Histogram,
    failed: Histogram,
}

impl Class {
    pub(super) fn resolve(name: &'static str, registry: &Registry) -> Self {
        let ended = |success| {
            let labels = [("query_type", name), ("success", success)];
            Ended {
                total: registry.counter(&names::QUERIES, &labels),
                duration: registry.histogram(&names::QUERY_DURATION, &labels),
            }
        };
        let counter = |of: &MetricName| registry.counter(of, &[("query_type", name)]);
        Self {
            name,
            succeeded: ended(SUCCESS),
            failed: ended(FAILURE),
            ambiguous: counter(&names::AMBIGUOUS),
            cancelled: counter(&names::CANCELLED),
        }
    }
}

impl Durations {
    pub(super) fn of_statement(label: &str, registry: &Registry) -> Self {
        let with = |success| {
            let labels = [("statement", label), ("success", success)];
            registry.histogram(&names::STATEMENT_DURATION, &labels)
        };
        Self {
            succeeded: with(SUCCESS),
            failed: with(FAILURE),
        }
    }

    pub(super) fn record(&self, seconds: f64, is_success: bool) {
        match is_success {
            true => self.succeeded.record(seconds),
            false => self.failed.record(seconds),
        }
    }
}

//! Every name, with its unit and a sentence of help.

use ::metrics::{KeyName, Recorder, Unit};

/// A metric without its prefix.
#[derive(Debug)]
pub(super) struct Name {
    base: &'static str,
    kind: Kind,
    unit: Unit,
    help: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Name {
    const fn counter(base: &'static str, help: &'static str) -> Self {
        Self {
            base,
            kind: Kind::Counter,
            unit: Unit::Count,
            help,
        }
    }

    const fn gauge(base: &'static str, help: &'static str) -> Self {
        Self {
            base,
            kind: Kind::Gauge,
            unit: Unit::Count,
            help,
        }
    }

    const fn seconds(base: &'static str, help: &'static str) -> Self {
        Self {
            base,
            kind: Kind::Histogram,
            unit: Unit::Seconds,
            help,
        }
    }

    /// The name as it is recorded.
    pub(super) fn with(&self, prefix: &str) -> KeyName {
        KeyName::from(format!("{prefix}_{}", self.base))
    }

    /// Tells the recorder unit and help.
    pub(super) fn describe(&self, prefix: &str, recorder: &dyn Recorder) {
        let (name, unit, help) = (self.with(prefix), Some(self.unit), self.help.into());
        match self.kind {
            Kind::Counter => recorder.describe_counter(name, unit, help),
            Kind::Gauge => recorder.describe_gauge(name, unit, help),
            Kind::Histogram => recorder.describe_histogram(name, unit, help),
        }
    }
}

pub(super) static QUERY_DURATION: Name = Name::seconds(
    "query_duration_seconds",
    "Time from the call of a query to its result, with all waiting and all attempts.",
);
pub(super) static QUERIES: Name = Name::counter("queries_total", "Queries that ended with a result.");
pub(super) static ERRORS: Name =
    Name::counter("errors_total", "Queries that failed, by the kind of failure.");
pub(super) static IN_FLIGHT: Name = Name::gauge("requests_in_flight", "Queries under way now.");
pub(super) static CANCELLED: Name = Name::counter(
    "requests_cancelled_total",
    "Queries whose caller stopped waiting before there was a result.",
);
pub(super) static RETRIES: Name = Name::counter(
    "retries_total",
    "Attempts after the first one of a query, by the failure that they repeat.",
);
pub(super) static BUDGET_EXHAUSTED: Name = Name::counter(
    "retry_budget_exhausted_total",
    "Retries that were not made because the retry budget was spent.",
);
pub(super) static REJECTED: Name = Name::counter(
    "rejected_total",
    "Queries that a limit refused before anything was sent, by reason.",
);
pub(super) static HEDGES: Name = Name::counter(
    "hedges_total",
    "Second attempts beside a slow first one, and those that were not made, by what became of them.",
);
pub(super) static HEDGE_DELAY: Name = Name::gauge(
    "hedge_delay_seconds",
    "How long a first attempt is waited for now before a second one is made.",
);
pub(super) static QUEUE_WAIT: Name = Name::seconds(
    "queue_wait_seconds",
    "Time that queries which had to wait for a limit waited until they were admitted.",
);
pub(super) static LIMIT_QUEUED: Name = Name::gauge("limit_queued", "Queries that wait for a limit now.");
pub(super) static LIMIT_IN_FLIGHT: Name = Name::gauge(
    "limit_in_flight",
    "Permits of the concurrency limit that are taken, at the last look.",
);
pub(super) static PANICS: Name = Name::counter(
    "panics_total",
    "Panics that the panic isolation turned into errors.",
);
pub(super) static HEALTHY: Name = Name::gauge(
    "connection_healthy",
    "1 while the node is fit for requests, else 0.",
);
pub(super) static ATTEMPTS: Name =
    Name::counter("attempts_total", "Attempts on a node that ended with a result.");
pub(super) static ATTEMPTS_CANCELLED: Name = Name::counter(
    "attempts_cancelled_total",
    "Attempts on a node that nobody waited for to the end.",
);
pub(super) static ATTEMPT_DURATION: Name = Name::seconds(
    "attempt_duration_seconds",
    "Time from sending one attempt to a node to its result.",
);
pub(super) static NODE_IN_FLIGHT: Name =
    Name::gauge("node_in_flight", "Attempts that the node has not answered yet.");
pub(super) static ABANDONED: Name = Name::gauge(
    "abandoned",
    "Attempts that nobody waits for any more and that the node has still to answer.",
);
pub(super) static EJECTIONS: Name = Name::counter(
    "node_ejections_total",
    "Times the node was taken out of the choice because of its failures.",
);
pub(super) static PROBES: Name = Name::counter("probes_total", "Health probes sent to the node.");

pub(super) static ALL: [&Name; 22] = [
    &QUERY_DURATION,
    &QUERIES,
    &ERRORS,
    &IN_FLIGHT,
    &CANCELLED,
    &RETRIES,
    &BUDGET_EXHAUSTED,
    &REJECTED,
    &HEDGES,
    &HEDGE_DELAY,
    &QUEUE_WAIT,
    &LIMIT_QUEUED,
    &LIMIT_IN_FLIGHT,
    &PANICS,
    &HEALTHY,
    &ATTEMPTS,
    &ATTEMPTS_CANCELLED,
    &ATTEMPT_DURATION,
    &NODE_IN_FLIGHT,
    &ABANDONED,
    &EJECTIONS,
    &PROBES,
];

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn the_table_of_the_module_page_names_every_metric() {
        let page = include_str!("mod.rs");
        for name in ALL {
            let row = format!("//! | `cassandra_{}", name.base);
            assert!(page.contains(&row), "{} is missing", name.base);
        }
    }
}

//! Every metric, once: its name, kind, labels and a sentence of help. The page of the module and the handles are made of it.

use super::catalogue::{Kind, MetricName};

/// Declares the metrics and the list of all of them.
macro_rules! metrics {
    ($($handle:ident = $kind:ident $base:literal [$($label:literal),*] $help:literal;)*) => {
        $(pub(super) static $handle: MetricName = MetricName::new(Kind::$kind, $base, &[$($label),*], $help);)*

        /// Every metric with the prefix, in the order of the module page.
        pub(super) static ALL: &[&MetricName] = &[$(&$handle),*];
    };
}

metrics! {
    QUERY_DURATION = Seconds "query_duration_seconds" ["query_type", "success"]
        "Time from the call of a query to its result, with all waiting and all attempts.";
    QUERIES = Counter "queries_total" ["query_type", "success"]
        "Queries that ended with a result.";
    ERRORS = Counter "errors_total" ["error_type"]
        "Queries that failed, by the kind of failure.";
    AMBIGUOUS = Counter "requests_ambiguous_total" ["query_type"]
        "Queries that failed and may have been applied all the same.";
    IN_FLIGHT = Gauge "requests_in_flight" []
        "Queries under way now.";
    CANCELLED = Counter "requests_cancelled_total" ["query_type"]
        "Queries whose caller stopped waiting before there was a result.";
    STATEMENT_DURATION = Seconds "statement_duration_seconds" ["statement", "success"]
        "As query_duration_seconds, of queries that have a label of their own.";
    LABELS_FOLDED = Counter "statement_labels_folded_total" []
        "Queries whose own label came when there was no room for another one: they are counted as other.";
    RETRIES = Counter "retries_total" ["reason"]
        "Retries that were decided on, by the failure to be repeated; one that is cut off in its pause counts.";
    BUDGET_LEFT = Gauge "retry_budget_left" []
        "Retries that the retry budget would allow now.";
    BUDGET_EXHAUSTED = Counter "retry_budget_exhausted_total" []
        "Retries that were not made because the retry budget was spent.";
    HEDGES = Counter "hedges_total" ["event"]
        "Second attempts beside a slow first one, and those that were not made, by what became of them.";
    HEDGE_DELAY = Gauge "hedge_delay_seconds" ["class"]
        "How long a first attempt is waited for now before a second one is made.";
    REJECTED = Counter "rejected_total" ["reason"]
        "Queries that a limit refused before anything was sent, by reason.";
    QUEUE_WAIT = Seconds "queue_wait_seconds" ["limit"]
        "Time that queries which had to wait for a limit waited until they were admitted.";
    LIMIT_QUEUED = Gauge "limit_queued" ["limit"]
        "Queries that wait for a limit now.";
    LIMIT_IN_FLIGHT = Gauge "limit_in_flight" ["limit"]
        "Permits of the concurrency limit that are taken, at the last look.";
    LIMIT_MAX = Gauge "limit_max" ["limit"]
        "The limit now: permits of the concurrency limit, queries a second of the rate limit.";
    PANICS = Counter "panics_total" []
        "Panics that the panic isolation turned into errors.";
    CACHE_ENTRIES = Gauge "prepared_cache_entries" []
        "Prepared statements that the cache holds.";
    CACHE_CAPACITY = Gauge "prepared_cache_capacity" []
        "Prepared statements that the cache can hold.";
    CACHE_LOOKUPS = Counter "prepared_cache_lookups_total" ["outcome"]
        "Lookups in the cache of prepared statements: hit, miss, or shared with a PREPARE that was under way.";
    CACHE_EVICTIONS = Counter "prepared_cache_evictions_total" []
        "Prepared statements that made place for others.";
    STREAMS_OPEN = Gauge "streams_open" []
        "Streams and scans that have begun and not ended.";
    STREAM_PAGES = Counter "stream_pages_total" []
        "Pages that streams and scans have read.";
    STREAM_ROWS = Counter "stream_rows_total" []
        "Rows of those pages.";
    STREAM_BYTES = Counter "stream_bytes_total" []
        "Bytes of those rows, as the server sent them.";
    HEALTHY = Gauge "connection_healthy" ["host"]
        "1 while the node is fit for requests, else 0.";
    NODE_STATE = Gauge "node_state" ["host", "state"]
        "1 for the state that the node is in, else 0.";
    ATTEMPTS = Counter "attempts_total" ["host", "success"]
        "Attempts on a node that ended with a result.";
    ATTEMPTS_CANCELLED = Counter "attempts_cancelled_total" ["host"]
        "Attempts on a node that nobody waited for to the end.";
    ATTEMPT_DURATION = Seconds "attempt_duration_seconds" ["host"]
        "Time from sending one attempt to a node to its result.";
    NODE_IN_FLIGHT = Gauge "node_in_flight" ["host"]
        "Attempts that the node has not answered yet.";
    ABANDONED = Gauge "abandoned" ["host"]
        "Attempts that nobody waits for any more and that the node has still to answer.";
    EJECTIONS = Counter "node_ejections_total" ["host"]
        "Times the node was taken out of the choice because of its failures.";
    PROBES = Counter "probes_total" ["host", "success"]
        "Health probes sent to the node.";
}

/// What OpenTelemetry calls it, for those who look for that. It has no prefix.
pub(super) static OPERATION_DURATION: MetricName = MetricName::new(
    Kind::Seconds,
    "db.client.operation.duration",
    &["db.system.name", "db.operation.name", "error.type"],
    "Duration of database client operations.",
);

//! Options of the layers, and the user's own.

use std::sync::Arc;
use std::time::Duration;

use scylla::client::session_builder::SessionBuilder;
use tower_cassandra_layers::health::{HealthCheck, HealthSettings};
use tower_cassandra_layers::hedge::Hedge;
use tower_cassandra_layers::limit::{ConcurrencyLimit, RateLimit};
use tower_cassandra_layers::metrics::Metrics;
use tower_cassandra_layers::retry::RetryPolicy;
use tower_layer::Layer;
use tower_service::Service;

use super::{ClusterBuilder, MetricsChoice};
use crate::classifier::{CqlClassifier, ReadTimeoutRule};
use crate::cluster::{BoxService, Profile, defaults};
use crate::error::{BoxError, Error};
use crate::observe::{Collector, SlowLog};
use crate::response::Response;
use crate::statement::Statement;

impl ClusterBuilder {
    /// How retries are made. Default: 3, with budget and jittered back-off.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Sets which reads are repeated after their replicas were too slow or failed. Default: once, on the same node, where the data was asked for
    /// meanwhile ([`ReadTimeoutRule::Once`]).
    pub fn read_timeouts(mut self, rule: ReadTimeoutRule) -> Self {
        self.classifier = self.classifier.read_timeouts(rule);
        self
    }

    /// Takes it that a node that says `Overloaded` has not written anything ([`CqlClassifier::resend_overloaded`]). Default: false.
    pub fn resend_overloaded(mut self, on: bool) -> Self {
        self.classifier = self.classifier.resend_overloaded(on);
        self
    }

    /// Repeats idempotent writes whose views were too slow ([`CqlClassifier::retry_views`]). Default: false.
    pub fn retry_views(mut self, on: bool) -> Self {
        self.classifier = self.classifier.retry_views(on);
        self
    }

    /// How results are judged, with a last word of your own if you like ([`CqlClassifier::judged_by`]). Default:
    /// [`CqlClassifier::new`]. What was set by the three options above before is replaced by what is set in it.
    pub fn classifier(mut self, classifier: CqlClassifier) -> Self {
        self.classifier = classifier;
        self
    }

    /// Makes a second attempt on another node beside one that takes unusually long; the first answer counts. Default: none.
    ///
    /// Only of reads and of writes that may be applied twice, each page for itself; never of conditional writes, reads at a serial level,
    /// counters and DDL, nor of what is sent to one host on purpose. The delay is learned, and what it costs is bounded: see
    /// [`layers::hedge`](crate::layers::hedge). It stands between the retries and your [attempt layers](Self::attempt_layer), which see both attempts.
    ///
    /// With a retry budget of 50 and 20 %, which is the default, written down or not, retries, second attempts and probes together stay within 10 % of the
    /// calls of any 10 s (or 50 in a quiet session) instead of 20 % for retries alone; other numbers given by
    /// [`RetryPolicy::budget_of`](crate::RetryPolicy::budget_of) hold for all of them as they are. With one given by
    /// [`RetryPolicy::budget`](crate::RetryPolicy::budget), or none, or without retries, second attempts have their own share alone.
    ///
    /// Both attempts have the same timestamp. The one that loses stays counted on its node until that has answered. [`Response::hedges`](crate::Response::hedges)
    /// says how many there were, an error has both in its [`attempts`](crate::Error::attempts). Refused when the session is built: values that make
    /// no sense, a delay that is not below the attempt limit, and a load balancing policy of the driver.
    pub const fn hedge(mut self, hedge: Hedge) -> Self {
        self.hedge = Some(hedge);
        self
    }

    /// One attempt per call.
    pub fn no_retry(mut self) -> Self {
        self.retry = None;
        self
    }

    /// Reads from the text whether a statement is idempotent, for all that are not marked; those that are become fit for retries. Default: off, only
    /// SELECT counts as idempotent without a mark.
    ///
    /// What is read, and where the answer is no, is in [`cql::idempotence`](crate::cql::idempotence). A mark ([`Statement::idempotent`]) wins in both directions. A batch without a
    /// mark is idempotent if each member is, by its own mark or by its text. Writes to tables that are known to have counters never are, nor
    /// are a DELETE from a table that the session does not know (yet) and an unlogged batch as one text with a DELETE in it.
    ///
    /// A text is read once; per call it costs a look at the schema for text that is not prepared.
    pub const fn infer_idempotence(mut self, on: bool) -> Self {
        self.infer_idempotence = on;
        self
    }

    /// How many calls may begin per second. Default: no limit.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// How many calls may be under way, and how many may wait. Default: no limit.
    pub fn concurrency_limit(mut self, limit: impl Into<ConcurrencyLimit>) -> Self {
        self.concurrency_limit = Some(limit.into());
        self
    }

    /// Adds a [`Profile`]: options that statements choose by its name. Default: none. A name that was given before gets the new options.
    pub fn profile(mut self, name: impl Into<String>, profile: Profile) -> Self {
        self.profiles.insert(name.into(), profile);
        self
    }

    pub(crate) fn with_default_concurrency_limit(mut self) -> Self {
        self.concurrency_limit
            .get_or_insert_with(|| ConcurrencyLimit::new(defaults::CONCURRENCY));
        self
    }

    /// Could a monitor of its sessions run in this interval?
    pub(crate) fn check_monitor_interval(&self, interval: Duration) -> Result<(), Error> {
        let check = self.health.unwrap_or_default();
        Ok(check.with_interval(interval).validate()?)
    }

    /// Where metrics go. Default: the global recorder of the `metrics` crate, which must be installed before `connect`.
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = MetricsChoice::Given(metrics);
        self
    }

    /// The global recorder, with options.
    #[cfg(feature = "config")]
    pub(crate) fn global_metrics(mut self, options: super::GlobalMetrics) -> Self {
        self.metrics = MetricsChoice::With(options);
        self
    }

    /// No metrics.
    pub fn no_metrics(mut self) -> Self {
        self.metrics = MetricsChoice::Off;
        self
    }

    /// Adds a collector, which is told of every request and of the state of the nodes; see [`observe`](crate::observe). Default: none. Any number of them; each session tells
    /// the same ones.
    pub fn collector(mut self, collector: Arc<dyn Collector>) -> Self {
        self.collectors.push(collector);
        self
    }

    /// Logs slow and failed requests; see [`SlowLog`]. Default: off.
    pub const fn slow_log(mut self, log: SlowLog) -> Self {
        self.slow_log = Some(log);
        self
    }

    /// Gives the spans of requests the text of the statement as `db.query.text`, with `?` for every value and literal; see [`trace`](crate::trace). Default: off. Where somebody listens to
    /// spans a text costs its fingerprint once.
    pub const fn trace_query_text(mut self, on: bool) -> Self {
        self.trace_query_text = on;
        self
    }

    /// How often nodes are probed. Default: every 5 s, 2 s for an answer (or the interval, if that is shorter). A time for an answer that is given and above
    /// the interval is refused.
    pub const fn health(mut self, check: HealthCheck) -> Self {
        self.health = Some(check);
        self
    }

    /// No probes; the results of real requests still count.
    pub const fn no_health_check(mut self) -> Self {
        self.health = None;
        self
    }

    /// The numbers of the health table: limits per node, ejection.
    pub const fn health_settings(mut self, settings: HealthSettings) -> Self {
        self.health_settings = settings;
        self
    }

    /// Adds a layer outside of admission and retry: it sees logical calls. The first one added is the outermost.
    ///
    /// Its error may be any that can be boxed. Our own errors come through unchanged, tower's `Elapsed` and `Overloaded` become `Timeout` and
    /// `Rejected`, everything else becomes `Internal` and is not retried.
    pub fn layer<L, S>(mut self, layer: L) -> Self
    where
        L: Layer<BoxService, Service = S> + Send + Sync + 'static,
        S: Service<Statement, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.layers.push(layer);
        self
    }

    /// Adds a layer inside of retry: it sees every attempt. The first one added is the outermost.
    pub fn attempt_layer<L, S>(mut self, layer: L) -> Self
    where
        L: Layer<BoxService, Service = S> + Send + Sync + 'static,
        S: Service<Statement, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.attempt_layers.push(layer);
        self
    }

    /// Changes the driver's own settings, after ours were set. The execution profile cannot be changed by it: attempts would multiply.
    pub fn configure(
        mut self,
        change: impl Fn(SessionBuilder) -> SessionBuilder + Send + Sync + 'static,
    ) -> Self {
        self.configure.push(Arc::new(change));
        self
    }
}

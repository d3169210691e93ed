//! The one judgement of results that retry, metrics and health share.

mod rules;

use std::sync::Arc;
use std::time::Duration;

use tower_cassandra_layers::classify::{AttemptFigures, Beside, Classify, Outcome, Stop};
use tower_cassandra_layers::health::Table;
use tower_cassandra_layers::request::{Idempotency, NodeId, Request};
use tower_cassandra_layers::{Advice, Failure};
use uuid::Uuid;

pub use self::rules::ReadTimeoutRule;
use self::rules::{Own, Rules};
use crate::cluster::ClusterDirectory;
use crate::error::{AttemptError, Error};
use crate::nature::Nature;
use crate::response::Response;
use crate::statement::Statement;

/// Judges the results of CQL requests by the nature of the statement and the error.
///
/// Give it to [`ClusterBuilder::classifier`](crate::ClusterBuilder::classifier), or to the generic layers when you build a stack by hand. It
/// needs the health table only to know whether there is another node to go to; `ClusterBuilder` gives it that of the session.
///
/// ```
/// use tower_cassandra::layers::{Advice, Failure};
/// use tower_cassandra::{ClusterBuilder, CqlClassifier, ErrorKind};
///
/// let classifier = CqlClassifier::new()
///     // Our cluster refuses before it writes.
///     .resend_overloaded(true)
///     // And this error of its proxy never goes away.
///     .judged_by(|error, _, failure| match error.kind() {
///         ErrorKind::Other(0xFF01) => Failure { advice: Advice::Never, ..failure },
///         _ => failure,
///     });
/// let builder = ClusterBuilder::new().classifier(classifier);
/// # let _ = builder;
/// ```
#[derive(Clone, Debug, Default)]
pub struct CqlClassifier {
    nodes: Nodes,
    rules: Rules,
    own: Option<Own>,
}

/// Where other nodes are looked for. One of them and not two: the classifier is cloned for requests.
#[derive(Clone, Debug, Default)]
enum Nodes {
    /// Nowhere: it is taken that there are some.
    #[default]
    Unknown,
    Table(Table),
    /// Which of its table may be asked at all.
    Directory(ClusterDirectory),
}

impl Nodes {
    fn table(&self) -> Option<&Table> {
        match self {
            Self::Unknown => None,
            Self::Table(table) => Some(table),
            Self::Directory(directory) => Some(directory.table()),
        }
    }
}

impl CqlClassifier {
    /// A classifier that takes it that there is always another node.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A classifier that looks into the table for other nodes.
    #[must_use]
    pub fn with_table(table: Table) -> Self {
        Self::new().looking_into(table)
    }

    /// The same one, looking into this table for other nodes.
    #[must_use]
    pub fn looking_into(mut self, table: Table) -> Self {
        self.nodes = Nodes::Table(table);
        self
    }

    /// The same one, looking for other nodes among those that this directory lets be asked.
    #[must_use]
    pub(crate) fn within(mut self, directory: ClusterDirectory) -> Self {
        self.nodes = Nodes::Directory(directory);
        self
    }

    /// Sets which reads are repeated after their replicas were too slow, or failed. Default: [`ReadTimeoutRule::Once`].
    #[must_use]
    pub const fn read_timeouts(mut self, rule: ReadTimeoutRule) -> Self {
        self.rules.read_timeouts = rule;
        self
    }

    /// Takes it that a node that says `Overloaded` has not written anything, so that writes without a mark are sent again, after a pause and to another
    /// node. Default: false, since nothing in the protocol promises it. Not for conditional writes, counters and unlogged batches. (That a text which is
    /// not prepared adds to a counter is known to a [`Session`](crate::Session), and not to a stack without one.)
    #[must_use]
    pub const fn resend_overloaded(mut self, on: bool) -> Self {
        self.rules.resend_overloaded = on;
        self
    }

    /// Repeats idempotent writes whose materialized views, or whose change data capture, were too slow, after a pause and on another node. Default: false:
    /// the write itself is done, and the server goes on with the views.
    #[must_use]
    pub const fn retry_views(mut self, on: bool) -> Self {
        self.rules.retry_views = on;
        self
    }

    /// Lets a function of yours have the last word on every failure: it is given the error, the nature of the statement and our judgement, and
    /// returns its own. Retry, metrics and health all go by it. Default: none.
    ///
    /// It runs on the way of a failed attempt, several times for each, and must not block. What it says about
    /// [`applied`](Failure::applied) is believed: with `Applied::No` any statement may be sent again. An error whose retries have ended
    /// ([`Error::is_exhausted`](crate::Error::is_exhausted)) is not shown to it. If it panics, our judgement holds, and the first time says so in the log.
    #[must_use]
    pub fn judged_by(
        mut self,
        judge: impl Fn(&Error, Nature, Failure) -> Failure + Send + Sync + 'static,
    ) -> Self {
        self.own = Some(Own(Arc::new(judge)));
        self
    }

    /// Could it let a write without a mark be sent again that may have been applied by the table?
    pub(crate) const fn may_resend(&self) -> bool {
        self.rules.resend_overloaded || self.own.is_some()
    }

    /// The options, for comparing builders: own code by whether there is any.
    #[cfg(all(test, feature = "config"))]
    pub(crate) const fn options(&self) -> (Rules, bool) {
        (self.rules, self.own.is_some())
    }
}

/// What is remembered of a statement to judge its result.
#[derive(Clone, Copy, Debug)]
pub struct StatementFacts {
    nature: Nature,
    /// DDL and TRUNCATE that are not marked are sent once, whatever the error says: what they do cannot be taken back.
    once: bool,
}

impl Classify<Statement, Response, Error> for CqlClassifier {
    type Facts = StatementFacts;

    fn facts(&self, statement: &Statement) -> StatementFacts {
        let nature = statement.nature();
        // The mark last: four layers ask for these facts of every request.
        StatementFacts {
            nature,
            once: matches!(nature, Nature::Schema | Nature::Truncate)
                && statement.idempotency() != Idempotency::Yes,
        }
    }

    fn classify(&self, facts: &StatementFacts, result: Result<&Response, &Error>) -> Outcome {
        let Err(error) = result else {
            return Outcome::Success;
        };
        let mut failure = error.judge(facts.nature);
        if facts.once {
            failure.advice = Advice::Never;
        }
        // A retry that has ended stays ended.
        if !error.is_exhausted() {
            self.rules.apply(error, facts.nature, &mut failure);
            if let Some(own) = &self.own {
                failure = own.judge(error, facts.nature, failure);
            }
        }
        Outcome::Failure(failure)
    }

    fn node(&self, result: Result<&Response, &Error>) -> Option<NodeId> {
        match result {
            Ok(_) => None,
            Err(error) => error.node().map(|node| NodeId(node.as_u128())),
        }
    }

    fn node_beside(&self, error: &Error) -> Option<NodeId> {
        let node = error.node();
        let others = error.attempts().iter().filter_map(AttemptError::node);
        others
            .map(|other| (other, NodeId(other.as_u128())))
            .find_map(|(other, id)| (Some(other) != node).then_some(id))
    }

    fn has_alternatives(&self) -> bool {
        match &self.nodes {
            Nodes::Unknown => true,
            Nodes::Table(table) => table.len() > 1,
            Nodes::Directory(directory) => directory.has_alternatives(),
        }
    }

    fn accumulate(&self, earlier: Option<Error>, error: Error, attempt: &AttemptFigures) -> Error {
        Error::accumulate(earlier, error, attempt)
    }

    fn finish(&self, error: Error, why: Stop) -> Error {
        error.finish(why)
    }

    fn recovered(&self, response: &mut Response, earlier: Error, pause: Duration) {
        response.recovered(earlier, pause);
    }

    fn hedged(&self, response: &mut Response, beside: Beside<Error>) {
        let owing = self.nodes.table().and_then(|table| table.owing(beside.call));
        response.hedged(beside, owing.map(|node| Uuid::from_u128(node.0)));
    }

    fn succeeded(&self, response: &mut Response, attempts: u32) {
        response.set_attempts(attempts);
    }
}

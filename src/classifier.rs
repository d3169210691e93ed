//! The one judgement of results that retry, metrics and health share.

use tower_cassandra_layers::Advice;
use tower_cassandra_layers::classify::{AttemptFigures, Classify, Outcome, Stop};
use tower_cassandra_layers::health::Table;
use tower_cassandra_layers::request::{Idempotency, NodeId, Request};

use crate::error::{AttemptError, Error, ErrorKind};
use crate::nature::Nature;
use crate::response::Response;
use crate::statement::Statement;

/// Judges the results of CQL requests by the nature of the statement and the error.
///
/// Give it to the generic layers when you build a stack by hand. It needs the health table only to know whether there is another node to
/// go to.
#[derive(Clone, Debug, Default)]
pub struct CqlClassifier {
    table: Option<Table>,
    read_timeouts: ReadTimeoutRule,
}

/// Which reads are repeated after a node answered that its replicas were too slow, or failed ([`ErrorKind::ReadTimeout`],
/// [`ErrorKind::ReadFailure`]). Never reads at a serial level, and the consistency is never changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadTimeoutRule {
    /// Once on the same node, when enough replicas answered and the data was not among the answers: the node has asked for it meanwhile. All
    /// else would time out again while it adds to the load.
    #[default]
    Once,
    /// As in the Python original: whenever enough replicas answered or the data was there, after a pause, up to the number of retries.
    Original,
    /// All of them, failures of replicas too, on another node: for clusters in which one replica often is the trouble. The retry budget bounds what that
    /// adds when it is all of them.
    Elsewhere,
}

impl CqlClassifier {
    /// A classifier that takes it that there is always another node.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            table: None,
            read_timeouts: ReadTimeoutRule::Once,
        }
    }

    /// A classifier that looks into the table for other nodes.
    #[must_use]
    pub const fn with_table(table: Table) -> Self {
        Self {
            table: Some(table),
            read_timeouts: ReadTimeoutRule::Once,
        }
    }

    /// Sets which reads are repeated after their replicas were too slow. Default: [`ReadTimeoutRule::Once`].
    #[must_use]
    pub const fn read_timeouts(mut self, rule: ReadTimeoutRule) -> Self {
        self.read_timeouts = rule;
        self
    }

    /// What the rule says of the failure of a read; none where it says nothing.
    fn of_read(&self, error: &Error) -> Option<Advice> {
        let is_timeout = match error.kind() {
            ErrorKind::ReadTimeout => true,
            ErrorKind::ReadFailure => false,
            _ => return None,
        };
        match self.read_timeouts {
            ReadTimeoutRule::Once => None,
            ReadTimeoutRule::Original => {
                let had_enough = error.received() >= error.required() || error.data_present() == Some(true);
                (is_timeout && had_enough).then_some(Advice::Backoff)
            }
            ReadTimeoutRule::Elsewhere => Some(Advice::Next),
        }
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
        let marked = statement.idempotency() == Idempotency::Yes;
        StatementFacts {
            nature,
            once: matches!(nature, Nature::Schema | Nature::Truncate) && !marked,
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
        if facts.nature == Nature::Read
            && !error.is_exhausted()
            && let Some(advice) = self.of_read(error)
        {
            failure.advice = advice;
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
        self.table.as_ref().is_none_or(|table| table.len() > 1)
    }

    fn accumulate(&self, earlier: Option<Error>, error: Error, attempt: &AttemptFigures) -> Error {
        Error::accumulate(earlier, error, attempt)
    }

    fn finish(&self, error: Error, why: Stop) -> Error {
        error.finish(why)
    }

    fn hedged(&self, response: &mut Response, _won: bool) {
        response.add_hedge();
    }

    fn succeeded(&self, response: &mut Response, attempts: u32) {
        response.set_attempts(attempts);
    }
}

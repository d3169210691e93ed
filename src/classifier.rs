//! The one judgement of results that retry, metrics and health share.

use tower_cassandra_layers::Advice;
use tower_cassandra_layers::classify::{AttemptFigures, Classify, Outcome, Stop};
use tower_cassandra_layers::health::Table;
use tower_cassandra_layers::request::{Idempotency, NodeId, Request};

use crate::error::Error;
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
}

impl CqlClassifier {
    /// A classifier that takes it that there is always another node.
    #[must_use]
    pub const fn new() -> Self {
        Self { table: None }
    }

    /// A classifier that looks into the table for other nodes.
    #[must_use]
    pub const fn with_table(table: Table) -> Self {
        Self { table: Some(table) }
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
        Outcome::Failure(failure)
    }

    fn node(&self, result: Result<&Response, &Error>) -> Option<NodeId> {
        match result {
            Ok(_) => None,
            Err(error) => error.node().map(|node| NodeId(node.as_u128())),
        }
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

    fn succeeded(&self, response: &mut Response, attempts: u32) {
        response.set_attempts(attempts);
    }
}

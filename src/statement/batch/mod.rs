mod parts;

use std::sync::Arc;

use scylla::statement::{Consistency, SerialConsistency};

pub(crate) use parts::BatchParts;

use super::{Statement, What};

/// How the members of a batch belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchKind {
    /// All or none, by way of the batch log.
    Logged,
    /// Sent partition by partition, each for itself.
    Unlogged,
    /// Counter updates only.
    Counter,
}

/// Several writes as one request.
///
/// Members are bound statements or text. The options of the batch count, those of its members do not; whether it is idempotent says
/// the mark of the batch, not those of its members. It is sent to a replica of its first member.
///
/// ```
/// use tower_cassandra::{Batch, Statement};
///
/// let batch = Batch::logged()
///     .with("INSERT INTO users (id, name) VALUES (1, 'a')")
///     .with("INSERT INTO users (id, name) VALUES (2, 'b')");
/// let statement = Statement::from(batch).idempotent(true);
/// # let _ = statement;
/// ```
#[derive(Clone, Debug)]
pub struct Batch {
    kind: BatchKind,
    members: Vec<Statement>,
    options: Statement,
}

impl Batch {
    /// An empty batch of this kind.
    #[must_use]
    pub fn new(kind: BatchKind) -> Self {
        Self {
            kind,
            members: Vec::new(),
            options: Statement::new(""),
        }
    }

    /// An empty logged batch.
    #[must_use]
    pub fn logged() -> Self {
        Self::new(BatchKind::Logged)
    }

    /// An empty unlogged batch.
    #[must_use]
    pub fn unlogged() -> Self {
        Self::new(BatchKind::Unlogged)
    }

    /// An empty counter batch.
    #[must_use]
    pub fn counter() -> Self {
        Self::new(BatchKind::Counter)
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, member: impl Into<Statement>) -> Self {
        self.members.push(member.into());
        self
    }

    /// Adds a member in place, for loops.
    pub fn push(&mut self, member: impl Into<Statement>) {
        self.members.push(member.into());
    }

    /// How many members it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Has it none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Sets the consistency of the batch.
    #[must_use]
    pub fn consistency(mut self, consistency: Consistency) -> Self {
        self.options = self.options.consistency(consistency);
        self
    }

    /// Sets the consistency of the conditional part.
    #[must_use]
    pub fn serial_consistency(mut self, consistency: SerialConsistency) -> Self {
        self.options = self.options.serial_consistency(consistency);
        self
    }

    /// Says whether the whole batch may be applied twice without harm.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.options = self.options.idempotent(idempotent);
        self
    }
}

impl From<Batch> for Statement {
    fn from(batch: Batch) -> Self {
        let Batch {
            kind,
            members,
            options,
        } = batch;
        let mut statement = Self::of(What::Batch(Arc::new(BatchParts::new(kind, members))));
        statement.options = options.options;
        statement
    }
}

impl From<&Batch> for Statement {
    fn from(batch: &Batch) -> Self {
        batch.clone().into()
    }
}

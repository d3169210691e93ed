mod options;
mod parts;

use std::sync::Arc;

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

impl BatchKind {
    /// How a batch of this kind begins as text.
    pub(crate) const fn begin(self) -> &'static str {
        match self {
            Self::Logged => "begin batch",
            Self::Unlogged => "begin unlogged batch",
            Self::Counter => "begin counter batch",
        }
    }
}

/// Several writes as one request.
///
/// Members are bound statements or text, with values or without. Text with values goes through the cache of prepared statements, each text once.
///
/// At most 65,535 members fit into one request; more are an error of kind `Invalid` before anything is sent. The server warns of batches above 5 kB
/// and refuses those above 50 kB, unless it is told otherwise: a batch keeps writes together, it does not make them faster.
/// The options of the batch count, those of its members do not. Where that would change what is written or where, it is an error of kind `Invalid` before anything is sent:
/// for a member with a timestamp, consistency, profile, deadline or host of its own. Whether it is idempotent says the mark of the batch; the marks of its members count only
/// where it has none and [`infer_idempotence`](crate::ClusterBuilder::infer_idempotence) is on. It is sent to a replica of its first member.
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
}

impl From<Batch> for Statement {
    fn from(batch: Batch) -> Self {
        let Batch {
            kind,
            members,
            options,
        } = batch;
        Self {
            what: What::Batch(Arc::new(BatchParts::new(kind, members))),
            ..options
        }
    }
}

impl From<&Batch> for Statement {
    fn from(batch: &Batch) -> Self {
        batch.clone().into()
    }
}

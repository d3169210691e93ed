use std::sync::Arc;

use scylla::statement::batch as driver;
use scylla::statement::unprepared;
use scylla::statement::{Consistency, SerialConsistency};

use super::{Bound, Statement, What};
use crate::error::Error;
use crate::nature::Nature;

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

/// A batch as the leaf sends it.
pub(crate) struct BatchParts {
    pub(crate) kind: BatchKind,
    pub(crate) nature: Nature,
    pub(crate) members: Vec<Statement>,
    /// None as long as a member waits to be prepared, or when there is a member that cannot be one.
    ready: Option<(driver::Batch, Vec<Bound>)>,
}

impl BatchParts {
    pub(crate) fn new(kind: BatchKind, members: Vec<Statement>) -> Self {
        let nature = if members.iter().any(|member| member.nature() == Nature::Lwt) {
            Nature::Lwt
        } else if members.iter().any(|member| member.nature().is_counter()) {
            // The server takes increments in an unlogged batch as well.
            Nature::CounterBatch
        } else {
            match kind {
                BatchKind::Logged => Nature::LoggedBatch,
                BatchKind::Unlogged => Nature::UnloggedBatch,
                BatchKind::Counter => Nature::CounterBatch,
            }
        };
        let ready = assemble(kind, &members);
        Self {
            kind,
            nature,
            members,
            ready,
        }
    }

    pub(crate) fn first(&self) -> Option<&Statement> {
        self.members.first()
    }

    /// The driver's batch and its values.
    pub(crate) fn ready(&self) -> Option<&(driver::Batch, Vec<Bound>)> {
        self.ready.as_ref()
    }

    /// Is it one that the protocol can carry?
    pub(crate) fn validate(&self) -> Result<(), Error> {
        if self.members.len() > usize::from(u16::MAX) {
            return Err(Error::invalid("a batch has at most 65,535 members: split it"));
        }
        let can_be_member = |member: &Statement| match &member.what {
            What::Text(_) | What::Unbound(..) | What::Bound { .. } => !member.nature().is_read(),
            What::Batch(_) | What::Prepare(_) => false,
        };
        if !self.members.iter().all(can_be_member) {
            return Err(Error::invalid(
                "a batch has only INSERT, UPDATE and DELETE as members",
            ));
        }
        Ok(())
    }
}

fn assemble(kind: BatchKind, members: &[Statement]) -> Option<(driver::Batch, Vec<Bound>)> {
    let batch_type = match kind {
        BatchKind::Logged => driver::BatchType::Logged,
        BatchKind::Unlogged => driver::BatchType::Unlogged,
        BatchKind::Counter => driver::BatchType::Counter,
    };
    let mut statements = Vec::with_capacity(members.len());
    let mut values = Vec::with_capacity(members.len());
    for member in members {
        match &member.what {
            What::Text(text) => {
                statements.push(unprepared::Statement::new(&*text.text).into());
                values.push(Bound::empty());
            }
            What::Bound {
                prepared,
                values: bound,
                ..
            } => {
                statements.push(prepared.driver().ok()?.clone().into());
                values.push(bound.clone());
            }
            What::Unbound(..) | What::Batch(_) | What::Prepare(_) => return None,
        }
    }
    Some((driver::Batch::new_with_statements(batch_type, statements), values))
}

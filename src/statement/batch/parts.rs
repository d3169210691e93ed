//! A batch as the leaf sends it.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use scylla::statement::batch as driver;
use scylla::statement::unprepared;

use super::BatchKind;
use crate::error::Error;
use crate::nature::Nature;
use crate::statement::values::MemberValues;
use crate::statement::{Prepared, Statement, Text, Verb, What};

/// A batch as the leaf sends it.
pub(crate) struct BatchParts {
    pub(crate) kind: BatchKind,
    pub(crate) nature: Nature,
    pub(crate) members: Vec<Statement>,
    /// Made when it is first sent, and good as long as no member was prepared anew.
    ready: OnceLock<Ready>,
}

/// The driver's batch and its values.
#[derive(Clone)]
pub(crate) struct Ready {
    pub(crate) batch: driver::Batch,
    pub(crate) values: Vec<MemberValues>,
    /// Which form of each prepared member is in there; 0 for the others.
    versions: Vec<u64>,
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
        Self {
            kind,
            nature,
            members,
            ready: OnceLock::new(),
        }
    }

    pub(crate) fn first(&self) -> Option<&Statement> {
        self.members.first()
    }

    /// What OpenTelemetry calls it: a batch of one thing is that thing, and one of many of a kind says which.
    pub(crate) fn operation(&self) -> &'static str {
        let mut verbs = self.members.iter().map(Statement::verb);
        let Some(verb) = verbs.next() else {
            return Verb::Batch.operation();
        };
        match verb {
            verb if self.members.len() == 1 => verb.operation(),
            verb if verbs.any(|other| other != verb) => Verb::Batch.operation(),
            Verb::Insert => "BATCH INSERT",
            Verb::Update => "BATCH UPDATE",
            Verb::Delete => "BATCH DELETE",
            _ => Verb::Batch.operation(),
        }
    }

    /// Has it members whose values wait for their text to be prepared?
    pub(crate) fn has_unbound(&self) -> bool {
        self.members
            .iter()
            .any(|member| matches!(member.what, What::Unbound(..)))
    }

    /// The members that are prepared.
    pub(crate) fn prepared(&self) -> impl Iterator<Item = &Prepared> {
        self.members.iter().filter_map(|member| match &member.what {
            What::Bound { bound, .. } => Some(bound.prepared()),
            What::Text(_) | What::Unbound(..) | What::Batch(_) | What::Prepare(_) => None,
        })
    }

    /// What the driver takes.
    pub(crate) fn ready(&self) -> Result<Cow<'_, Ready>, Error> {
        let ready = match self.ready.get() {
            Some(ready) => ready,
            None => {
                let made = Ready::new(self.kind, &self.members)?;
                self.ready.get_or_init(|| made)
            }
        };
        let is_current = |(member, version): (&Statement, &u64)| member.version() == *version;
        if self.members.iter().zip(&ready.versions).all(is_current) {
            Ok(Cow::Borrowed(ready))
        } else {
            Ready::new(self.kind, &self.members).map(Cow::Owned)
        }
    }

    /// The server did not know one of the prepared members; it does not say which.
    pub(crate) fn mark_stale(&self, sent: &Ready) {
        for (member, version) in self.members.iter().zip(&sent.versions) {
            if let What::Bound { bound, .. } = &member.what {
                bound.prepared().mark_stale(*version);
            }
        }
    }

    /// May it be a member? What is not understood is left to the server.
    fn takes(member: &Statement) -> bool {
        use Nature::{Counter, Lwt, Other, Write};
        let may = matches!(member.nature(), Write | Lwt | Counter | Other);
        may && member.is_member() && !member.is_use()
    }

    /// Is it one that the protocol can carry?
    pub(crate) fn validate(&self) -> Result<(), Error> {
        if self.members.len() > usize::from(u16::MAX) {
            return Err(Error::invalid("a batch has at most 65,535 members: split it"));
        }
        if !self.members.iter().all(Self::takes) {
            return Err(not_a_member());
        }
        match self
            .members
            .iter()
            .find_map(|member| member.options.not_for_a_member())
        {
            None => Ok(()),
            Some(problem) => Err(Error::invalid(problem)),
        }
    }
}

fn not_a_member() -> Error {
    Error::invalid("a batch has only INSERT, UPDATE and DELETE as members")
}

impl Statement {
    const fn is_member(&self) -> bool {
        match self.what {
            What::Text(_) | What::Unbound(..) | What::Bound { .. } => true,
            What::Batch(_) | What::Prepare(_) => false,
        }
    }

    fn version(&self) -> u64 {
        match &self.what {
            What::Bound { bound, .. } => bound.prepared().version(),
            What::Text(_) | What::Unbound(..) | What::Batch(_) | What::Prepare(_) => 0,
        }
    }
}

impl Ready {
    fn new(kind: BatchKind, members: &[Statement]) -> Result<Self, Error> {
        let batch_type = match kind {
            BatchKind::Logged => driver::BatchType::Logged,
            BatchKind::Unlogged => driver::BatchType::Unlogged,
            BatchKind::Counter => driver::BatchType::Counter,
        };
        let mut statements = Vec::with_capacity(members.len());
        let mut values = Vec::with_capacity(members.len());
        let mut versions = Vec::with_capacity(members.len());
        for member in members {
            let (statement, its_values, version) = match &member.what {
                What::Text(text) => (text.as_driver(), MemberValues::None, 0),
                // The driver prepares it on the connection it sends the batch on.
                What::Unbound(text, open) => (text.as_driver(), MemberValues::Open(Arc::clone(open)), 0),
                What::Bound { bound, .. } => {
                    let form = bound.prepared().form()?;
                    (
                        form.driver.into(),
                        MemberValues::Bound(bound.clone()),
                        form.version,
                    )
                }
                What::Batch(_) | What::Prepare(_) => return Err(not_a_member()),
            };
            statements.push(statement);
            values.push(its_values);
            versions.push(version);
        }
        Ok(Self {
            batch: driver::Batch::new_with_statements(batch_type, statements),
            values,
            versions,
        })
    }
}

impl Text {
    fn as_driver(&self) -> driver::BatchStatement {
        unprepared::Statement::new(&*self.text).into()
    }
}

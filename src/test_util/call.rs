use std::fmt;

use bytes::Bytes;
use scylla::deserialize::row::DeserializeRow;
use scylla_cql_core::deserialize::FrameSlice;
use scylla_cql_core::deserialize::row::ColumnIterator;
use tower_cassandra_layers::request::{Idempotency, Request};

use super::expect::Markers;
use crate::error::Error;
use crate::nature::Nature;
use crate::statement::{Statement, What};

/// A request that a script got.
#[derive(Clone)]
pub struct Call {
    statement: Statement,
    /// The values as they would be sent, and what they are of.
    bound: Option<(Bytes, Markers)>,
}

impl Call {
    pub(super) fn new(statement: &Statement) -> Self {
        let bound = match &statement.what {
            What::Bound { bound, .. } => Some((bound.cells(), bound.prepared().specs().as_slice().to_vec())),
            What::Text(_) | What::Unbound(..) | What::Batch(_) | What::Prepare(_) => None,
        };
        Self {
            statement: statement.clone(),
            bound,
        }
    }

    /// Its text; none for a batch.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.statement.text()
    }

    /// The values that are bound to its markers, as a row type.
    ///
    /// # Errors
    /// `Decode` when they do not fit `R`; `Unsupported` for a request without bound values. Of a batch, ask its [`members`](Self::members).
    pub fn values<'a, R: DeserializeRow<'a, 'a>>(&'a self) -> Result<R, Error> {
        let no_values = || Error::unsupported("this request has no bound values");
        let (cells, markers) = self.bound.as_ref().ok_or_else(no_values)?;
        R::type_check(markers).map_err(Error::decode)?;
        R::deserialize(ColumnIterator::new(markers, FrameSlice::new(cells))).map_err(Error::decode)
    }

    /// The members of a batch; none for anything else.
    #[must_use]
    pub fn members(&self) -> Vec<Self> {
        match &self.statement.what {
            What::Batch(batch) => batch.members.iter().map(Self::new).collect(),
            _ => Vec::new(),
        }
    }

    /// What kind of request it is.
    #[must_use]
    pub fn nature(&self) -> Nature {
        self.statement.nature()
    }

    /// May it be sent twice?
    #[must_use]
    pub fn idempotency(&self) -> Idempotency {
        self.statement.idempotency()
    }

    /// The statement itself, as the leaf would get it.
    #[must_use]
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }
}

impl fmt::Debug for Call {
    // With the text and without the values: it is for the output of tests.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("text", &self.text())
            .field("statement", &self.statement)
            .finish_non_exhaustive()
    }
}

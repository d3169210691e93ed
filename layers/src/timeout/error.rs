use std::fmt;
use std::time::Duration;

use crate::classify::Applied;
use crate::request::{Limit, NodeId};

/// A time limit passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elapsed {
    limit: Limit,
    applied: Applied,
    // Apart from the id: an option of a number takes twice its place, and every result has room for its error.
    has_node: bool,
    node: NodeId,
    waited: Duration,
}

impl Elapsed {
    pub(crate) const fn new(limit: Limit, waited: Duration, applied: Applied) -> Self {
        Self {
            limit,
            applied,
            has_node: false,
            node: NodeId(0),
            waited,
        }
    }

    pub(crate) const fn on(mut self, node: Option<NodeId>) -> Self {
        if let Some(node) = node {
            self.has_node = true;
            self.node = node;
        }
        self
    }

    /// Which limit it was.
    #[must_use]
    pub const fn limit(&self) -> Limit {
        self.limit
    }

    /// How long the layer that made this error had waited.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.waited
    }

    /// [`Applied::No`] when the request was never handed on, otherwise [`Applied::Maybe`]: dropping a future does not
    /// call back what it has sent.
    #[must_use]
    pub const fn applied(&self) -> Applied {
        self.applied
    }

    /// The node that did not answer, where one was chosen.
    #[must_use]
    pub const fn node(&self) -> Option<NodeId> {
        if self.has_node { Some(self.node) } else { None }
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed after {:?}", self.limit, self.waited)?;
        match self.node() {
            Some(node) => write!(f, ", node {node} did not answer"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Elapsed {}

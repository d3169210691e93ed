use std::fmt;
use std::time::Duration;

use crate::classify::Applied;
use crate::request::{Limit, NodeId};

/// A time limit passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elapsed {
    limit: Limit,
    applied: Applied,
    in_queue: bool,
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
            in_queue: false,
            has_node: false,
            node: NodeId(0),
            waited,
        }
    }

    /// It had been waiting for so long before.
    pub(crate) const fn after(mut self, waited: Duration) -> Self {
        self.waited = waited.saturating_add(self.waited);
        self.in_queue = true;
        self
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

    /// How long the layer that made this error had waited; in the queue of a limit, together with what other limits had made the request wait before.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.waited
    }

    /// How long the request waited in the queues of limits, if a limit made this error: [`waited`](Self::waited), else 0.
    #[must_use]
    pub const fn queued(&self) -> Duration {
        if self.in_queue {
            self.waited
        } else {
            Duration::ZERO
        }
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

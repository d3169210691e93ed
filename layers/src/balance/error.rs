use std::fmt;

use crate::request::NodeId;

/// There is no node that this request may be sent to; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoCandidate {
    node: Option<NodeId>,
}

impl NoCandidate {
    pub(crate) const fn new(node: Option<NodeId>) -> Self {
        Self { node }
    }

    /// The one node that the request was for, which is not there; none if it was for any.
    #[must_use]
    pub const fn node(&self) -> Option<NodeId> {
        self.node
    }
}

impl fmt::Display for NoCandidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node {
            Some(NodeId(id)) => write!(f, "the node {id:x} of this request is not there"),
            None => f.write_str("no node may take this request"),
        }
    }
}

impl std::error::Error for NoCandidate {}

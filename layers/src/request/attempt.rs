use std::fmt;

use super::NodeId;
use crate::classify::Advice;

/// How many tried nodes a request remembers.
pub const REMEMBERED_NODES: usize = 4;

/// Which attempt of a call this is, and what the earlier ones ask of it. Written by the retry layer.
// Every layer moves it along with the request, so it is kept small: no `Option` around the nodes, each of which would take
// as much again as the node.
#[derive(Clone, Copy)]
pub struct Attempt {
    /// The first `known` of them, the newest first.
    tried: [NodeId; REMEMBERED_NODES],
    number: u32,
    known: u8,
    /// Its place in `tried`.
    stay: Option<u8>,
    reprepare: bool,
}

impl Default for Attempt {
    fn default() -> Self {
        Self {
            tried: [NodeId(0); REMEMBERED_NODES],
            number: 0,
            known: 0,
            stay: None,
            reprepare: false,
        }
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("number", &self.number)
            .field("tried", &self.tried())
            .field("stay", &self.stay())
            .field("reprepare", &self.reprepare)
            .finish()
    }
}

impl Attempt {
    /// The number of the attempt, counted from 1; 0 where no retry layer is in the stack.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    fn tried(&self) -> &[NodeId] {
        self.tried.get(..usize::from(self.known)).unwrap_or(&self.tried)
    }

    /// Was this node asked by an earlier attempt of the call? The last four are remembered.
    #[must_use]
    pub fn has_tried(&self, node: NodeId) -> bool {
        self.tried().contains(&node)
    }

    /// The node this attempt has to stay on, if the earlier one asked for that.
    #[must_use]
    pub fn stay(&self) -> Option<NodeId> {
        self.tried().get(usize::from(self.stay?)).copied()
    }

    /// Must the prepared form be made anew before this attempt?
    #[must_use]
    pub const fn must_reprepare(&self) -> bool {
        self.reprepare
    }

    pub(crate) fn first() -> Self {
        Self {
            number: 1,
            ..Self::default()
        }
    }

    /// The attempt after this one, which was sent to `node` and ended with `advice`.
    pub(crate) fn next(mut self, node: Option<NodeId>, advice: Advice) -> Self {
        if let Some(node) = node.filter(|n| !self.has_tried(*n)) {
            self.tried.rotate_right(1);
            self.tried[0] = node;
            self.known = (self.known + 1).min(REMEMBERED_NODES as u8);
        }
        self.number += 1;
        let place = |node| self.tried().iter().position(|tried| *tried == node);
        self.stay = match advice {
            Advice::SameOnce => node.and_then(place).map(|place| place as u8),
            _ => None,
        };
        // Once the prepared form is stale it stays so for all further attempts.
        self.reprepare |= advice == Advice::Reprepare;
        self
    }
}

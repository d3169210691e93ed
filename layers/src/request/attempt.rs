use std::sync::Arc;

use super::NodeId;
use crate::classify::Advice;

/// How many tried nodes a request remembers.
pub const REMEMBERED_NODES: usize = 4;

/// Which attempt of a call this is, and what the earlier ones ask of it. Written by the retry layer.
// Every layer moves it along with the request, and few requests are ever retried: the nodes have a place of their own.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    number: u32,
    reprepare: bool,
    hedge: bool,
    failed: Option<Arc<Failed>>,
}

/// What the failed attempts leave to the next one.
#[derive(Clone, Debug, Default)]
struct Failed {
    /// The newest first.
    tried: [Option<NodeId>; REMEMBERED_NODES],
    stay: Option<NodeId>,
}

impl Attempt {
    /// The number of the attempt, counted from 1; 0 where no retry layer is in the stack.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Is it sent beside an earlier one that has not been answered? Written by the [hedge](crate::hedge) layer.
    #[must_use]
    pub const fn is_hedge(&self) -> bool {
        self.hedge
    }

    /// Did none of the call fail before, and is there none beside it?
    #[inline]
    pub(crate) const fn is_first(&self) -> bool {
        self.failed.is_none() && !self.hedge
    }

    /// Made beside this one.
    pub(crate) fn beside(&self) -> Self {
        Self {
            hedge: true,
            ..self.clone()
        }
    }

    /// Was this node asked by an earlier attempt of the call? The last four are remembered.
    #[must_use]
    pub fn has_tried(&self, node: NodeId) -> bool {
        self.failed
            .as_ref()
            .is_some_and(|failed| failed.tried.contains(&Some(node)))
    }

    /// The node this attempt has to stay on, if the earlier one asked for that.
    #[must_use]
    pub fn stay(&self) -> Option<NodeId> {
        self.failed.as_ref()?.stay
    }

    /// Must the prepared form be made anew before this attempt?
    #[must_use]
    pub const fn must_reprepare(&self) -> bool {
        self.reprepare
    }

    #[inline]
    pub(crate) const fn first() -> Self {
        Self {
            number: 1,
            reprepare: false,
            hedge: false,
            failed: None,
        }
    }

    /// The attempt after this one, which was sent to `node` and ended with `advice`.
    pub(crate) fn next(&self, node: Option<NodeId>, advice: Advice) -> Self {
        let mut failed = self.failed.as_deref().cloned().unwrap_or_default();
        if node.is_some() && !failed.tried.contains(&node) {
            failed.tried.rotate_right(1);
            failed.tried[0] = node;
        }
        failed.stay = node.filter(|_| advice == Advice::SameOnce);
        Self {
            number: self.number + 1,
            // Once the prepared form is stale it stays so for all further attempts.
            reprepare: self.reprepare || advice == Advice::Reprepare,
            hedge: false,
            failed: Some(Arc::new(failed)),
        }
    }
}

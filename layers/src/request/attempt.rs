use std::sync::Arc;

use super::{Extensions, NodeId};
use crate::classify::Advice;

/// How many tried nodes a request remembers.
pub const REMEMBERED_NODES: usize = 4;

/// Which attempt of a call this is, and what the earlier ones ask of it. Written by the retry layer.
// Every layer moves it along with the request, and what few requests have is in a place of its own.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    number: u32,
    reprepare: bool,
    rare: Option<Arc<Rare>>,
}

/// What few requests have.
#[derive(Clone, Debug, Default)]
struct Rare {
    /// What the failed attempts leave to the next one.
    failed: Option<Failed>,
    /// Not about attempts at all, but here it costs a request without any nothing.
    extensions: Extensions,
}

/// What the failed attempts leave to the next one.
#[derive(Clone, Debug, Default)]
struct Failed {
    /// The newest first.
    tried: [Option<NodeId>; REMEMBERED_NODES],
    stay: Option<NodeId>,
    /// None failed then: one is under way, and this one is made beside it.
    is_hedge: bool,
}

impl Failed {
    fn add(&mut self, node: Option<NodeId>) {
        if node.is_some() && !self.tried.contains(&node) {
            self.tried.rotate_right(1);
            self.tried[0] = node;
        }
    }
}

impl Attempt {
    /// The number of the attempt, counted from 1; 0 where no retry layer is in the stack.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Is it sent beside an earlier one that has not been answered? Written by the [hedge](crate::hedge) layer.
    #[must_use]
    pub fn is_hedge(&self) -> bool {
        self.failed().is_some_and(|failed| failed.is_hedge)
    }

    /// Did none of the call fail before, and is there none beside it?
    #[inline]
    pub(crate) fn is_first(&self) -> bool {
        self.failed().is_none()
    }

    /// Was this node asked by an earlier attempt of the call? The last four are remembered.
    #[must_use]
    pub fn has_tried(&self, node: NodeId) -> bool {
        self.failed()
            .is_some_and(|failed| failed.tried.contains(&Some(node)))
    }

    /// The node this attempt has to stay on, if the earlier one asked for that.
    #[must_use]
    pub fn stay(&self) -> Option<NodeId> {
        self.failed()?.stay
    }

    /// Must the prepared form be made anew before this attempt?
    #[must_use]
    pub const fn must_reprepare(&self) -> bool {
        self.reprepare
    }

    #[inline]
    fn failed(&self) -> Option<&Failed> {
        self.rare.as_ref()?.failed.as_ref()
    }

    pub(super) fn extensions(&self) -> Option<&Extensions> {
        Some(&self.rare.as_ref()?.extensions)
    }

    pub(super) fn extensions_mut(&mut self) -> &mut Extensions {
        &mut Arc::make_mut(self.rare.get_or_insert_default()).extensions
    }

    /// Makes it the first one of its call.
    #[inline]
    pub(crate) fn begin(&mut self) {
        self.number = 1;
        self.reprepare = false;
        if !self.is_first() {
            self.forget();
        }
    }

    #[cold]
    fn forget(&mut self) {
        if let Some(rare) = &mut self.rare {
            Arc::make_mut(rare).failed = None;
        }
    }

    /// Made beside this one.
    #[cold]
    pub(crate) fn beside(&self) -> Self {
        let mut rare = self.rare.as_deref().cloned().unwrap_or_default();
        rare.failed.get_or_insert_default().is_hedge = true;
        Self {
            number: self.number,
            reprepare: self.reprepare,
            rare: Some(Arc::new(rare)),
        }
    }

    /// The attempt after this one, which was sent to `node`, and to another one `beside` that, and ended with `advice`.
    pub(crate) fn next(&self, node: Option<NodeId>, beside: Option<NodeId>, advice: Advice) -> Self {
        let mut rare = self.rare.as_deref().cloned().unwrap_or_default();
        let failed = rare.failed.get_or_insert_default();
        failed.add(beside);
        failed.add(node);
        failed.stay = node.filter(|_| advice == Advice::SameOnce);
        failed.is_hedge = false;
        Self {
            number: self.number + 1,
            // Once the prepared form is stale it stays so for all further attempts.
            reprepare: self.reprepare || advice == Advice::Reprepare,
            rare: Some(Arc::new(rare)),
        }
    }
}

use std::sync::Arc;
use std::time::Duration;

use super::{Extensions, NodeId};
use crate::classify::Advice;

/// How many tried nodes a request remembers.
pub const REMEMBERED_NODES: usize = 4;

/// Which attempt of a call this is, and what the earlier ones ask of it. Written by the retry layer.
// Every layer moves it along with the request, and what few requests have is in a place of its own.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    count: Count,
    rare: Option<Arc<Rare>>,
}

/// The number of the attempt in the lower 16 bits, whether to prepare anew in the bit above, and in the upper half how long limits have made the call
/// wait, in microseconds: that is not about attempts, but here there is room for it.
// One number, so that it is moved and copied as one.
#[derive(Clone, Copy, Debug, Default)]
struct Count(u64);

impl Count {
    const REPREPARE: u64 = 1 << 16;

    const fn number(self) -> u16 {
        self.0 as u16
    }

    const fn must_reprepare(self) -> bool {
        self.0 & Self::REPREPARE != 0
    }

    const fn queued(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The first attempt.
    const fn first(self) -> Self {
        Self(self.0 >> 32 << 32 | 1)
    }

    const fn next(self, reprepare: bool) -> Self {
        let flag = if reprepare { Self::REPREPARE } else { 0 };
        let number = self.number().saturating_add(1) as u64;
        Self(self.0 & !0xffff | flag | number)
    }

    const fn with_queued(self, micros: u32) -> Self {
        Self(self.0 & 0xffff_ffff | (micros as u64) << 32)
    }
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
    /// So many attempts of one call can be told apart; there are no more.
    pub(crate) const MOST: u32 = u16::MAX as u32;

    /// The number of the attempt, counted from 1; 0 where no retry layer is in the stack.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.count.number() as u32
    }

    /// How long limits have made the call wait.
    pub(super) const fn queued(&self) -> Duration {
        Duration::from_micros(self.count.queued() as u64)
    }

    pub(super) fn add_queued(&mut self, time: Duration) {
        let time = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        self.count = self.count.with_queued(self.count.queued().saturating_add(time));
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
        self.count.must_reprepare()
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
        self.count = self.count.first();
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
            count: self.count,
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
            // Once the prepared form is stale it stays so for all further attempts.
            count: self.count.next(advice == Advice::Reprepare),
            rare: Some(Arc::new(rare)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_mark_and_wait_do_not_disturb_each_other() {
        let mut attempt = Attempt::default();
        assert_eq!(attempt.number(), 0);
        attempt.add_queued(Duration::from_micros(7));
        attempt.begin();
        assert_eq!((attempt.number(), attempt.must_reprepare()), (1, false));
        let second = attempt
            .next(None, None, Advice::Reprepare)
            .next(None, None, Advice::Next);
        assert_eq!((second.number(), second.must_reprepare()), (3, true));
        assert_eq!(second.queued(), Duration::from_micros(7));
        let last = (0..70_000).fold(second, |attempt, _| attempt.next(None, None, Advice::Next));
        assert_eq!((last.number(), last.must_reprepare()), (Attempt::MOST, true));
        let mut late = last;
        late.add_queued(Duration::MAX);
        assert_eq!(late.queued(), Duration::from_micros(u32::MAX.into()));
        late.begin();
        assert_eq!((late.number(), late.must_reprepare()), (1, false));
    }
}

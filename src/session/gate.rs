//! Who may enter, how many are inside, and how the last ones are shown out.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// The count of running calls with the bits above it that keep others out.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: AtomicU64,
    /// The last one has left, after the gate was closed.
    empty: Notify,
    /// Those still inside have to go.
    cut: Notify,
    /// How many had to.
    cut_off: AtomicU64,
}

const CLOSED: u64 = 1 << 63;
const CUT: u64 = 1 << 62;
/// There is nothing behind it yet.
const PENDING: u64 = 1 << 61;
const COUNT: u64 = PENDING - 1;

/// Why nobody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shut {
    Closed,
    Pending,
}

/// One call inside.
#[derive(Debug)]
pub(crate) struct Inside<'a>(&'a Gate);

impl Gate {
    /// A gate that lets nobody in until it is [opened](Self::open).
    pub(crate) fn pending() -> Self {
        Self {
            state: AtomicU64::new(PENDING),
            ..Self::default()
        }
    }

    /// Lets calls in from now on, unless it was closed meanwhile.
    pub(crate) fn open(&self) {
        self.state.fetch_and(!PENDING, AcqRel);
    }

    /// Lets a call in; none before opening and after closing.
    pub(crate) fn enter(&self) -> Result<Inside<'_>, Shut> {
        let before = self.state.fetch_add(1, AcqRel);
        let inside = Inside(self);
        // Leaving again is the guard's business also when the gate was closed.
        match before & (CLOSED | PENDING) {
            0 => Ok(inside),
            PENDING => Err(Shut::Pending),
            _ => Err(Shut::Closed),
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.state.load(Acquire) & PENDING != 0
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.load(Acquire) & CLOSED != 0
    }

    pub(crate) fn running(&self) -> u64 {
        self.state.load(Acquire) & COUNT
    }

    /// Closes and waits for those inside. What is left after `limit` is cut off; their number is returned. Any number of callers
    /// may wait; dropping the future leaves the gate closed.
    pub(crate) async fn close(&self, limit: Duration) -> u64 {
        // Who comes after the cut has nothing to do with it.
        let late = self.state.fetch_or(CLOSED, SeqCst) & CUT != 0;
        let cut_off = |this: &Self| if late { 0 } else { this.cut_off.load(Acquire) };
        let drained = async {
            loop {
                let empty = self.empty.notified();
                tokio::pin!(empty);
                // Registered before the count is read, so that the last one to leave cannot slip through in between.
                empty.as_mut().enable();
                if self.running() == 0 {
                    return;
                }
                empty.await;
            }
        };
        if timeout(limit, drained).await.is_ok() {
            return cut_off(self);
        }
        self.cut();
        cut_off(self)
    }

    /// Closes and cuts off whoever is inside. The first one to lose patience does it for all who wait.
    pub(crate) fn cut(&self) {
        let before = self.state.fetch_or(CLOSED | CUT, SeqCst);
        if before & CUT == 0 {
            self.cut_off.store(before & COUNT, SeqCst);
        }
        self.cut.notify_waiters();
    }
}

impl Inside<'_> {
    /// Ends when the call has to go.
    pub(crate) async fn cut_off(&self) {
        let cut = self.0.cut.notified();
        tokio::pin!(cut);
        poll_fn(|cx| {
            // Registered before the state is read, so that a cut cannot slip through in between.
            let notified = cut.as_mut().poll(cx);
            if self.0.state.load(Acquire) & CUT == 0 {
                notified
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let before = self.0.state.fetch_sub(1, AcqRel);
        if before & CLOSED != 0 && before & COUNT == 1 {
            self.0.empty.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test(start_paused = true)]
    async fn closing_waits_for_those_inside_and_lets_nobody_in() {
        let gate = Arc::new(Gate::default());
        let inside = gate.enter().unwrap();
        let closing = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.close(Duration::from_secs(30)).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(gate.enter().unwrap_err(), Shut::Closed);
        assert_eq!(gate.running(), 1);
        drop(inside);
        assert_eq!(closing.await.unwrap(), 0);
    }

    #[tokio::test]
    async fn nobody_is_let_in_before_it_is_opened_or_after_it_was_closed() {
        let gate = Gate::pending();
        assert_eq!(gate.enter().unwrap_err(), Shut::Pending);
        gate.open();
        assert!(gate.enter().is_ok() && !gate.is_pending());
        let gate = Gate::pending();
        assert_eq!(gate.close(Duration::ZERO).await, 0);
        assert_eq!(gate.enter().unwrap_err(), Shut::Closed);
        gate.open();
        assert_eq!(gate.enter().unwrap_err(), Shut::Closed);
        assert_eq!(gate.running(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_at_the_limit_is_cut_off_and_counted_once() {
        let gate = Gate::default();
        let inside = gate.enter().unwrap();
        let (cut, other, ()) = tokio::join!(
            gate.close(Duration::from_secs(1)),
            gate.close(Duration::from_secs(2)),
            inside.cut_off()
        );
        assert_eq!((cut, other), (1, 1));
        inside.cut_off().await;
        drop(inside);
        assert_eq!(gate.close(Duration::from_secs(1)).await, 0);
    }
}

//! Who may enter, how many are inside, and how the last ones are shown out.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::striped::Striped;

/// Who is inside, in parts, so that calls of different threads do not meet here.
#[derive(Debug)]
pub(crate) struct Gate {
    parts: Striped<Part>,
    /// The last one of a part has left, after the gate was closed.
    empty: Notify,
    /// How many were cut off, once somebody has lost patience.
    cut_off: Mutex<Option<u64>>,
}

#[derive(Debug)]
struct Part {
    /// The count of running calls with the bits above it that keep others out.
    state: AtomicU64,
    /// Those still inside have to go.
    cut: Notify,
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
pub(crate) struct Inside<'a> {
    part: &'a Part,
    empty: &'a Notify,
}

impl Default for Gate {
    fn default() -> Self {
        Self::with(0)
    }
}

impl Gate {
    fn with(state: u64) -> Self {
        Self {
            parts: Striped::new(|| Part {
                state: AtomicU64::new(state),
                cut: Notify::new(),
            }),
            empty: Notify::new(),
            cut_off: Mutex::new(None),
        }
    }

    /// A gate that lets nobody in until it is [opened](Self::open).
    pub(crate) fn pending() -> Self {
        Self::with(PENDING)
    }

    /// Lets calls in from now on, unless it was closed meanwhile.
    pub(crate) fn open(&self) {
        self.change(|part| part.state.fetch_and(!PENDING, AcqRel));
    }

    /// Changes all parts and sums up how many were inside of them. The first part is the last one: what is said of that holds for all.
    fn change(&self, change: impl Fn(&Part) -> u64) -> u64 {
        let before = self.parts.all().rev().map(|part| change(part) & COUNT);
        before.sum()
    }

    /// Lets a call in; none before opening and after closing.
    #[inline]
    pub(crate) fn enter(&self) -> Result<Inside<'_>, Shut> {
        let part = self.parts.mine();
        let before = part.state.fetch_add(1, AcqRel);
        let inside = Inside {
            part,
            empty: &self.empty,
        };
        // Leaving again is the guard's business also when the gate was closed.
        match before & (CLOSED | PENDING) {
            0 => Ok(inside),
            PENDING => Err(Shut::Pending),
            _ => Err(Shut::Closed),
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.parts.first().state.load(Acquire) & PENDING != 0
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.parts.first().state.load(Acquire) & CLOSED != 0
    }

    pub(crate) fn running(&self) -> u64 {
        let counts = self.parts.all().map(|part| part.state.load(Acquire) & COUNT);
        counts.sum()
    }

    /// Closes and waits for those inside. What is left after `limit` is cut off; their number is returned. Any number of callers
    /// may wait; dropping the future leaves the gate closed.
    pub(crate) async fn close(&self, limit: Duration) -> u64 {
        // Who comes after the cut has nothing to do with it.
        if self.cut_off().is_some() {
            return 0;
        }
        self.change(|part| part.state.fetch_or(CLOSED, SeqCst));
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
        if timeout(limit, drained).await.is_err() {
            self.cut();
        }
        self.cut_off().unwrap_or_default()
    }

    fn cut_off(&self) -> Option<u64> {
        *self.cut_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes and cuts off whoever is inside. The first one to lose patience does it for all who wait.
    pub(crate) fn cut(&self) {
        self.cut_off
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| self.change(|part| part.state.fetch_or(CLOSED | CUT, SeqCst)));
        // Nobody is woken under the lock.
        for part in self.parts.all() {
            part.cut.notify_waiters();
        }
    }
}

impl Inside<'_> {
    /// Ends when the call has to go.
    pub(crate) async fn cut_off(&self) {
        let cut = self.part.cut.notified();
        tokio::pin!(cut);
        poll_fn(|cx| {
            // Registered before the state is read, so that a cut cannot slip through in between.
            let notified = cut.as_mut().poll(cx);
            if self.part.state.load(Acquire) & CUT == 0 {
                notified
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }
}

impl Drop for Inside<'_> {
    #[inline]
    fn drop(&mut self) {
        let before = self.part.state.fetch_sub(1, AcqRel);
        if before & CLOSED != 0 && before & COUNT == 1 {
            self.empty.notify_waiters();
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

    #[tokio::test]
    async fn calls_of_all_threads_are_counted_waited_for_and_cut_off() {
        let gate = Gate::default();
        let enter = || {
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| gate.enter().unwrap())).collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap())
                    .collect::<Vec<_>>()
            })
        };
        let inside = enter();
        assert_eq!(gate.running(), 8);
        drop(inside);
        let inside = enter();
        assert_eq!(gate.close(Duration::ZERO).await, 8);
        for call in &inside {
            call.cut_off().await;
        }
        drop(inside);
        assert_eq!(gate.running(), 0);
        let refused = || assert_eq!(gate.enter().unwrap_err(), Shut::Closed);
        std::thread::scope(|scope| scope.spawn(refused).join()).unwrap();
    }
}

//! What becomes of an attempt that nobody waits for any more.
//!
//! What was sent stays sent. If a timed-out attempt were dropped and forgotten, a silent node would look idle and attract all
//! traffic. So the leaf wraps its one boxed future in [`Kept`]: dropping that after it was polled and before it ended hands the
//! box to the session's [`Reaper`], which polls it on until the node answers, and only then gives the node's slot back.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep, sleep_until};

use super::endpoint::Endpoint;
use super::ticket::Abandoned;

/// How long an abandoned attempt is kept at most. After that the node is taken to have lost it.
pub const LONGEST_LIFE: Duration = Duration::from_secs(30);

/// Keeps abandoned attempts alive until their nodes answer. One task; it ends when the last clone is dropped.
///
/// What it holds is bounded: per node by [`HealthSettings::abandoned_limit`](crate::health::HealthSettings::abandoned_limit) (what
/// is beyond that is really dropped), and in time by [`LONGEST_LIFE`]. What is dropped is counted.
pub struct Reaper<A> {
    inbox: Arc<Inbox<A>>,
}

struct Inbox<A> {
    // Not bounded by itself: every entry holds one of its node's bounded places.
    sender: UnboundedSender<Leftover<A>>,
    dropped: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl<A> Drop for Inbox<A> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<A> Clone for Reaper<A> {
    fn clone(&self) -> Self {
        Self {
            inbox: Arc::clone(&self.inbox),
        }
    }
}

impl<A> fmt::Debug for Reaper<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reaper")
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

impl<A> Reaper<A>
where
    A: Future + Unpin + Send + 'static,
{
    /// Starts the task on the runtime of the caller.
    #[must_use]
    pub fn spawn() -> Self {
        let (sender, receiver) = unbounded_channel();
        let dropped = Arc::<AtomicU64>::default();
        let task = tokio::spawn(run(receiver, Arc::clone(&dropped)));
        Self {
            inbox: Arc::new(Inbox {
                sender,
                dropped,
                task,
            }),
        }
    }

    /// Wraps an attempt on `endpoint`. The attempt owns its [`Ticket`](super::Ticket) and answers it. Without an endpoint, dropping is
    /// dropping.
    pub fn keep(&self, attempt: A, endpoint: Option<Arc<Endpoint>>) -> Kept<A> {
        Kept {
            attempt: Some(attempt),
            polled: false,
            endpoint,
            reaper: self.clone(),
        }
    }
}

impl<A> Reaper<A> {
    /// How many attempts were dropped although their node had not answered, because there were too many or because
    /// [`LONGEST_LIFE`] was over.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.inbox.dropped.load(Relaxed)
    }

    /// Drops everything that is kept and ends the task.
    pub fn stop(&self) {
        self.inbox.task.abort();
    }
}

/// An attempt that survives being dropped. See the [module](crate::balance).
pub struct Kept<A> {
    attempt: Option<A>,
    polled: bool,
    endpoint: Option<Arc<Endpoint>>,
    reaper: Reaper<A>,
}

impl<A> fmt::Debug for Kept<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("polled", &self.polled)
            .finish_non_exhaustive()
    }
}

impl<A> Future for Kept<A>
where
    A: Future + Unpin,
{
    type Output = A::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A::Output> {
        self.polled = true;
        // Taken out while it is polled: after a panic it must not be polled again, by nobody.
        let Some(mut attempt) = self.attempt.take() else {
            return Poll::Pending;
        };
        let polled = Pin::new(&mut attempt).poll(cx);
        if polled.is_pending() {
            self.attempt = Some(attempt);
        }
        polled
    }
}

impl<A> Drop for Kept<A> {
    fn drop(&mut self) {
        // Finished, or never polled: then nothing was sent.
        let (Some(attempt), true) = (self.attempt.take(), self.polled) else {
            return;
        };
        let Some(endpoint) = &self.endpoint else {
            return;
        };
        let inbox = &self.reaper.inbox;
        let sent = endpoint.abandon().is_some_and(|place| {
            inbox
                .sender
                .send(Leftover {
                    attempt,
                    until: Instant::now() + LONGEST_LIFE,
                    _place: place,
                })
                .is_ok()
        });
        if !sent {
            inbox.dropped.fetch_add(1, Relaxed);
        }
    }
}

struct Leftover<A> {
    attempt: A,
    until: Instant,
    _place: Abandoned,
}

/// Lives as long as the node does not answer, but not longer than it may.
struct Life<A> {
    leftover: Leftover<A>,
    end: Pin<Box<Sleep>>,
}

enum End {
    /// The node answered, its connection broke, or the attempt panicked.
    Answered,
    Overdue,
}

impl<A> Future for Life<A>
where
    A: Future + Unpin,
{
    type Output = End;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        let this = &mut *self;
        let attempt = &mut this.leftover.attempt;
        // A panic of one attempt must not take the others with it. The attempt is dropped without another poll.
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(attempt).poll(cx).is_ready()));
        if polled.unwrap_or(true) {
            return Poll::Ready(End::Answered);
        }
        this.end.as_mut().poll(cx).map(|()| End::Overdue)
    }
}

async fn run<A>(mut inbox: UnboundedReceiver<Leftover<A>>, dropped: Arc<AtomicU64>)
where
    A: Future + Unpin + Send + 'static,
{
    let mut lives = FuturesUnordered::new();
    loop {
        tokio::select! {
            leftover = inbox.recv() => match leftover {
                Some(leftover) => {
                    let end = Box::pin(sleep_until(leftover.until));
                    lives.push(Life { leftover, end });
                }
                None => return,
            },
            Some(end) = lives.next(), if !lives.is_empty() => {
                if matches!(end, End::Overdue) {
                    dropped.fetch_add(1, Relaxed);
                }
            }
        }
    }
}

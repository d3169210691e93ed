use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::task::AtomicWaker;
use tokio::task::AbortHandle;

/// A stream seen from elsewhere: how far it is, and how to cancel it. Cheap to clone; it keeps nothing of the stream alive.
#[derive(Clone, Debug)]
pub struct StreamHandle {
    pub(crate) shared: Arc<Shared>,
}

/// What a stream and its handles share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pages: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    cancelled: AtomicBool,
    pub(crate) consumer: AtomicWaker,
    ahead: Mutex<Option<AbortHandle>>,
}

impl Shared {
    // The stream alone writes the counters.
    pub(crate) fn count_page(&self, bytes: usize) {
        self.pages.store(self.pages.load(Relaxed) + 1, Relaxed);
        self.bytes.store(self.bytes.load(Relaxed) + bytes as u64, Relaxed);
    }

    pub(crate) fn count_rows(&self, rows: usize) {
        self.rows.store(self.rows.load(Relaxed) + rows as u64, Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Acquire)
    }

    /// Notes the task that reads ahead, for `cancel` to end it. False when the stream was cancelled before.
    pub(super) fn set_ahead(&self, task: AbortHandle) -> bool {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        !self.is_cancelled()
    }
}

impl StreamHandle {
    /// How many pages the consumer has taken up.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.shared.pages.load(Relaxed)
    }

    /// How many rows the consumer was given.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.shared.rows.load(Relaxed)
    }

    /// The size of the rows of those pages in bytes, as the server sent them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Relaxed)
    }

    /// Ends the stream at once, from any task or thread: a consumer that waits for a page is woken, and the next item is the end. The page
    /// under way is given up. It may be called any number of times.
    pub fn cancel(&self) {
        self.shared.cancelled.store(true, Release);
        let ahead = self
            .shared
            .ahead
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = ahead {
            task.abort();
        }
        self.shared.consumer.wake();
    }

    /// Was it cancelled?
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled()
    }
}

//! Writes that are done after the answer: a bounded queue, and one task that empties it, also when the application ends.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower_cassandra::{Session, Statement};
use tracing::warn;

use crate::errors::ApiError;

/// Writes at a time.
const TOGETHER: usize = 16;

/// Takes writes. They have to be idempotent, since a try that timed out is made again.
pub(crate) struct Background {
    queue: Mutex<Option<mpsc::Sender<Statement>>>,
    worker: Mutex<Option<JoinHandle<()>>>,
    counts: Arc<Counts>,
}

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) written: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl Background {
    /// Starts the task.
    pub(crate) fn start(session: Session, queue: usize) -> Self {
        let (sender, mut receiver) = mpsc::channel(queue);
        let counts = Arc::new(Counts::default());
        let count = Arc::clone(&counts);
        let worker = tokio::spawn(async move {
            let writes = stream::poll_fn(move |cx| receiver.poll_recv(cx));
            let mut writes = session
                .execute_many_from(writes)
                .concurrency(TOGETHER)
                .keep_going();
            while let Some(write) = writes.next().await {
                match write.result {
                    Ok(_) => count.written.fetch_add(1, Relaxed),
                    Err(error) => {
                        warn!(%error, "a write in the background failed");
                        count.failed.fetch_add(1, Relaxed)
                    }
                };
            }
        });
        Self {
            queue: Mutex::new(Some(sender)),
            worker: Mutex::new(Some(worker)),
            counts,
        }
    }

    /// Puts a write into the queue, at once or not at all.
    pub(crate) fn put(&self, write: Statement) -> Result<(), ApiError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = &*queue else {
            return Err(ApiError::Busy("shutting down", Duration::from_secs(1)));
        };
        queue.try_send(write).map_err(|error| match error {
            TrySendError::Full(_) => ApiError::Busy("too many writes wait", Duration::from_secs(1)),
            TrySendError::Closed(_) => ApiError::Busy("shutting down", Duration::from_secs(1)),
        })
    }

    /// How many wait, and how many were done.
    pub(crate) fn waiting(&self) -> usize {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue
            .as_ref()
            .map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Takes no more, and waits until all are written, so long at most. True if they are.
    pub(crate) async fn drain(&self, limit: Duration) -> bool {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut worker) = worker else {
            return true;
        };
        if timeout(limit, &mut worker).await.is_ok() {
            return true;
        }
        worker.abort();
        let waiting = "writes in the background are given up";
        warn!("{waiting}");
        false
    }
}

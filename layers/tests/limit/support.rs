//! An inner service that catches what a closure cannot, and a task that is polled by hand.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower::Service;
use tower_cassandra_layers::limit::{Reason, Rejected};
use tower_cassandra_layers::timeout::Elapsed;
use tower_cassandra_layers::{Call, Request};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Error {
    Rejected(Rejected),
    Elapsed(Elapsed),
    NotReady,
}

impl Error {
    pub(crate) fn reason(&self) -> Option<Reason> {
        match self {
            Self::Rejected(error) => Some(error.reason()),
            _ => None,
        }
    }
}

impl From<Rejected> for Error {
    fn from(error: Rejected) -> Self {
        Self::Rejected(error)
    }
}

impl From<Elapsed> for Error {
    fn from(error: Elapsed) -> Self {
        Self::Elapsed(error)
    }
}

/// `!Sync`, as a row set may be.
pub(crate) type Response = Cell<u32>;

/// Answers each call when the test says so. Panics when it is called without having been ready, as a clone of a ready
/// service is not.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) log: Arc<Log>,
    ready: bool,
}

#[derive(Debug)]
pub(crate) struct Log {
    started: Mutex<Vec<(u32, Instant)>>,
    active: AtomicUsize,
    most: AtomicUsize,
    answers: Semaphore,
    pub(crate) readied: AtomicUsize,
    /// How often a clone is not ready yet.
    pub(crate) slow: AtomicUsize,
    pub(crate) broken: AtomicUsize,
}

impl Leaf {
    pub(crate) fn new() -> Self {
        let log = Log {
            started: Mutex::default(),
            active: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            answers: Semaphore::new(0),
            readied: AtomicUsize::new(0),
            slow: AtomicUsize::new(0),
            broken: AtomicUsize::new(0),
        };
        Self {
            log: Arc::new(log),
            ready: false,
        }
    }

    /// Answers at once.
    pub(crate) fn fast() -> Self {
        let leaf = Self::new();
        leaf.log.answers.close();
        leaf
    }
}

impl Log {
    /// The requests that were called, in that order.
    pub(crate) fn started(&self) -> Vec<u32> {
        self.started.lock().unwrap().iter().map(|one| one.0).collect()
    }

    pub(crate) fn times(&self) -> Vec<Instant> {
        self.started.lock().unwrap().iter().map(|one| one.1).collect()
    }

    pub(crate) fn active(&self) -> usize {
        self.active.load(Ordering::SeqCst)
    }

    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// Lets the oldest calls answer.
    pub(crate) fn answer(&self, calls: usize) {
        self.answers.add_permits(calls);
    }
}

impl Clone for Leaf {
    fn clone(&self) -> Self {
        Self {
            log: Arc::clone(&self.log),
            ready: false,
        }
    }
}

impl Service<Call<u32>> for Leaf {
    type Response = Response;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send + Sync>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.log.broken.load(Ordering::SeqCst) > 0 {
            return Poll::Ready(Err(Error::NotReady));
        }
        let log = &self.log;
        let slow = log
            .slow
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if slow.is_ok() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        log.readied.fetch_add(1, Ordering::SeqCst);
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Call<u32>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without having been ready"
        );
        assert!(
            request
                .context()
                .deadline()
                .is_none_or(|deadline| deadline.at >= Instant::now())
        );
        let log = Arc::clone(&self.log);
        log.started.lock().unwrap().push((request.value, Instant::now()));
        let active = log.active.fetch_add(1, Ordering::SeqCst) + 1;
        log.most.fetch_max(active, Ordering::SeqCst);
        let guard = Under(Arc::clone(&log));
        Box::pin(async move {
            let _guard = guard;
            if let Ok(answer) = log.answers.acquire().await {
                answer.forget();
            }
            Ok(Cell::new(request.value))
        })
    }
}

struct Under(Arc<Log>);

impl Drop for Under {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A future that is polled by hand and counts how often it was woken.
pub(crate) struct Task<F> {
    future: Pin<Box<F>>,
    wakes: Arc<Wakes>,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl<F: Future> Task<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            wakes: Arc::default(),
        }
    }

    /// As `new`, and polled once: it has arrived, and has to wait.
    pub(crate) fn waiting(future: F) -> Self {
        let mut task = Self::new(future);
        assert!(task.poll().is_pending());
        task
    }

    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        self.wakes.0.store(0, Ordering::SeqCst);
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// As if it had been given to another task: a new waker.
    pub(crate) fn moved(mut self) -> Self {
        self.wakes = Arc::default();
        self
    }

    /// How often it was woken since its last poll.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }
}

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, max: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % max
    }

    /// `SEED=n` repeats a run.
    pub(crate) fn from_env() -> Self {
        let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
        println!("SEED={seed}");
        Self(seed)
    }
}

pub(crate) fn full() -> bool {
    std::env::var_os("FULL").is_some()
}

pub(crate) fn assert_send_sync<T: Send + Sync + 'static>(_: &T) {}

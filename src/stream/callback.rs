//! Telling the user of pages: in order, once each, on a thread where blocking does no harm.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower_cassandra_layers::panic::contain;
use tower_cassandra_layers::trace::emit;

use tokio::runtime::Handle;

/// What a stream tells of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageInfo {
    /// The number of the page among those of this stream, from 1.
    pub number: u64,
    /// Its rows.
    pub rows: usize,
    /// The size of its rows in bytes.
    pub bytes: usize,
    /// How long it took to read it.
    pub took: Duration,
    /// The time since the stream was first polled.
    pub elapsed: Duration,
    /// Pages before this one that were left out because the callback was 1,024 pages behind.
    pub missed: u64,
}

pub(super) type Function = Box<dyn FnMut(PageInfo) + Send>;

/// How far the callback may be behind.
const WAITING: usize = 1_024;

/// The callback of one stream. Dropping it forgets the calls that are due.
pub(super) struct Callback(Arc<Mutex<State>>);

struct State {
    waiting: VecDeque<PageInfo>,
    missed: u64,
    /// None while it is being called.
    function: Option<Function>,
    end: Option<Waker>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Callback {
    pub(super) fn new(function: Function) -> Self {
        Self(Arc::new(Mutex::new(State {
            waiting: VecDeque::new(),
            missed: 0,
            function: Some(function),
            end: None,
        })))
    }

    /// Notes a page and sees to it that the callback is called for it.
    pub(super) fn push(&self, mut info: PageInfo) {
        let mut state = lock(&self.0);
        if state.waiting.len() >= WAITING {
            state.missed += 1;
            return;
        }
        info.missed = std::mem::take(&mut state.missed);
        state.waiting.push_back(info);
        let Some(function) = state.function.take() else {
            return;
        };
        drop(state);
        let state = Arc::clone(&self.0);
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || run(function, &state))),
            // A service of the user's may run elsewhere; there is no thread to hand it to.
            Err(_) => run(function, &state),
        }
    }

    /// Ready when every call that was due was made.
    pub(super) fn poll_idle(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.function.is_some() && state.waiting.is_empty() {
            return Poll::Ready(());
        }
        state.end = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        lock(&self.0).waiting.clear();
    }
}

/// Makes the calls that are due, one after the other and outside the lock.
fn run(mut function: Function, state: &Mutex<State>) {
    loop {
        let mut locked = lock(state);
        let Some(info) = locked.waiting.pop_front() else {
            locked.function = Some(function);
            let waiter = locked.end.take();
            drop(locked);
            if let Some(waiter) = waiter {
                waiter.wake();
            }
            return;
        };
        drop(locked);
        if contain(|| function(info)).is_err() {
            emit(|| tracing::error!(page = info.number, "the callback of a stream panicked"));
        }
    }
}

//! Who is told of each round, and the tasks that do it. Knows nothing of nodes.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::figures::ClusterHealth;
use super::updates::Updates;
use crate::error::Error;

/// At most this many callbacks: each has a task of its own while the monitor runs.
pub(super) const CALLBACKS: usize = 64;

pub(super) type Told = Pin<Box<dyn Future<Output = ()> + Send>>;
pub(super) type Callback = Arc<dyn Fn(Arc<ClusterHealth>) -> Told + Send + Sync>;

/// Callbacks, the newest round, and the run, if there is one.
pub(super) struct Hub {
    state: Mutex<State>,
    panics: Arc<AtomicU64>,
}

struct State {
    callbacks: BTreeMap<u64, Callback>,
    /// Numbers callbacks and runs.
    next: u64,
    /// None once the session is gone.
    newest: Option<watch::Sender<Option<Arc<ClusterHealth>>>>,
    run: Option<Run>,
}

struct Run {
    number: u64,
    runtime: Handle,
    tasks: JoinSet<()>,
    lanes: BTreeMap<u64, AbortHandle>,
}

impl Hub {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                callbacks: BTreeMap::new(),
                next: 0,
                newest: Some(watch::Sender::new(None)),
                run: None,
            }),
            panics: Arc::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_running(&self) -> bool {
        self.lock().run.is_some()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.lock().newest.is_none()
    }

    pub(super) fn panics(&self) -> u64 {
        self.panics.load(Relaxed)
    }

    pub(super) fn updates(&self) -> Updates {
        let receiver = match &self.lock().newest {
            Some(newest) => newest.subscribe(),
            // Its sender is gone at once, and so it ends at once.
            None => watch::channel(None).1,
        };
        Updates { receiver }
    }

    /// Tells a round to all who listen. It waits for nobody.
    pub(super) fn publish(&self, health: ClusterHealth) {
        if let Some(newest) = &self.lock().newest {
            newest.send_replace(Some(Arc::new(health)));
        }
    }

    pub(super) fn register(&self, callback: Callback) -> Result<u64, Error> {
        let mut state = self.lock();
        if state.callbacks.len() >= CALLBACKS {
            return Err(Error::config(
                "monitor.on_update",
                CALLBACKS + 1,
                "at most 64 callbacks: register each once, not per request",
            ));
        }
        let id = state.take_number();
        state.callbacks.insert(id, Arc::clone(&callback));
        state.open_lane(id, callback, &self.panics);
        Ok(id)
    }

    pub(super) fn remove(&self, id: u64) {
        let (callback, lane) = {
            let mut state = self.lock();
            let lane = state.run.as_mut().and_then(|run| run.lanes.remove(&id));
            (state.callbacks.remove(&id), lane)
        };
        if let Some(lane) = lane {
            lane.abort();
        }
        // Foreign code is dropped without the lock: it may call us.
        drop(callback);
    }

    /// Starts the task that makes rounds, and one for each callback.
    pub(super) fn start<F>(&self, rounds: F) -> Result<u64, Error>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Ok(runtime) = Handle::try_current() else {
            return Err(Error::unsupported(
                "a monitor has to be started within a tokio runtime",
            ));
        };
        let mut state = self.lock();
        if state.newest.is_none() {
            return Err(Error::closed(crate::Applied::No));
        }
        if state.run.is_some() {
            return Err(Error::config(
                "monitor.start",
                "a second start",
                "one start per session: stop the first one, or add callbacks to it",
            ));
        }
        let number = state.take_number();
        let mut tasks = JoinSet::new();
        tasks.spawn_on(rounds, &runtime);
        state.run = Some(Run {
            number,
            runtime,
            tasks,
            lanes: BTreeMap::new(),
        });
        for (id, callback) in state.callbacks.clone() {
            state.open_lane(id, callback, &self.panics);
        }
        Ok(number)
    }

    /// Ends this run, if it still is the one, and gives its tasks, which end when that is dropped.
    pub(super) fn stop(&self, number: u64) -> Option<JoinSet<()>> {
        let run = self.lock().run.take_if(|run| run.number == number);
        run.map(|run| run.tasks)
    }

    /// The session is gone: the run ends, and all who wait for rounds.
    pub(super) fn end(&self) {
        let (run, callbacks) = {
            let mut state = self.lock();
            state.newest = None;
            (state.run.take(), std::mem::take(&mut state.callbacks))
        };
        // Foreign code is dropped without the lock.
        drop((run, callbacks));
    }
}

impl State {
    const fn take_number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Gives a callback its own task, if the monitor runs. So none waits for another, and one that takes long skips rounds instead of
    /// piling them up.
    fn open_lane(&mut self, id: u64, callback: Callback, panics: &Arc<AtomicU64>) {
        let (Some(run), Some(newest)) = (&mut self.run, &self.newest) else {
            return;
        };
        // Lanes that were removed.
        while run.tasks.try_join_next().is_some() {}
        let lane = tell(newest.subscribe(), callback, Arc::clone(panics));
        run.lanes.insert(id, run.tasks.spawn_on(lane, &run.runtime));
    }
}

async fn tell(
    mut newest: watch::Receiver<Option<Arc<ClusterHealth>>>,
    callback: Callback,
    panics: Arc<AtomicU64>,
) {
    while newest.changed().await.is_ok() {
        let Some(health) = newest.borrow_and_update().clone() else {
            continue;
        };
        // Made inside, because making the future is the callback's code as well.
        let told = AssertUnwindSafe(async { callback(health).await });
        if told.catch_unwind().await.is_err() {
            panics.fetch_add(1, Relaxed);
            tracing::warn!("a callback of the monitor panicked; it is called again next time");
        }
    }
}

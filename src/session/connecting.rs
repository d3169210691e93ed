//! A session before it is connected.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use scylla::client::session::Session as Driver;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::{Inner, Session};
use crate::cluster::Housekeeping;
use crate::error::Error;

/// How far connecting in the background has come.
#[derive(Default)]
pub(crate) struct Connecting {
    last: ArcSwapOption<Failure>,
    task: Mutex<Option<AbortHandle>>,
}

struct Failure {
    error: Error,
    /// When it is tried again.
    next: Instant,
}

impl fmt::Debug for Connecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connecting")
            .field("last", &self.last.load().as_ref().map(|last| last.error.clone()))
            .finish_non_exhaustive()
    }
}

impl Connecting {
    /// The error of everything that is asked of the session meanwhile.
    pub(super) fn error(&self) -> Error {
        let last = self.last.load();
        let until_next = last
            .as_ref()
            .map(|last| last.next.saturating_duration_since(Instant::now()))
            .filter(|pause| !pause.is_zero());
        Error::not_connected(last.as_ref().map(|last| last.error.clone())).lasting(until_next)
    }

    /// Ends the task, for a session that closes.
    pub(super) fn end(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
        }
    }
}

impl Session {
    /// It is this task that connects.
    pub(crate) fn connects_in(&self, task: AbortHandle) {
        if let Some(core) = &self.inner.core {
            let mut place = core
                .connecting
                .task
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *place = Some(task);
        }
    }

    /// An attempt failed; the next one begins at that moment.
    pub(crate) fn not_connected_until(&self, error: Error, next: Instant) {
        if let Some(core) = &self.inner.core {
            core.connecting
                .last
                .store(Some(Arc::new(Failure { error, next })));
        }
    }

    /// Puts the driver below the layers and lets everybody in, unless the session was closed meanwhile.
    pub(crate) fn connected(&self, driver: Arc<Driver>, housekeeping: Housekeeping) {
        let inner = &*self.inner;
        let Some(core) = &inner.core else { return };
        // Whoever closes takes this as well, after the gate was closed: one of the two sees the other.
        let mut place = inner.housekeeping.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.gate.is_closed() {
            return;
        }
        housekeeping.show_cache(inner.prepared.view());
        *place = Some(housekeeping);
        *inner.keyspace.lock().unwrap_or_else(PoisonError::into_inner) =
            driver.get_keyspace().map(|name| Arc::from(name.as_str()));
        core.driver.set(driver);
        core.connecting.last.store(None);
        inner.gate.open();
    }
}

impl Inner {
    /// The error of a session that is not connected yet, if it is not.
    pub(super) fn not_connected(&self) -> Option<Error> {
        let core = self.core.as_ref().filter(|_| self.gate.is_pending())?;
        (!self.gate.is_closed()).then(|| core.connecting.error())
    }
}

use std::fmt;
use std::sync::{Arc, Weak};

use super::Monitor;
use super::figures::ClusterHealth;
use super::hub::Hub;
use crate::error::Error;

impl Monitor {
    /// Calls this after every round of a monitor that was [started](Self::start), before or later.
    ///
    /// Each callback has a task of its own while the monitor runs: it delays neither the rounds nor other callbacks, and one that
    /// panics is called again after the next round (see [`callback_panics`](Self::callback_panics)). While it runs, rounds are skipped for it
    /// and not kept. It should not block: it would hold a thread of the runtime.
    ///
    /// # Errors
    /// `Config` for the 65th callback.
    pub fn on_update(
        &self,
        callback: impl Fn(&ClusterHealth) + Send + Sync + 'static,
    ) -> Result<Registration, Error> {
        let callback = Arc::new(callback);
        self.on_update_async(move |health| {
            let callback = Arc::clone(&callback);
            async move { callback(&health) }
        })
    }

    /// As [`on_update`](Self::on_update), for a callback that waits. Stopping the monitor drops what it waits for.
    ///
    /// # Errors
    /// `Config` for the 65th callback.
    pub fn on_update_async<C, F>(&self, callback: C) -> Result<Registration, Error>
    where
        C: Fn(Arc<ClusterHealth>) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let id = self
            .hub
            .register(Arc::new(move |health| Box::pin(callback(health))))?;
        Ok(Registration {
            hub: Arc::downgrade(&self.hub),
            id,
        })
    }

    /// How often callbacks have panicked.
    #[must_use]
    pub fn callback_panics(&self) -> u64 {
        self.hub.panics()
    }
}

/// A callback that is registered. Dropping this leaves it registered.
pub struct Registration {
    hub: Weak<Hub>,
    id: u64,
}

impl Registration {
    /// Takes the callback away. If it is waiting for something, that is dropped.
    pub fn remove(self) {
        if let Some(hub) = self.hub.upgrade() {
            hub.remove(self.id);
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").finish_non_exhaustive()
    }
}

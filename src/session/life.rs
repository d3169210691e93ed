//! The end of a session.

use std::fmt;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use super::{Inner, Session};
use crate::error::Error;

impl Session {
    /// Refuses new calls (`Closed`), waits for the running ones up to `limit` ([`defaults::CLOSE_TIMEOUT`](crate::cluster::defaults::CLOSE_TIMEOUT) is the usual one), and lets go of the connections.
    /// Idle, that is a matter of milliseconds. It may be called any number of times, also at the same time.
    ///
    /// # Errors
    /// `Timeout` when calls had to be cut off; they end with `Closed`. Their number is in the source, and the same for all who wait. The connections are
    /// released all the same.
    pub async fn close(&self, limit: Duration) -> Result<(), Error> {
        match self.end(limit).await {
            0 => Ok(()),
            cut => Err(Error::cut_off(cut)),
        }
    }

    /// Closes; the number of calls that were cut off.
    pub(crate) async fn end(&self, limit: Duration) -> u64 {
        let cut = self.inner.gate.close(limit).await;
        self.inner.release();
        cut
    }

    /// Closes without waiting for anybody. Running calls end with `Closed`.
    pub(crate) fn abort(&self) {
        self.inner.gate.cut();
        self.inner.release();
    }

    pub(crate) fn downgrade(&self) -> WeakSession {
        WeakSession(Arc::downgrade(&self.inner))
    }
}

/// A session that ends when its last handle is dropped, whoever remembers it.
pub(crate) struct WeakSession(Weak<Inner>);

impl WeakSession {
    pub(crate) fn upgrade(&self) -> Option<Session> {
        let inner = self.0.upgrade()?;
        Some(Session { inner })
    }

    /// Is it closed with nobody inside any more and all let go, or gone altogether? One whose closing was given up still holds its connections.
    pub(crate) fn is_over(&self) -> bool {
        self.0
            .upgrade()
            .is_none_or(|inner| inner.gate.is_closed() && inner.gate.running() == 0 && inner.is_released())
    }
}

impl fmt::Debug for WeakSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSession")
            .field("over", &self.is_over())
            .finish()
    }
}

impl Inner {
    fn is_released(&self) -> bool {
        let housekeeping = self.housekeeping.lock().unwrap_or_else(PoisonError::into_inner);
        housekeeping.is_none()
    }

    fn release(&self) {
        self.prepared.end_flights();
        drop(
            self.housekeeping
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        if let Some(core) = &self.core {
            core.connecting.end();
            core.reaper.stop();
            core.driver.clear();
            core.directory.clear();
        }
    }
}

impl Drop for Inner {
    // The stack may live on in a clone of a user's service; the connections do not.
    fn drop(&mut self) {
        self.release();
    }
}

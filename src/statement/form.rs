//! The form of a prepared statement that is sent. When the server does not know it any more it is replaced for all who hold the
//! statement: the cache, handles, statements that are bound already.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::AcqRel, Ordering::Acquire};

use arc_swap::ArcSwap;
use scylla::statement::prepared::PreparedStatement;
use tokio::sync::Mutex;

use crate::error::Error;

/// The driver's handle, and how often it was replaced.
#[derive(Clone)]
pub(crate) struct Form {
    pub(crate) driver: PreparedStatement,
    pub(crate) version: u64,
}

pub(super) struct Forms {
    current: ArcSwap<Form>,
    /// The version it has to reach before it is sent again.
    wanted: AtomicU64,
    /// However many find it stale, one of them prepares.
    turn: Mutex<()>,
}

impl fmt::Debug for Forms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forms")
            .field("version", &self.version())
            .field("stale", &self.is_stale())
            .finish_non_exhaustive()
    }
}

impl Forms {
    pub(super) fn new(driver: PreparedStatement) -> Self {
        Self {
            current: ArcSwap::from_pointee(Form { driver, version: 0 }),
            wanted: AtomicU64::new(0),
            turn: Mutex::new(()),
        }
    }

    pub(super) fn current(&self) -> Form {
        Form::clone(&self.current.load())
    }

    pub(super) fn version(&self) -> u64 {
        self.current.load().version
    }

    pub(super) fn is_stale(&self) -> bool {
        let wanted = self.wanted.load(Acquire);
        // Nearly always it never was.
        wanted > 0 && self.version() < wanted
    }

    /// The server did not know the form of this version.
    pub(super) fn mark_stale(&self, version: u64) {
        self.wanted.fetch_max(version + 1, AcqRel);
    }

    /// Replaces a stale form by what `prepare` gives. Whoever waited for another one to do so finds it done.
    pub(super) async fn renew(
        &self,
        prepare: impl Future<Output = Result<PreparedStatement, Error>>,
    ) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let version = self.wanted.load(Acquire);
        if self.version() < version {
            let driver = prepare.await?;
            self.current.store(Form { driver, version }.into());
        }
        Ok(())
    }
}

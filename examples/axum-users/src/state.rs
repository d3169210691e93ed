//! What handlers share.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::FromRef;
use tokio::sync::{Semaphore, SemaphorePermit};
use tower_cassandra::axum::Shutdown;
use tower_cassandra::observe::MemoryCollector;
use tower_cassandra::prometheus::Exporter;
use tower_cassandra::status_page::StatusPage;
use tower_cassandra::{Cluster, Session};

use uuid::Uuid;

use crate::background::Background;
use crate::cache::Cache;
use crate::cursor::Cursors;
use crate::errors::ApiError;
use crate::settings::Settings;
use crate::store::Statements;
use crate::tenants::Tenants;
use crate::web::{Guard, HttpFigures};

/// The state of the application. Clones are the same.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Shared>);

/// What all clones share.
pub struct Shared {
    /// Of this process.
    pub(crate) id: Uuid,
    pub(crate) settings: Settings,
    pub(crate) cluster: Cluster,
    pub(crate) session: Session,
    /// There as soon as the database was.
    pub(crate) statements: OnceLock<Arc<Statements>>,
    pub(crate) exporter: Exporter,
    pub(crate) memory: Arc<MemoryCollector>,
    pub(crate) http: HttpFigures,
    pub(crate) cursors: Cursors,
    pub(crate) cache: Cache<Arc<str>>,
    pub(crate) background: Background,
    pub(crate) tenants: Tenants,
    pub(crate) shutdown: Shutdown,
    pub(crate) guard: Guard,
    pub(crate) status: StatusPage,
    /// Places of web sockets.
    pub(crate) sockets: Arc<Semaphore>,
    /// Places of answers that are put together in memory, or are a load of their own.
    pub(crate) heavy: Semaphore,
}

impl AppState {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// None before the database was there for the first time.
    pub(crate) fn statements(&self) -> Option<Arc<Statements>> {
        self.statements.get().cloned()
    }

    /// A place for work that is a load of its own; 503 while all are taken.
    pub(crate) fn heavy_place(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        let busy = ApiError::Busy("too many such requests at the moment", Duration::from_secs(1));
        self.heavy.try_acquire().map_err(|_| busy)
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.0.session
    }

    /// Ends the application when it is asked to.
    #[must_use]
    pub fn shutdown(&self) -> &Shutdown {
        &self.0.shutdown
    }

    /// Web sockets that are open.
    #[must_use]
    pub fn open_sockets(&self) -> usize {
        self.settings.max_sockets - self.sockets.available_permits()
    }

    /// Sessions of users that are open.
    #[must_use]
    pub fn open_tenants(&self) -> usize {
        self.tenants.count()
    }

    /// Sessions of users that have connections, also those that made room and whose last request has not ended.
    #[must_use]
    pub fn tenant_sessions_alive(&self) -> usize {
        self.tenants.alive()
    }

    /// Are the tables and statements there?
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        self.statements.get().is_some()
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<AppState> for Session {
    fn from_ref(state: &AppState) -> Self {
        state.session.clone()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("settings", &self.settings)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

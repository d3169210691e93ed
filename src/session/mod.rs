//! The handle a service holds.

mod bind;
mod connecting;
mod execute;
mod figures;
mod gate;
mod health;
mod infer;
mod keyspace;
mod life;
mod limits;
mod pager;
mod prepare;
mod prepared;
mod ready;
mod settings;
mod stack;
mod tables;
mod trace;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use scylla::client::session::Session as Driver;
use tower_cassandra_layers::classify::Applied;
use tower_cassandra_layers::health::Table;
use tower_service::Service;

use crate::cluster::{ClusterDirectory, Housekeeping};
use crate::error::{BoxError, Error};
use crate::leaf::{DriverSlot, LeafReaper};
use crate::observe::Collectors;
use crate::response::Response;
use crate::statement::Statement;
pub(crate) use connecting::Connecting;
use gate::{Gate, Inside, Shut};
pub use health::{Health, NodeHealth};
pub(crate) use life::WeakSession;
pub use limits::Limits;
pub(crate) use pager::Pager;
pub use prepare::{PrepareAllError, PrepareFailure};
use prepared::PreparedCache;
pub use prepared::PreparedCacheStats;
pub use ready::ReadyChanges;
pub(crate) use settings::Settings;
pub(crate) use stack::{Stack, stack_of};
pub(crate) use tables::TableFacts;
pub use trace::Trace;

/// A session: execute, prepare, health, close. Cheap to clone; all clones are the same session.
///
/// It is a [`Service<Statement>`](tower_service::Service) as well. Errors of statements leave it usable. Dropping the future of a call gives everything back at once; what was
/// sent may still be applied. When the last clone is dropped the connections end and so do the session's tasks; [`close`](Self::close) waits for running calls first.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    stack: Arc<dyn Stack>,
    gate: Gate,
    prepared: PreparedCache,
    settings: Settings,
    clock: execute::Clock,
    keyspace: Mutex<Option<Arc<str>>>,
    /// Held by who changes it.
    keyspace_turn: Arc<tokio::sync::Mutex<()>>,
    core: Option<Core>,
    housekeeping: Mutex<Option<Housekeeping>>,
}

/// What a session over a real driver has and one over a mock has not.
pub(crate) struct Core {
    pub(crate) driver: DriverSlot,
    pub(crate) reaper: LeafReaper,
    pub(crate) table: Table,
    pub(crate) directory: ClusterDirectory,
    pub(crate) connecting: Connecting,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("stack", &self.inner.settings.layers)
            .field("running", &self.inner.gate.running())
            .field("closed", &self.is_closed())
            .field("keyspace", &self.keyspace())
            .field("prepared", &self.inner.prepared)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Gives a statement what its profile sets, if there is one of that name.
    pub(crate) fn apply_profile(&self, statement: &mut Statement) {
        let _ = self.inner.settings.profiles.apply(statement);
    }

    /// A session over a service of your own: a stack composed by hand over a [`SessionService`](crate::SessionService), or a mock.
    ///
    /// The service sees one page per call. Our own errors come through unchanged, tower's `Elapsed` and `Overloaded` become `Timeout` and `Rejected`, anything
    /// else `Internal`. Its limits
    /// are its own: the time that text with values waits to be prepared is bounded by the prepare limit only. What needs the cluster itself (`health`, `set_keyspace`, waiting for schema agreement) is not there: those methods say so.
    #[must_use]
    pub fn from_service<S>(service: S) -> Self
    where
        S: Service<Statement, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        Self::assemble(stack_of(service), None, Settings::default())
    }

    /// One over a real driver lets nobody in until it is [connected](Self::connected).
    pub(crate) fn assemble(stack: Arc<dyn Stack>, core: Option<Core>, settings: Settings) -> Self {
        let gate = match &core {
            Some(_) => Gate::pending(),
            None => Gate::default(),
        };
        let slot = core.as_ref().map(|core| core.driver.clone());
        let prepared = PreparedCache::new(settings.prepared_cache, settings.prepare_timeout, slot);
        Self {
            inner: Arc::new(Inner {
                stack,
                gate,
                prepared,
                settings,
                clock: execute::Clock::default(),
                keyspace: Mutex::default(),
                keyspace_turn: Arc::default(),
                core,
                housekeeping: Mutex::default(),
            }),
        }
    }

    /// Runs text with values; the text is prepared once and remembered.
    ///
    /// # Errors
    /// As [`execute`](Self::execute); `Serialization` when the values do not fit.
    pub async fn query(
        &self,
        text: impl AsRef<str>,
        values: impl scylla::serialize::row::SerializeRow + Send + Sync + 'static,
    ) -> Result<Response, Error> {
        self.execute(Statement::with_values(text, values)).await
    }

    /// Runs a batch: [`execute`](Self::execute) under the name that is looked for.
    ///
    /// # Errors
    /// As [`execute`](Self::execute); `Invalid` when it has more than 65,535 members, or one that is no INSERT, UPDATE or DELETE.
    pub async fn batch(&self, batch: impl Into<crate::Batch>) -> Result<Response, Error> {
        self.execute(batch.into()).await
    }

    /// The current keyspace.
    #[must_use]
    pub fn keyspace(&self) -> Option<Arc<str>> {
        self.inner.current_keyspace()
    }

    /// The driver's session underneath, for what only it can do.
    ///
    /// # Errors
    /// `Closed` after `close`; `Connect` before it is [connected](crate::Cluster::connect_lazy); `Unsupported` for a session made by
    /// [`from_service`](Self::from_service).
    pub fn driver(&self) -> Result<Arc<Driver>, Error> {
        self.inner.driver()
    }

    /// The collectors of [`ClusterBuilder::collector`](crate::ClusterBuilder::collector), with their switch. None for a session made by
    /// [`from_service`](Self::from_service).
    #[must_use]
    pub fn collectors(&self) -> Collectors {
        self.inner.settings.collectors.clone()
    }

    /// Is it closed or closing?
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.gate.is_closed()
    }

    /// How many operations are running.
    #[must_use]
    pub fn running(&self) -> u64 {
        self.inner.gate.running()
    }
}

impl Inner {
    fn enter(&self) -> Result<Inside<'_>, Error> {
        self.gate.enter().map_err(|shut| self.shut(shut))
    }

    #[cold]
    fn shut(&self, shut: Shut) -> Error {
        match (shut, &self.core) {
            (Shut::Pending, Some(core)) => core.connecting.error(),
            (Shut::Pending | Shut::Closed, _) => Error::closed(Applied::No),
        }
    }

    fn current_keyspace(&self) -> Option<Arc<str>> {
        let keyspace = self.keyspace.lock();
        keyspace.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn core(&self) -> Result<&Core, Error> {
        self.core
            .as_ref()
            .ok_or_else(|| Error::unsupported("this session was made from a service and knows no cluster"))
    }

    fn driver(&self) -> Result<Arc<Driver>, Error> {
        let slot = &self.core()?.driver;
        if let Some(driver) = slot.get() {
            return Ok(driver);
        }
        match self.not_connected() {
            Some(error) => Err(error),
            // It may have been connected between the two looks.
            None => slot.get().ok_or_else(|| Error::closed(Applied::No)),
        }
    }
}

impl Service<Statement> for Session {
    type Response = Response;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

    /// Always ready: what has to be waited for is waited for in the future.
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, statement: Statement) -> Self::Future {
        let session = self.clone();
        Box::pin(async move { session.execute(statement).await })
    }
}

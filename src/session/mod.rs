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
mod stack;
mod tables;
mod trace;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use scylla::client::session::Session as Driver;
use scylla::statement::Consistency;
use tower_cassandra_layers::balance::Reaper;
use tower_cassandra_layers::classify::Applied;
use tower_cassandra_layers::health::Table;
use tower_cassandra_layers::metrics::{Metrics, StreamMetrics};
use tower_service::Service;

use crate::cluster::{ClusterDirectory, Housekeeping, Profiles, defaults};
use crate::error::{BoxError, Error};
use crate::leaf::DriverSlot;
use crate::observe::{Collectors, ObserveLayer};
use crate::response::Response;
use crate::statement::Statement;
use crate::trace::SessionFields;
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
pub(crate) use stack::Stack;
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
    pub(crate) reaper: Reaper<Result<Response, Error>>,
    pub(crate) table: Table,
    pub(crate) directory: ClusterDirectory,
    pub(crate) connecting: Connecting,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) strict_prepared: bool,
    pub(crate) server_timestamps: bool,
    pub(crate) infer_idempotence: bool,
    /// Can unmarked writes be sent again by more than the table allows?
    pub(crate) may_resend: bool,
    pub(crate) prepared_cache: usize,
    pub(crate) prepare_timeout: Duration,
    pub(crate) timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) metadata_timeout: Duration,
    pub(crate) schema_agreement_timeout: Duration,
    pub(crate) profiles: Profiles,
    pub(crate) limits: Limits,
    /// What spans tell beside the statement.
    pub(crate) trace: SessionFields,
    pub(crate) collectors: Collectors,
    /// Who is told of requests, for what its log remembers.
    pub(crate) observe: ObserveLayer,
    pub(crate) metrics: Option<Metrics>,
    /// Where streams count what they read.
    pub(crate) streams: Option<StreamMetrics>,
    /// Does the stack have a retry layer of ours, or one of the user's? It notes what became of each attempt.
    pub(crate) notes_attempts: bool,
    /// The default consistency, if it is a serial one.
    pub(crate) serial_default: Option<Consistency>,
    /// The names of the stack's layers, outermost first.
    pub(crate) layers: Vec<&'static str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strict_prepared: false,
            server_timestamps: false,
            infer_idempotence: false,
            // Nobody knows how the user's own stack judges.
            may_resend: true,
            prepared_cache: defaults::PREPARED_CACHE,
            prepare_timeout: defaults::PREPARE_TIMEOUT,
            // A service of the user's has limits of its own, or none.
            timeout: None,
            attempt_timeout: None,
            metadata_timeout: defaults::METADATA_TIMEOUT,
            schema_agreement_timeout: defaults::SCHEMA_AGREEMENT_TIMEOUT,
            profiles: Profiles::default(),
            limits: Limits::default(),
            trace: SessionFields::default(),
            collectors: Collectors::default(),
            observe: ObserveLayer::default(),
            metrics: None,
            streams: None,
            notes_attempts: true,
            serial_default: None,
            layers: vec!["a service of the user's"],
        }
    }
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
        Self::assemble(Arc::new(service), None, Settings::default())
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

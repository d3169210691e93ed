//! From settings to a running application, and its end.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower_cassandra::axum::{Shutdown, ShutdownReport};
use tower_cassandra::observe::{MemoryCollector, SlowLog};
use tower_cassandra::prometheus::Exporter;
use tower_cassandra::status_page::StatusPage;
use tower_cassandra::{ClusterBuilder, ConcurrencyLimit};
use tracing::info;
use uuid::Uuid;

use crate::background::Background;
use crate::cache::Cache;
use crate::cursor::Cursors;
use crate::settings::Settings;
use crate::state::{AppState, Shared};
use crate::store::set_up;
use crate::tenants::Tenants;
use crate::web::{Guard, HttpFigures, Limits, serve};
use crate::{bare, endpoints};

/// Answers at a time that are put together in memory or are a load of their own.
const HEAVY: usize = 8;
/// Calls that may wait in any case.
const LEAST_QUEUE: usize = 128;

/// The application, bound to its address and not yet running.
pub struct Application {
    listener: TcpListener,
    router: Router,
    state: AppState,
}

/// Why the application cannot start.
#[derive(Debug)]
pub enum StartError {
    /// Its address.
    Bind(SocketAddr, io::Error),
    /// Its options.
    Options(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(address, _) => write!(f, "cannot listen at {address}: choose another by PORT or BIND"),
            Self::Options(_) => f.write_str("the options of the session make no sense"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bind(_, error) => Some(error),
            Self::Options(error) => Some(&**error),
        }
    }
}

/// A session as these settings want it.
pub(crate) fn builder(settings: &Settings) -> ClusterBuilder {
    // Whatever the limit, what one request begins at a time has to fit.
    let queue = (settings.concurrency * 8).max(LEAST_QUEUE);
    let builder = ClusterBuilder::new()
        .contact_points(&settings.contact_points)
        .port(settings.port)
        .concurrency_limit(ConcurrencyLimit::new(settings.concurrency).queue(queue));
    match &settings.login {
        Some((user, password)) => builder.credentials(user, password),
        None => builder,
    }
}

/// With a queue for as many as may be connected: the usual one of 128 overflows when a crowd comes at once, and who is dropped there waits for nothing.
fn listen(address: SocketAddr, queue: usize) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // Started again while connections of the last time are still in their last state.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(u32::try_from(queue).unwrap_or(u32::MAX).min(65_535))
}

impl Application {
    /// Binds the address and begins to connect to the database, which need not be there yet.
    ///
    /// # Errors
    /// The address is taken, or settings of the session make no sense.
    pub async fn bind(settings: Settings) -> Result<Self, StartError> {
        let listener = listen(settings.listen, settings.max_connections);
        let listener = listener.map_err(|error| StartError::Bind(settings.listen, error))?;
        let options = |error: tower_cassandra::Error| StartError::Options(Box::new(error));
        let (exporter, memory) = (Exporter::new(), Arc::new(MemoryCollector::new()));
        let cluster = builder(&settings)
            .metrics(exporter.metrics())
            .collector(memory.clone())
            .slow_log(SlowLog::above(Duration::from_secs(1)))
            .build()
            .map_err(options)?;
        let session = cluster.connect_lazy().map_err(options)?;
        // Sessions of users show no metrics of their own: their number and names are not ours to bound.
        let for_users = builder(&settings).no_metrics().build().map_err(options)?;
        let state = AppState::new(Shared {
            id: Uuid::new_v4(),
            http: HttpFigures::new(exporter.recorder()),
            cursors: Cursors::new(settings.cursor_key.as_deref()),
            cache: Cache::new(settings.cache_entries, settings.cache_life),
            background: Background::start(session.clone(), settings.background_queue),
            tenants: Tenants::new(for_users, &settings),
            shutdown: Shutdown::new(session.clone(), settings.shutdown_limit).linger(settings.linger),
            guard: Guard::new(settings.admin_token.as_deref(), settings.listen.ip()),
            status: StatusPage::titled(session.clone(), "axum-users"),
            sockets: Arc::new(Semaphore::new(settings.max_sockets)),
            heavy: Semaphore::new(HEAVY),
            statements: OnceLock::new(),
            settings,
            cluster,
            session,
            exporter,
            memory,
        });
        let router =
            endpoints::router(state.clone()).map_err(|error| StartError::Options(Box::new(error)))?;
        Ok(Self {
            listener,
            router,
            state,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What its handlers share.
    #[must_use]
    pub fn state(&self) -> AppState {
        self.state.clone()
    }

    /// Runs until SIGTERM, SIGINT, `POST /shutdown` or [`AppState::shutdown`]: then requests under way are answered, background writes are written, and the
    /// session is closed, all within the limit of the settings.
    ///
    /// # Errors
    /// Those of the operating system. Dropping the future ends everything at once.
    pub async fn run(self) -> io::Result<ShutdownReport> {
        let Self {
            listener,
            router,
            state,
        } = self;
        info!(address = %listener.local_addr()?, "listening");
        let limits = Limits {
            connections: state.settings.max_connections,
            header: state.settings.header_timeout,
            write: state.settings.write_timeout,
        };
        // Owned, so that it ends with this future.
        let mut tasks = JoinSet::new();
        let beginning = state.clone();
        tasks.spawn(async move {
            if let Some(statements) = set_up(beginning.session(), &beginning.settings).await {
                let _ = beginning.statements.set(Arc::new(statements));
            }
            if let Some(address) = beginning.settings.bare {
                bare::run(beginning, address, limits).await;
            }
        });
        let stop = async {
            state.shutdown().requested().await;
            // Its viewers would hold up the end.
            state.status.close();
        };
        let server = async {
            serve(listener, router, limits, stop).await?;
            finish(&state).await;
            Ok(())
        };
        let report = state.shutdown().run(server).await;
        let _ = state.tenants.close().await;
        report
    }
}

/// What is still under way when the last connection has ended.
async fn finish(state: &AppState) {
    let limit = state.settings.shutdown_limit;
    let sockets = u32::try_from(state.settings.max_sockets).unwrap_or(u32::MAX);
    // Each says goodbye as soon as the shutdown begins.
    let _ = timeout(limit, state.sockets.acquire_many(sockets)).await;
    state.background.drain(limit).await;
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("listener", &self.listener)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

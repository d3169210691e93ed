//! From options to sessions.

mod assemble;
mod builder;
mod check;
mod connect;
mod datacenters;
pub mod defaults;
mod directory;
mod gauges;
mod housekeeping;
mod lazy;
mod login;
mod named;
mod nodes;
mod points;
mod profile;
mod registry;
mod schema;
mod scope;
mod seam;
mod stack;
#[cfg(any(feature = "rustls", feature = "openssl"))]
mod tls;
mod visit;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

pub use builder::ClusterBuilder;
#[cfg(feature = "config")]
pub(crate) use builder::GlobalMetrics;
pub(crate) use check::{check_keyspace, exact_keyspace};
pub(crate) use directory::ClusterDirectory;
pub(crate) use gauges::CacheView;
pub(crate) use housekeeping::Housekeeping;
pub use login::{Credentials, CredentialsFuture, CredentialsProvider, PasswordFile};
pub use named::Profile;
pub(crate) use named::Profiles;
pub use nodes::Nodes;
pub use profile::leaf_profile;
pub use registry::ClusterPhase;
pub(crate) use schema::{has_counters, has_lists, writes_lists};
pub use stack::BoxService;
#[cfg(any(feature = "rustls", feature = "openssl"))]
pub use tls::{TlsFiles, TlsLibrary};

use registry::Registry;
use tower_cassandra_layers::classify::Applied;

#[cfg(feature = "test-util")]
use tower_service::Service;

use crate::error::Error;
#[cfg(feature = "test-util")]
use crate::response::Response;
use crate::session::Session;
#[cfg(feature = "test-util")]
use crate::statement::Statement;

/// A checked configuration, from which any number of sessions are opened. Clones are the same cluster.
///
/// Each session has its own connections, its own keyspace, its own limits and its own health table.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
}

struct Shared {
    builder: ClusterBuilder,
    registry: Registry,
}

impl Cluster {
    pub(crate) fn new(builder: ClusterBuilder) -> Result<Self, Error> {
        check::check(&builder)?;
        // Building the layers checks what only they know; they are built anew for each session.
        assemble::check_layers(&builder)?;
        Ok(Self {
            shared: Arc::new(Shared {
                builder,
                registry: Registry::default(),
            }),
        })
    }

    /// A session with the whole stack over another leaf. It knows no nodes.
    #[cfg(feature = "test-util")]
    pub(crate) fn session_over<L>(&self, leaf: L) -> Result<Session, Error>
    where
        L: Service<Statement, Response = Response, Error = Error> + Clone + Send + Sync + 'static,
        L::Future: Send + 'static,
    {
        assemble::assemble_over(&self.shared.builder, leaf)
    }

    /// Opens a session without a keyspace, or with that of the builder.
    ///
    /// Connecting is tried up to three times with growing pauses, all within the one connect limit.
    ///
    /// # Errors
    /// * `Authentication`, `ProtocolVersion`, `Protocol`, `Config`, `Invalid` (no such keyspace), and `Connect` with a
    ///   [`tls_failure`](Error::tls_failure): at once, they would fail again.
    /// * `Closed` after [`close`](Self::close), also when that is called meanwhile.
    /// * `Connect` when no node could be reached, with every try in [`attempts`](Error::attempts); `Timeout` when the limit passed; `NoHost` when the
    ///   host filter lets no node through.
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn connect(&self) -> Result<Session, Error> {
        let keyspace = self
            .shared
            .builder
            .keyspace
            .as_ref()
            .map(|(name, exact)| (name.as_str(), *exact));
        self.connect_to(keyspace).await
    }

    /// Opens a session with this keyspace, upper and lower case alike.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_keyspace(&self, keyspace: &str) -> Result<Session, Error> {
        self.connect_to(Some((keyspace, false))).await
    }

    /// Opens a session that connects in the background, without a keyspace, or with that of the builder: for a service that starts before its database. Within a
    /// tokio runtime.
    ///
    /// The session is there at once, and its clones are the same session before and after. As long as it is not connected every request gets an error of kind
    /// `Connect` at once, [certainly not applied](Error::applied), with the last attempt's error as its source and the time to the next one in
    /// [`retry_after`](Error::retry_after). [`check_ready`](Session::check_ready) and [`health`](Session::health) say the same, and
    /// [`watch_ready`](Session::watch_ready) tells when it is over.
    ///
    /// One task of the session tries until it succeeds, and ends when the session is closed or nobody holds it any more. Each attempt takes at most the
    /// connect limit; the pauses grow from [`LAZY_FIRST_PAUSE`](defaults::LAZY_FIRST_PAUSE) to [`LAZY_LONGEST_PAUSE`](defaults::LAZY_LONGEST_PAUSE),
    /// each failure is logged. After an error that most likely comes again (a refused password, no such keyspace, a certificate) it waits at least
    /// [`LAZY_REFUSED_PAUSE`](defaults::LAZY_REFUSED_PAUSE): a password is not sent more often than that.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), tower_cassandra::Error> {
    /// use tower_cassandra::{ClusterBuilder, ErrorKind};
    ///
    /// let session = ClusterBuilder::new().connect_lazy()?;
    /// if let Err(error) = session.check_ready() {
    ///     assert_eq!(error.kind(), ErrorKind::Connect);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Config` and `ProtocolVersion`, which no waiting would change, also outside of a tokio runtime; `Closed` after [`close`](Self::close).
    pub fn connect_lazy(&self) -> Result<Session, Error> {
        self.connect_lazy_to(self.shared.builder.keyspace.clone())
    }

    /// The same with this keyspace, upper and lower case alike.
    ///
    /// # Errors
    /// As [`connect_lazy`](Self::connect_lazy); `Config` when that is no name of a keyspace.
    pub fn connect_lazy_keyspace(&self, keyspace: &str) -> Result<Session, Error> {
        self.connect_lazy_to(Some((keyspace.to_owned(), false)))
    }

    fn connect_lazy_to(&self, keyspace: Option<(String, bool)>) -> Result<Session, Error> {
        if self.is_closed() {
            return Err(Error::closed(Applied::No));
        }
        self.added(lazy::connect_lazy(&self.shared.builder, keyspace)?)
    }

    /// A session that is new, unless the cluster was closed meanwhile.
    fn added(&self, session: Session) -> Result<Session, Error> {
        if self.shared.registry.add(&session) {
            Ok(session)
        } else {
            session.abort();
            Err(Error::closed(Applied::No))
        }
    }

    pub(crate) async fn connect_to(&self, keyspace: Option<(&str, bool)>) -> Result<Session, Error> {
        let Shared { builder, registry } = &*self.shared;
        let session = tokio::select! {
            biased;
            () = registry.closing() => return Err(Error::closed(Applied::No)),
            session = connect::connect(builder, keyspace) => session?,
        };
        self.added(session)
    }

    /// Its sessions that are open, in the order in which they were opened.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        self.shared.registry.open_sessions()
    }

    /// Is it open, closing or closed?
    #[must_use]
    pub fn phase(&self) -> ClusterPhase {
        self.shared.registry.phase()
    }

    /// Is it closed or closing? Dropping a cluster does not close it: its sessions live as long as their handles.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.phase() != ClusterPhase::Open
    }

    /// Closes all its sessions at the same time, each as [`Session::close`] does; connecting is refused with `Closed` from now on, and what is
    /// connecting ends with it. It may be called any number of times, also at the same time: all wait for the one shutdown. Dropping
    /// the future leaves the cluster closing; another call goes on.
    ///
    /// # Errors
    /// `Timeout` when calls had to be cut off, with their number in the source; everything is released all the same.
    pub async fn close(&self, limit: Duration) -> Result<(), Error> {
        let sessions = self.shared.registry.begin_closing();
        let cut = join_all(sessions.iter().map(|session| session.end(limit))).await;
        self.shared.registry.closed();
        match cut.iter().sum() {
            0 => Ok(()),
            cut => Err(Error::cut_off(cut)),
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("phase", &self.phase())
            .field("sessions", &self.sessions().len())
            .field("builder", &self.shared.builder)
            .finish()
    }
}

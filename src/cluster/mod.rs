//! From options to sessions.

mod assemble;
mod builder;
mod check;
mod connect;
mod datacenters;
pub mod defaults;
mod directory;
mod housekeeping;
mod nodes;
mod profile;
mod stack;

use std::fmt;
use std::sync::Arc;

pub use builder::ClusterBuilder;
pub(crate) use check::check_keyspace;
pub(crate) use connect::PROTOCOL_VERSION;
pub(crate) use directory::{ClusterDirectory, has_counters};
pub(crate) use housekeeping::Housekeeping;
pub use nodes::Nodes;
pub use profile::leaf_profile;
pub use stack::BoxService;

use crate::error::Error;
use crate::session::Session;

/// A checked configuration, from which any number of sessions are opened. Clones are the same cluster.
///
/// Each session has its own connections, its own keyspace, its own limits and its own health table.
#[derive(Clone)]
pub struct Cluster {
    builder: Arc<ClusterBuilder>,
}

impl Cluster {
    pub(crate) fn new(builder: ClusterBuilder) -> Result<Self, Error> {
        check::check(&builder)?;
        // Building the layers checks what only they know; they are built anew for each session.
        assemble::check_layers(&builder)?;
        Ok(Self {
            builder: Arc::new(builder),
        })
    }

    /// Opens a session without a keyspace, or with that of the builder.
    ///
    /// Connecting is tried up to three times with growing pauses, all within the one connect limit.
    ///
    /// # Errors
    /// * `Authentication`, `ProtocolVersion`, `Config`, `Invalid` (no such keyspace): at once, they would fail again.
    /// * `Connect` when no node could be reached, with every try in [`attempts`](Error::attempts); `Timeout` when the limit passed.
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn connect(&self) -> Result<Session, Error> {
        let keyspace = self
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

    pub(crate) async fn connect_to(&self, keyspace: Option<(&str, bool)>) -> Result<Session, Error> {
        connect::connect(&self.builder, keyspace).await
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("builder", &self.builder).finish()
    }
}

//! Users with a keyspace of their own.
//!
//! Each has a session of its own: `USE` on a shared one would change the keyspace under the other requests. Only so many are open; the one that was not
//! used longest makes room, and ends with the last request that uses it.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::sync::{OnceCell, Semaphore};
use tower_cassandra::{Cluster, Error, Prepared, Session};

use crate::errors::ApiError;
use crate::settings::Settings;
use crate::store::tenant_keyspace;

/// The session of one user with its statements. Tables are named without a keyspace: the session has it.
#[derive(Clone)]
pub(crate) struct Tenant {
    pub(crate) session: Session,
    pub(crate) keyspace: Arc<str>,
    pub(crate) insert: Prepared,
    pub(crate) notes: Prepared,
}

pub(crate) struct Tenants {
    cluster: Cluster,
    keyspace: String,
    names: Vec<String>,
    /// By name. A cell, so that requests that come at the same time open one session.
    open: Mutex<LruCache<String, Arc<OnceCell<Tenant>>>>,
    /// Sessions are opened one after another: those that make room for each other over and over must not add up.
    turn: Semaphore,
}

impl Tenants {
    pub(crate) fn new(cluster: Cluster, settings: &Settings) -> Self {
        let room = NonZeroUsize::new(settings.tenant_sessions).unwrap_or(NonZeroUsize::MIN);
        Self {
            cluster,
            keyspace: settings.keyspace.clone(),
            names: settings.tenants.clone(),
            open: Mutex::new(LruCache::new(room)),
            turn: Semaphore::new(1),
        }
    }

    /// The session of that user, opened if need be.
    pub(crate) async fn of(&self, name: &str) -> Result<Tenant, ApiError> {
        if !self.names.iter().any(|known| known == name) {
            return Err(ApiError::NotFound("no such user"));
        }
        let cell = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(open.get_or_insert(name.to_owned(), Arc::default))
        };
        let tenant = cell.get_or_try_init(|| self.open(name)).await?;
        Ok(tenant.clone())
    }

    /// How many are open or being opened.
    pub(crate) fn count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many have connections: those that made room end with the last request that uses them.
    pub(crate) fn alive(&self) -> usize {
        self.cluster.sessions().len()
    }

    /// Ends all of them.
    pub(crate) async fn close(&self) -> Result<(), Error> {
        self.cluster.close(Duration::from_secs(1)).await
    }

    async fn open(&self, name: &str) -> Result<Tenant, Error> {
        // Never closed.
        let _turn = self.turn.acquire().await.ok();
        let keyspace = tenant_keyspace(&self.keyspace, name);
        let session = self.cluster.connect_keyspace(&keyspace).await?;
        let [insert, notes] = session
            .prepare_all([
                "INSERT INTO notes (id, note) VALUES (?, ?)",
                "SELECT id, note FROM notes LIMIT 100",
            ])
            .await?;
        Ok(Tenant {
            session,
            keyspace: keyspace.into(),
            insert,
            notes,
        })
    }
}

//! What a session asks of the driver itself: another keyspace, the state of the cluster.

use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tower_cassandra_layers::trace::emit;

use scylla::client::session::Session as Driver;
use scylla::cluster::ClusterState;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower_cassandra_layers::classify::Applied;
use tower_cassandra_layers::request::Limit;

use super::{Inner, Session};
use crate::cluster::{check_keyspace, defaults, exact_keyspace};
use crate::error::Error;
use crate::nature::Nature;

impl Session {
    /// Changes the keyspace of the session, that is of all its clones. Changes take turns.
    ///
    /// Dropping the future does not stop a change that has begun: half of the connections would have another keyspace than the rest. It goes on
    /// in a task of its own, and the session has the keyspace that it ends with.
    ///
    /// # Errors
    /// `Config` when the name is not 1 to 48 ASCII letters, digits and `_` (nothing is sent); `Invalid` when there is no such keyspace: session and
    /// old keyspace stay as they were. `Timeout` after the metadata limit and the call limit of the session: the old keyspace is set again, as far as
    /// the nodes can be reached. `Closed`; `Connect` before it is [connected](crate::Cluster::connect_lazy); `Unsupported` for a session made by
    /// [`from_service`](Self::from_service).
    pub async fn set_keyspace(&self, name: &str, case_sensitive: bool) -> Result<(), Error> {
        check_keyspace(name)?;
        let driver = self.inner.driver()?;
        let name = exact_keyspace(name, case_sensitive).into_owned();
        let turn = {
            let inside = self.inner.enter()?;
            let turn = Arc::clone(&self.inner.keyspace_turn).lock_owned();
            tokio::select! {
                biased;
                turn = turn => turn,
                () = inside.cut_off() => return Err(Error::closed(Applied::No)),
            }
        };
        let (sender, changed) = oneshot::channel();
        let inner = Arc::clone(&self.inner);
        // One at a time, since it has the turn.
        tokio::spawn(async move {
            let _turn = turn;
            let change = async {
                let inside = inner.enter()?;
                tokio::select! {
                    biased;
                    result = inner.use_keyspace(&driver, &name, case_sensitive) => result,
                    () = inside.cut_off() => Err(Error::closed(Applied::Maybe)),
                }
            };
            let result = change.await;
            let has_failed = result.as_ref().is_err_and(|error| error.applied() != Applied::No);
            let _ = sender.send(result);
            if has_failed {
                inner.restore_keyspace(&driver).await;
            }
        });
        changed
            .await
            .unwrap_or_else(|_| Err(Error::closed(Applied::Maybe)))
    }

    /// What the driver knows of the cluster now: its name, nodes, keyspaces and token ring. A snapshot; it costs a reference count.
    ///
    /// # Errors
    /// `Closed` after `close`; `Connect` before it is [connected](crate::Cluster::connect_lazy); `Unsupported` for a session made by
    /// [`from_service`](Self::from_service).
    pub fn cluster_state(&self) -> Result<Arc<ClusterState>, Error> {
        Ok(self.inner.driver()?.get_cluster_state())
    }

    /// The version of the CQL protocol that is spoken: 4, the only one of the driver.
    #[must_use]
    pub const fn protocol_version(&self) -> u8 {
        defaults::PROTOCOL_VERSION
    }

    /// Reads nodes and schema anew now, instead of at the next event or at the end of the
    /// [interval](crate::ClusterBuilder::metadata_refresh_interval). DDL of this session does it by itself.
    ///
    /// # Errors
    /// `Connect` when no node tells, or before it is connected; `Timeout` after the call limit of the session; `Closed`; `Unsupported` for a session made
    /// by [`from_service`](Self::from_service). Dropping the future changes nothing.
    pub async fn refresh_metadata(&self) -> Result<(), Error> {
        let inside = self.inner.enter()?;
        let core = self.inner.core()?;
        let driver = self.inner.driver()?;
        tokio::select! {
            biased;
            refreshed = refresh(&driver, self.inner.call_limit()) => refreshed?,
            () = inside.cut_off() => return Err(Error::closed(Applied::No)),
        }
        // The balancer need not wait until it looks by itself.
        core.directory.follow(driver.get_cluster_state());
        Ok(())
    }
}

/// Has the driver read nodes and schema anew, within this limit. It changes nothing in the cluster.
pub(super) async fn refresh(driver: &Driver, limit: Duration) -> Result<(), Error> {
    timeout(limit, driver.refresh_metadata())
        .await
        .map_err(|_| Error::timed_out(Limit::Call, Applied::No))?
        .map_err(Error::connect)
}

impl Inner {
    fn call_limit(&self) -> Duration {
        self.settings.timeout.unwrap_or(defaults::TIMEOUT)
    }

    async fn use_keyspace(&self, driver: &Driver, name: &str, case_sensitive: bool) -> Result<(), Error> {
        let exists = |state: &ClusterState| state.get_keyspace(name).is_some();
        // The driver stores a name before the server has seen it. A keyspace made a moment ago may not be known yet.
        if !exists(&driver.get_cluster_state()) {
            refresh(driver, self.settings.metadata_timeout).await?;
            // The driver may have been told to read some keyspaces only.
            if !exists(&driver.get_cluster_state()) && !self.server_has_keyspace(driver, name).await? {
                return Err(Error::no_such("keyspace", name));
            }
        }
        let used = timeout(self.call_limit(), driver.use_keyspace(name, case_sensitive)).await;
        // Also when it failed: some connections may have changed, and what is prepared on them means the new keyspace.
        self.prepared.clear();
        used.map_err(|_| Error::timed_out(Limit::Call, Applied::Maybe))?
            .map_err(Error::from_use_keyspace)?;
        *self.keyspace.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::from(name));
        Ok(())
    }

    async fn server_has_keyspace(&self, driver: &Driver, name: &str) -> Result<bool, Error> {
        let text = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
        let asked = timeout(self.call_limit(), driver.query_unpaged(text, (name,))).await;
        let answer = asked
            .map_err(|_| Error::timed_out(Limit::Call, Applied::No))?
            .map_err(|error| Error::from_execution(error, Nature::Read, None))?;
        Ok(answer.into_rows_result().is_ok_and(|rows| rows.rows_num() > 0))
    }

    /// A change has failed half-way: back to the keyspace before. Without one there is none to go back to.
    async fn restore_keyspace(&self, driver: &Driver) {
        let before = self
            .keyspace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(name) = before {
            let restored = timeout(self.call_limit(), driver.use_keyspace(&*name, true)).await;
            if !matches!(restored, Ok(Ok(()))) {
                emit(|| {
                    tracing::warn!(
                        "not all connections have their old keyspace again: the nodes cannot be reached"
                    )
                });
            }
            self.prepared.clear();
        }
    }
}

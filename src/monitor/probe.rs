//! How a node is asked whether it is well.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use scylla::client::session::Session as Driver;
use scylla::errors::{ConnectionPoolError, ExecutionError};
use scylla::policies::load_balancing::LoadBalancingPolicy;
use scylla::response::PagingState;
use scylla::statement::Consistency;
use scylla::statement::unprepared::Statement as Query;
use tokio::time::timeout;
use tower_cassandra_layers::balance::{Endpoint, Reaper};
use tower_cassandra_layers::health::Table;

use crate::leaf::Target;

/// Why a connection is missing is known to the driver and needs no answer of the node.
const REASON_WITHIN: Duration = Duration::from_millis(100);

/// A probe under way, and the version it finds.
type Question = Pin<Box<dyn Future<Output = Result<Arc<str>, Arc<str>>> + Send>>;

/// Asks nodes whether they are well: each for its version, past all limits and retries. Clones share all they have.
///
/// What was asked stays asked: the driver keeps the stream of a question until it is answered, and closes a connection with 1,024 questions
/// that nobody waits for. So a probe that took too long is kept, and counted as abandoned, until the node answers or its connection is lost,
/// for 30 s at most; and as long as it is, no other one is sent to that node.
#[derive(Clone)]
pub(crate) struct Probes {
    // Weak: who watches does not keep the connections of a session that nobody holds.
    driver: Weak<Driver>,
    late: Reaper<Question>,
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probes").finish_non_exhaustive()
    }
}

impl Probes {
    /// Call it within a tokio runtime: it starts the one task that keeps late ones.
    pub(crate) fn new(driver: Weak<Driver>) -> Self {
        Self {
            driver,
            late: Reaper::spawn(),
        }
    }

    pub(super) fn driver(&self) -> Option<Arc<Driver>> {
        self.driver.upgrade()
    }

    /// Forgets those that are late, and keeps none from now on.
    pub(crate) fn stop(&self) {
        self.late.stop();
    }

    /// Asks this node, and notes whether it has a connection. Nothing is sent to one without.
    pub(crate) async fn ask(&self, endpoint: Arc<Endpoint>) -> Result<Arc<str>, Arc<str>> {
        let result = self.version(&endpoint).await;
        // It may have been lost, or come back, in the meantime.
        match &result {
            Ok(_) => endpoint.set_connected(true, "connected"),
            Err(error) => endpoint.set_connected(is_connected(&endpoint), error),
        }
        result
    }

    /// Looks at the connections of all nodes, and tells the table which came and which went.
    pub(crate) async fn watch_connections(&self, table: &Table) {
        let endpoints = table.endpoints();
        let lost =
            endpoints.iter().filter(
                |endpoint| match (is_connected(endpoint), endpoint.is_connected()) {
                    (true, false) => {
                        endpoint.set_connected(true, "connected");
                        false
                    }
                    (false, true) => true,
                    (true, true) | (false, false) => false,
                },
            );
        let told = lost.map(|endpoint| async move {
            // The driver keeps the reason to itself until somebody wants the connection.
            match timeout(REASON_WITHIN, self.version(endpoint)).await {
                Ok(Err(why)) => endpoint.set_connected(is_connected(endpoint), &why),
                // It is back already.
                Ok(Ok(_)) => {}
                Err(_) => endpoint.set_connected(is_connected(endpoint), "no connection"),
            }
        });
        join_all(told).await;
    }

    async fn version(&self, endpoint: &Arc<Endpoint>) -> Result<Arc<str>, Arc<str>> {
        let closed = || Arc::from("the session is closed");
        let target = endpoint.payload::<Target>().ok_or_else(closed)?;
        let turn = target.probe_turn().await.ok_or_else(closed)?;
        let driver = self.driver().ok_or_else(closed)?;
        let policy = target.policy();
        let asking: Question = Box::pin(async move {
            let _turn = turn;
            version(&driver, policy).await
        });
        self.late.keep(asking, Some(Arc::clone(endpoint))).await
    }
}

/// Is there a connection, by what the driver says at this moment?
pub(super) fn is_connected(endpoint: &Arc<Endpoint>) -> bool {
    endpoint
        .payload::<Target>()
        .is_some_and(|target| target.node.is_connected())
}

async fn version(driver: &Driver, policy: Arc<dyn LoadBalancingPolicy>) -> Result<Arc<str>, Arc<str>> {
    let mut query = Query::new("SELECT release_version FROM system.local");
    query.set_load_balancing_policy(Some(policy));
    query.set_consistency(Consistency::One);
    let (result, _) = driver
        .query_single_page(query, (), PagingState::start())
        .await
        .map_err(|error| Arc::from(words(&error)))?;
    let rows = result
        .into_rows_result()
        .map_err(|error| Arc::from(error.to_string()))?;
    let (version,) = rows
        .first_row::<(String,)>()
        .map_err(|error| Arc::from(error.to_string()))?;
    Ok(version.into())
}

fn words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::ConnectionPoolError(ConnectionPoolError::Broken {
            last_connection_error,
        }) => format!("no connection: {last_connection_error}"),
        ExecutionError::ConnectionPoolError(ConnectionPoolError::Initializing) => {
            "no connection yet".to_owned()
        }
        error => error.to_string(),
    }
}

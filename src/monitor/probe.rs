//! How a node is asked whether it is well.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use scylla::client::session::Session as Driver;
use scylla::errors::{ConnectionPoolError, ExecutionError};
use scylla::response::PagingState;
use scylla::statement::Consistency;
use scylla::statement::unprepared::Statement as Query;
use tokio::time::timeout;
use tower_cassandra_layers::balance::Endpoint;
use tower_cassandra_layers::health::Table;

use crate::leaf::Target;

/// Why a connection is missing is known to the driver and needs no answer of the node.
const REASON_WITHIN: Duration = Duration::from_millis(100);

/// Asks the very node for its version, past all limits and retries. Nothing is sent to one without a connection.
pub(crate) async fn probe(driver: Weak<Driver>, endpoint: Arc<Endpoint>) -> Result<Arc<str>, Arc<str>> {
    let (Some(driver), Some(target)) = (driver.upgrade(), endpoint.payload::<Target>()) else {
        return Err("the session is closed".into());
    };
    let result = version(&driver, target).await;
    // It may have been lost, or come back, in the meantime.
    match &result {
        Ok(_) => endpoint.set_connected(true, "connected"),
        Err(error) if target.node.is_connected() => endpoint.set_connected(true, error),
        Err(error) => endpoint.set_connected(false, error),
    }
    result
}

/// Is there a connection, by what the driver says at this moment?
pub(super) fn is_connected(endpoint: &Arc<Endpoint>) -> bool {
    endpoint
        .payload::<Target>()
        .is_some_and(|target| target.node.is_connected())
}

/// Looks at the connections of all nodes, and tells the table which came and which went.
pub(crate) async fn watch_connections(driver: &Driver, table: &Table) {
    let endpoints = table.endpoints();
    let lost = endpoints.iter().filter_map(|endpoint| {
        let target = endpoint.payload::<Target>()?;
        match (target.node.is_connected(), endpoint.is_connected()) {
            (true, false) => endpoint.set_connected(true, "connected"),
            (false, true) => return Some((endpoint, target)),
            (true, true) | (false, false) => {}
        }
        None
    });
    let told = lost.map(|(endpoint, target)| async move {
        // The driver keeps the reason to itself until somebody wants the connection.
        match timeout(REASON_WITHIN, version(driver, target)).await {
            Ok(Err(why)) => endpoint.set_connected(target.node.is_connected(), &why),
            // It is back already.
            Ok(Ok(_)) => {}
            Err(_) => endpoint.set_connected(target.node.is_connected(), "no connection"),
        }
    });
    join_all(told).await;
}

async fn version(driver: &Driver, target: &Target) -> Result<Arc<str>, Arc<str>> {
    let mut query = Query::new("SELECT release_version FROM system.local");
    query.set_load_balancing_policy(Some(target.policy()));
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

//! The fixed tasks of a session: following the cluster's nodes, and probing them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use scylla::client::session::Session as Driver;
use scylla::response::PagingState;
use scylla::statement::unprepared::Statement as Query;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tower_cassandra_layers::balance::Endpoint;
use tower_cassandra_layers::health::{HealthCheck, Prober, Table};

use super::directory::ClusterDirectory;
use crate::leaf::Target;

/// How often the driver's metadata are looked at. Comparing costs nothing when nothing has changed.
const FOLLOW: Duration = Duration::from_secs(1);

/// Two tasks at most; both end when this is dropped.
#[derive(Debug)]
pub(crate) struct Housekeeping {
    follower: JoinHandle<()>,
    _prober: Option<Prober>,
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl Housekeeping {
    pub(super) fn start(
        driver: &Arc<Driver>,
        table: Table,
        directory: ClusterDirectory,
        check: Option<HealthCheck>,
    ) -> Self {
        // Weak: neither task keeps the connections of a session that nobody holds.
        let weak = Arc::downgrade(driver);
        let follower = tokio::spawn(follow(weak.clone(), directory));
        let prober = check.map(|check| {
            Prober::spawn(table, check, move |endpoint| {
                let driver = weak.clone();
                async move { probe(driver, endpoint).await }
            })
        });
        Self {
            follower,
            _prober: prober,
        }
    }
}

async fn follow(driver: Weak<Driver>, directory: ClusterDirectory) {
    let mut ticks = interval(FOLLOW);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(driver) = driver.upgrade() else {
            return;
        };
        directory.follow(driver.get_cluster_state());
    }
}

/// Asks the very node for its version, past all limits and retries.
async fn probe(driver: Weak<Driver>, endpoint: Arc<Endpoint>) -> Result<Arc<str>, Arc<str>> {
    let (Some(driver), Some(target)) = (driver.upgrade(), endpoint.payload::<Target>()) else {
        return Err("the session is closed".into());
    };
    if !target.node.is_connected() {
        return Err("no connection".into());
    }
    let mut query = Query::new("SELECT release_version FROM system.local");
    query.set_load_balancing_policy(Some(target.policy()));
    query.set_consistency(scylla::statement::Consistency::One);
    let (result, _) = driver
        .query_single_page(query, (), PagingState::start())
        .await
        .map_err(|error| Arc::from(error.to_string()))?;
    let rows = result
        .into_rows_result()
        .map_err(|error| Arc::from(error.to_string()))?;
    let (version,) = rows
        .first_row::<(String,)>()
        .map_err(|error| Arc::from(error.to_string()))?;
    Ok(version.into())
}

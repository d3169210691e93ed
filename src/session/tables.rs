//! What a scan has to know of its table and of the ring.

use scylla::cluster::ClusterState;
use uuid::Uuid;

use super::Session;
use super::keyspace::refresh;
use crate::error::Error;

/// A table or view as the driver's metadata has it.
#[derive(Debug)]
pub(crate) struct TableFacts {
    /// In the order of the key.
    pub(crate) partition_key: Vec<String>,
    pub(crate) columns: Vec<String>,
    /// The tokens in rising order, each with the node that owns what lies before it.
    pub(crate) ring: Vec<(i64, Uuid)>,
    pub(crate) nodes: usize,
}

impl Session {
    /// Looks a table up, once more after reading the schema anew: somebody else may have made it a moment ago.
    pub(crate) async fn table_facts(&self, keyspace: &str, table: &str) -> Result<TableFacts, Error> {
        let driver = self.inner.driver()?;
        if let Some(facts) = facts(&driver.get_cluster_state(), keyspace, table) {
            return Ok(facts);
        }
        refresh(&driver, self.inner.settings.metadata_timeout).await?;
        facts(&driver.get_cluster_state(), keyspace, table)
            .ok_or_else(|| Error::no_such("table", &format!("{keyspace}.{table}")))
    }
}

/// None for a table that is not known.
fn facts(state: &ClusterState, keyspace: &str, name: &str) -> Option<TableFacts> {
    let keyspace = state.get_keyspace(keyspace)?;
    let table = keyspace.tables.get(name).or_else(|| {
        let view = keyspace.views.get(name)?;
        Some(&view.view_metadata)
    })?;
    let ring = state.replica_locator().ring();
    Some(TableFacts {
        partition_key: table.partition_key.clone(),
        columns: table.columns.keys().cloned().collect(),
        ring: ring
            .iter()
            .map(|(token, node)| (token.value(), node.host_id))
            .collect(),
        nodes: state.get_nodes_info().len(),
    })
}

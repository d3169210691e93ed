//! The system tables: those that drivers read, and a little more for people who look around.

use std::net::IpAddr;
use std::sync::LazyLock;

use uuid::Uuid;

use crate::schema::{ColumnKind, Schema, Table};
use crate::topology::Identity;
use crate::types::Type;
use crate::value::Value;

pub(crate) const VERSION: &str = "4.1.0";

const OF_DRIVER: [&str; 9] = [
    "SELECT host_id, rpc_address, data_center, rack, tokens FROM system.peers",
    "SELECT host_id, rpc_address, data_center, rack, tokens, cluster_name FROM system.local WHERE key='local'",
    "SELECT schema_version FROM system.local WHERE key='local'",
    "SELECT keyspace_name, replication, durable_writes FROM system_schema.keyspaces",
    "SELECT keyspace_name, type_name, field_names, field_types FROM system_schema.types",
    "SELECT keyspace_name, table_name, column_name, kind, position, type FROM system_schema.columns",
    "SELECT keyspace_name, table_name FROM system_schema.tables",
    "SELECT keyspace_name, view_name, base_table_name FROM system_schema.views",
    "SELECT keyspace_name, initial_tablets FROM system_schema.scylla_keyspaces",
];

/// Whether the driver asks this of its own accord. Such frames are not in the ledger.
pub(crate) fn is_of_driver(text: &str) -> bool {
    let text = text.split(" USING TIMEOUT ").next().unwrap_or(text);
    let text = text.strip_suffix(" where keyspace_name in ?").unwrap_or(text);
    OF_DRIVER.contains(&text)
        || text.contains("system_schema.scylla_")
        || text.contains(" FROM system_traces.")
}

pub(crate) fn is_system(keyspace: &str) -> bool {
    matches!(keyspace, "system" | "system_schema" | "system_traces")
}

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let texts = |table: Table, names: &[&str]| {
        let add = |table: Table, name: &&str| table.column(*name, Type::Text);
        names.iter().fold(table, add)
    };
    let of_schema = |name: &str| Table::new("system_schema", name).partition_key("keyspace_name", Type::Text);
    let local = Table::new("system", "local").partition_key("key", Type::Text);
    let local = texts(
        local,
        &[
            "bootstrapped",
            "cluster_name",
            "cql_version",
            "data_center",
            "native_protocol_version",
            "partitioner",
            "rack",
            "release_version",
        ],
    )
    .column("broadcast_address", Type::Inet)
    .column("host_id", Type::Uuid)
    .column("listen_address", Type::Inet)
    .column("rpc_address", Type::Inet)
    .column("schema_version", Type::Uuid)
    .column("tokens", Type::Text.set());
    let peers = Table::new("system", "peers").partition_key("peer", Type::Inet);
    let peers = texts(peers, &["data_center", "rack", "release_version"])
        .column("host_id", Type::Uuid)
        .column("preferred_ip", Type::Inet)
        .column("rpc_address", Type::Inet)
        .column("schema_version", Type::Uuid)
        .column("tokens", Type::Text.set());
    vec![
        local,
        peers,
        of_schema("keyspaces")
            .column("durable_writes", Type::Boolean)
            .column("replication", Type::Text.map_to(Type::Text)),
        of_schema("tables").clustering("table_name", Type::Text),
        of_schema("columns")
            .clustering("table_name", Type::Text)
            .clustering("column_name", Type::Text)
            .column("clustering_order", Type::Text)
            .column("kind", Type::Text)
            .column("position", Type::Int)
            .column("type", Type::Text),
        of_schema("types")
            .clustering("type_name", Type::Text)
            .column("field_names", Type::Text.list())
            .column("field_types", Type::Text.list()),
        of_schema("views")
            .clustering("view_name", Type::Text)
            .column("base_table_name", Type::Text),
        Table::new("system_traces", "sessions")
            .partition_key("session_id", Type::Uuid)
            .column("client", Type::Inet)
            .column("command", Type::Text)
            .column("coordinator", Type::Inet)
            .column("duration", Type::Int)
            .column("parameters", Type::Text.map_to(Type::Text))
            .column("request", Type::Text)
            .column("started_at", Type::Timestamp),
        Table::new("system_traces", "events")
            .partition_key("session_id", Type::Uuid)
            .clustering("event_id", Type::Timeuuid)
            .column("activity", Type::Text)
            .column("source", Type::Inet)
            .column("source_elapsed", Type::Int)
            .column("thread", Type::Text),
    ]
});

pub(crate) fn table(keyspace: &str, name: &str) -> Option<&'static Table> {
    let mut tables = TABLES.iter();
    tables.find(|table| table.keyspace == keyspace && table.name == name)
}

/// What a node knows when it is asked for one of these tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) cluster_name: &'a str,
    pub(crate) nodes: &'a [Identity],
    pub(crate) schema: &'a Schema,
}

impl View<'_> {
    /// The rows of a system table, with a value for each of its columns, as this node sees them.
    pub(crate) fn rows(&self, table: &Table, node: usize) -> Vec<Vec<Value>> {
        let one = |value: &dyn Fn(&str) -> Value| -> Vec<Value> {
            table.columns.iter().map(|column| value(&column.name)).collect()
        };
        let schema = self.schema;
        match table.name.as_str() {
            "local" => vec![one(&|column| self.of_node(node, column))],
            "peers" => {
                let others =
                    (0..self.nodes.len()).filter(|&other| other != node && self.nodes[other].is_member);
                others
                    .map(|other| one(&|column| self.of_node(other, column)))
                    .collect()
            }
            "keyspaces" => {
                let keyspaces = schema.keyspaces.iter();
                keyspaces
                    .map(|(name, keyspace)| {
                        one(&|column| match column {
                            "keyspace_name" => name.as_str().into(),
                            "durable_writes" => true.into(),
                            _ => replication(&keyspace.factors),
                        })
                    })
                    .collect()
            }
            "tables" => {
                let tables = schema.tables.iter();
                tables
                    .map(|table| {
                        one(&|column| match column {
                            "keyspace_name" => table.keyspace.as_str().into(),
                            _ => table.name.as_str().into(),
                        })
                    })
                    .collect()
            }
            "columns" => schema
                .tables
                .iter()
                .flat_map(|table| columns(table, &one))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn of_node(&self, index: usize, column: &str) -> Value {
        let node = &self.nodes[index];
        let ip: IpAddr = node.address.ip();
        match column {
            "key" => "local".into(),
            "bootstrapped" => "COMPLETED".into(),
            "cluster_name" => self.cluster_name.into(),
            "cql_version" => "3.4.6".into(),
            "native_protocol_version" => "4".into(),
            "partitioner" => "org.apache.cassandra.dht.Murmur3Partitioner".into(),
            "release_version" => VERSION.into(),
            "data_center" => node.datacenter.as_str().into(),
            "rack" => node.rack.as_str().into(),
            "host_id" => node.host_id.into(),
            "schema_version" => self.schema_version(index).into(),
            "tokens" => Value::list(node.tokens.iter().map(i64::to_string)),
            "peer" | "broadcast_address" | "listen_address" | "rpc_address" => ip.into(),
            _ => Value::NULL,
        }
    }

    fn schema_version(&self, node: usize) -> Uuid {
        self.nodes[node].schema_version.unwrap_or(self.schema.version)
    }
}

fn replication(factors: &[(String, usize)]) -> Value {
    let class = (
        "class".to_owned(),
        "org.apache.cassandra.locator.NetworkTopologyStrategy".to_owned(),
    );
    let factors = factors
        .iter()
        .map(|(name, factor)| (name.clone(), factor.to_string()));
    Value::map(std::iter::once(class).chain(factors))
}

/// Makes a row from a function that has the value of each column.
type MakeRow<'a> = dyn Fn(&dyn Fn(&str) -> Value) -> Vec<Value> + 'a;

/// A row for each column of a table. Positions count within the keys.
fn columns(table: &Table, one: &MakeRow<'_>) -> Vec<Vec<Value>> {
    let describe = |index: usize| {
        let column = &table.columns[index];
        let position = match column.kind {
            ColumnKind::PartitionKey | ColumnKind::Clustering => {
                let found = table.indexes(column.kind).position(|other| other == index);
                found
                    .and_then(|position| i32::try_from(position).ok())
                    .unwrap_or(-1)
            }
            ColumnKind::Static | ColumnKind::Regular => -1,
        };
        one(&|name| match name {
            "keyspace_name" => table.keyspace.as_str().into(),
            "table_name" => table.name.as_str().into(),
            "column_name" => column.name.as_str().into(),
            "clustering_order" if column.kind == ColumnKind::Clustering => "asc".into(),
            "clustering_order" => "none".into(),
            "kind" => column.kind.name().into(),
            "position" => position.into(),
            _ => column.of.to_string().into(),
        })
    };
    (0..table.columns.len()).map(describe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_of_the_driver_are_known_in_all_forms() {
        assert!(OF_DRIVER.iter().all(|text| is_of_driver(text)));
        assert!(is_of_driver(&format!(
            "{} where keyspace_name in ? USING TIMEOUT 5000ms",
            OF_DRIVER[3]
        )));
        assert!(!is_of_driver("SELECT key FROM system.local"));
        assert!(!is_of_driver(
            "SELECT release_version FROM system.local WHERE key='local'"
        ));
    }
}

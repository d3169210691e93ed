//! The tables, and who looks into them.

use std::future::ready;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use local_cassandra::LocalCluster;
use tower_cassandra::scylla::client::execution_profile::ExecutionProfile;
use tower_cassandra::scylla::client::session::Session as Driver;
use tower_cassandra::scylla::client::session_builder::SessionBuilder;
use tower_cassandra::scylla::statement::Consistency;
use tower_cassandra::scylla::statement::unprepared::Statement;

use super::Result;
use super::log::Side;

/// Rows that are there to be read.
pub(crate) const ROWS: i64 = 500;

/// The tables of a drill, and a session of the plain driver that makes them and is the judge: it takes no part in the drill.
pub(crate) struct Bed {
    pub(crate) judge: Driver,
    keyspace: String,
}

impl Bed {
    pub(crate) async fn make(cluster: &LocalCluster, keyspace: &str) -> Result<Self> {
        // All replicas: whatever any of them has counts.
        let profile = ExecutionProfile::builder()
            .consistency(Consistency::All)
            .request_timeout(Some(Duration::from_secs(30)))
            .build();
        let judge = SessionBuilder::new()
            .known_nodes(cluster.contact_points())
            .default_execution_profile_handle(profile.into_handle())
            .build()
            .await?;
        let bed = Self {
            judge,
            keyspace: keyspace.to_owned(),
        };
        bed.run(format!(
            "CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': 3}}"
        ))
        .await?;
        // By default a coordinator waits for seconds before it asks another replica on behalf of a read.
        let quick = "WITH speculative_retry = '50ms'";
        bed.create("reads (k bigint PRIMARY KEY, v text)", quick).await?;
        bed.create("reads_default (k bigint PRIMARY KEY, v text)", "")
            .await?;
        for side in [Side::Ours, Side::Bare] {
            let side = side.name();
            bed.create(&format!("inserts_{side} (k bigint PRIMARY KEY, v text)"), quick)
                .await?;
            bed.create(
                &format!("lists_{side} (k bigint PRIMARY KEY, l list<bigint>)"),
                quick,
            )
            .await?;
            bed.create(&format!("counts_{side} (k bigint PRIMARY KEY, n counter)"), quick)
                .await?;
            bed.create(
                &format!("claims_{side} (k bigint PRIMARY KEY, who bigint)"),
                quick,
            )
            .await?;
        }
        for table in ["reads", "reads_default"] {
            let insert = format!("INSERT INTO {keyspace}.{table} (k, v) VALUES (?, 'value')");
            let mut insert = bed.judge.prepare(insert).await?;
            insert.set_consistency(Consistency::Quorum);
            insert.set_is_idempotent(true);
            let rows = stream::iter(0..ROWS).map(|k| bed.judge.execute_unpaged(&insert, (k,)));
            // A cluster that has just started is soon overwhelmed.
            rows.buffer_unordered(16).try_for_each(|_| ready(Ok(()))).await?;
        }
        Ok(bed)
    }

    async fn create(&self, table: &str, options: &str) -> Result<()> {
        self.run(format!("CREATE TABLE {}.{table} {options}", self.keyspace))
            .await
    }

    async fn run(&self, text: String) -> Result<()> {
        self.judge.query_unpaged(Statement::new(text), ()).await?;
        Ok(())
    }

    /// A table of this drill.
    pub(crate) fn table(&self, name: &str) -> String {
        format!("{}.{name}", self.keyspace)
    }

    pub(crate) fn texts(&self, side: Side) -> Texts {
        Texts::new(&self.keyspace, side)
    }

    /// Table by table: a write that comes late to one of several tables that go at once leaves a node (Cassandra 5.0.6, "Unknown CF") with a
    /// schema that no other node agrees with any more.
    pub(crate) async fn drop_keyspace(&self) -> Result<()> {
        self.judge.refresh_metadata().await?;
        let state = self.judge.get_cluster_state();
        let tables = state
            .get_keyspace(&self.keyspace)
            .map(|keyspace| keyspace.tables.keys());
        for table in tables.into_iter().flatten() {
            self.run(format!("DROP TABLE {}", self.table(table))).await?;
        }
        self.run(format!("DROP KEYSPACE {}", self.keyspace)).await
    }
}

/// What one side sends.
pub(crate) struct Texts {
    pub(crate) read: String,
    pub(crate) read_default: String,
    pub(crate) insert: String,
    pub(crate) append: String,
    pub(crate) add: String,
    pub(crate) claim: String,
    prepare: String,
}

impl Texts {
    fn new(keyspace: &str, side: Side) -> Self {
        let side = side.name();
        Self {
            read: format!("SELECT v FROM {keyspace}.reads WHERE k = ?"),
            read_default: format!("SELECT v FROM {keyspace}.reads_default WHERE k = ?"),
            insert: format!("INSERT INTO {keyspace}.inserts_{side} (k, v) VALUES (?, 'value')"),
            append: format!("UPDATE {keyspace}.lists_{side} SET l = l + ? WHERE k = ?"),
            add: format!("UPDATE {keyspace}.counts_{side} SET n = n + 1 WHERE k = ?"),
            claim: format!("INSERT INTO {keyspace}.claims_{side} (k, who) VALUES (?, ?) IF NOT EXISTS"),
            prepare: format!("FROM {keyspace}.reads WHERE k = ?"),
        }
    }

    /// A text that was never prepared before.
    pub(crate) fn fresh(&self, side: Side, number: u32) -> String {
        format!("SELECT v AS {}_{number} {}", side.name(), self.prepare)
    }
}

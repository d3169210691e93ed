//! The nodes and what is in them.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use local_cassandra::{Jit, LocalCluster};
use tower_cassandra::{Batch, ClusterBuilder, Prepared, Session};

use crate::Result;
use crate::client::{KEYS, KEYSPACE, VALUE, WRITE};
use crate::work::{ROWS_PER_PARTITION, Table};

/// Rows that are written in one batch, which is of one partition.
const BATCH: i32 = 100;
const AT_ONCE: usize = 32;

pub(crate) struct Bed {
    pub(crate) cluster: LocalCluster,
    /// What the nodes say that they are.
    pub(crate) server: String,
}

impl Bed {
    /// Starts the nodes and fills the tables that are needed.
    pub(crate) async fn make(nodes: usize, tables: &BTreeSet<Table>) -> Result<Self> {
        // The full compiler: with the quick one warm nodes stay slow, and the figures say nothing.
        let cluster = LocalCluster::builder()
            .nodes(nodes)
            .heap_mb(1_024)
            .jit(Jit::Full)
            .start()
            .await?;
        if cluster.is_external() {
            return Err("all arms have to meet the same nodes, some of which are frozen: unset CASSANDRA_CONTACT_POINTS".into());
        }
        let session = ClusterBuilder::new()
            .contact_points(cluster.contact_points())
            .connect()
            .await?;
        let server = server(&session).await?;
        let bed = Self { cluster, server };
        bed.fill(&session, tables).await?;
        session.close(std::time::Duration::from_secs(5)).await?;
        Ok(bed)
    }

    async fn fill(&self, session: &Session, tables: &BTreeSet<Table>) -> Result<()> {
        let copies = self.cluster.nodes().len();
        session
            .execute(format!(
                "CREATE KEYSPACE {KEYSPACE} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': {copies}}}"
            ))
            .await?;
        let create = format!("CREATE TABLE {KEYSPACE}.items (id int PRIMARY KEY, v text)");
        session.execute(create).await?;
        let insert = session.prepare(WRITE).await?;
        let items = (0..KEYS).map(|id| {
            insert
                .bind((id, VALUE))
                .map(|statement| statement.idempotent(true))
        });
        session.execute_many(items).concurrency(128).run().await?;
        for table in tables {
            self.fill_rows(session, *table).await?;
        }
        Ok(())
    }

    async fn fill_rows(&self, session: &Session, table: Table) -> Result<()> {
        let name = table.name();
        println!("filling {name}");
        let create = format!("CREATE TABLE {KEYSPACE}.{name} (p int, c int, v text, PRIMARY KEY (p, c))");
        session.execute(create).await?;
        let insert = session
            .prepare(&format!(
                "INSERT INTO {KEYSPACE}.{name} (p, c, v) VALUES (?, ?, ?)"
            ))
            .await?;
        let partitions = i32::try_from(table.rows())? / ROWS_PER_PARTITION;
        let firsts = (0..partitions).flat_map(|p| {
            (0..ROWS_PER_PARTITION)
                .step_by(BATCH as usize)
                .map(move |c| (p, c))
        });
        stream::iter(firsts)
            .map(|(p, first)| one_batch(session, &insert, p, first))
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await
    }
}

async fn server(session: &Session) -> Result<String> {
    let response = session
        .execute("SELECT release_version FROM system.local")
        .await?;
    let (version,) = response
        .maybe_first_row::<(String,)>()?
        .ok_or("a node without a version")?;
    Ok(format!("Apache Cassandra {version}"))
}

async fn one_batch(session: &Session, insert: &Prepared, partition: i32, first: i32) -> Result<()> {
    let mut batch = Batch::unlogged();
    for row in first..first + BATCH {
        batch.push(insert.bind((partition, row, "twenty bytes of text"))?);
    }
    session.batch(batch.idempotent(true)).await?;
    Ok(())
}

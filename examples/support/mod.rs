//! What the examples have in common: a cluster, a keyspace of their own that is dropped at the end, and result lines.
//!
//! `CASSANDRA_CONTACT_POINTS` (`host[:port],…`) and `CASSANDRA_PORT` name a cluster; without them nodes are started and stopped.
//! Any option of a session can be set by a variable: `EXAMPLE_DB_TIMEOUT="30 s"`, `EXAMPLE_DB_COMPRESSION=lz4` (see `cluster.toml`).
//! `EXAMPLE_OUTPUT_DIR` says where files are written; by default a folder of the program's own below the system's temporary one, which is removed.

#![allow(dead_code, reason = "every example uses a part of it")]

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use local_cassandra::{Builder, LocalCluster};
use tower_cassandra::{ClusterBuilder, Error, Session, Statement};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Where an example works.
pub(crate) struct Place {
    pub(crate) cluster: LocalCluster,
    pub(crate) session: Session,
    /// Its own keyspace, which is the current one.
    pub(crate) keyspace: String,
    output: Output,
}

struct Output {
    dir: PathBuf,
    /// Is it ours to remove?
    temporary: bool,
}

impl Output {
    fn make(name: &str) -> Result<Self> {
        let named = std::env::var_os("EXAMPLE_OUTPUT_DIR").filter(|dir| !dir.is_empty());
        let temporary = named.is_none();
        let dir = named.map_or_else(
            || std::env::temp_dir().join(format!("{name}-{}", std::process::id())),
            PathBuf::from,
        );
        std::fs::create_dir_all(&dir)?;
        Ok(Self { dir, temporary })
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// A builder for sessions on this cluster, with the options that the environment sets.
pub(crate) fn builder(cluster: &LocalCluster) -> Result<ClusterBuilder> {
    let builder = ClusterBuilder::from_env(VARIABLES)?.contact_points(cluster.contact_points());
    Ok(match cluster.credentials() {
        Some((user, password)) => builder.credentials(user, password),
        None => builder,
    })
}

/// What the names of such variables begin with.
pub(crate) const VARIABLES: &str = "EXAMPLE_DB";

impl Place {
    async fn make(name: &str, cluster: LocalCluster, change: Change) -> Result<Self> {
        let session = change(builder(&cluster)?).connect().await?;
        let keyspace = format!("example_{name}_{}", std::process::id());
        let copies = cluster.nodes().len().clamp(1, 3);
        session
            .execute(format!(
                "CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': {copies}}}"
            ))
            .await?;
        session.set_keyspace(&keyspace, false).await?;
        Ok(Self {
            cluster,
            session,
            keyspace,
            output: Output::make(name)?,
        })
    }

    /// A file among those that the example writes.
    pub(crate) fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.output.dir.join(name)
    }

    /// Runs writes that all have to succeed, 128 at a time; says how many there were. Each writes the same values however often it is applied, so a node that is busy
    /// costs a retry and no more.
    pub(crate) async fn write_all(
        &self,
        statements: impl IntoIterator<Item = std::result::Result<Statement, Error>>,
    ) -> Result<u64> {
        let marked = statements
            .into_iter()
            .map(|statement| statement.map(|it| it.idempotent(true)));
        Ok(self.session.execute_many(marked).run().await?.succeeded)
    }
}

type Change = fn(ClusterBuilder) -> ClusterBuilder;

/// Runs an example on one node and turns its outcome into the status of the process.
pub(crate) async fn run(name: &str, work: impl AsyncFnOnce(&Place) -> Result<()>) -> ExitCode {
    run_on(name, LocalCluster::builder(), |builder| builder, work).await
}

/// The same on nodes of its choice, and with other options of the session.
pub(crate) async fn run_on(
    name: &str,
    nodes: Builder,
    change: Change,
    work: impl AsyncFnOnce(&Place) -> Result<()>,
) -> ExitCode {
    match attempt(name, nodes, change, work).await {
        Ok(()) => {
            println!("{name}: ok");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{name}: failed: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn attempt(
    name: &str,
    nodes: Builder,
    change: Change,
    work: impl AsyncFnOnce(&Place) -> Result<()>,
) -> Result<()> {
    let cluster = nodes.start().await?;
    let place = Place::make(name, cluster, change).await?;
    let worked = work(&place).await;
    // Also after a failure: nothing is left behind.
    let dropped = place
        .session
        .execute(format!("DROP KEYSPACE {}", place.keyspace))
        .await;
    let closed = place.session.close(Duration::from_secs(10)).await;
    place.cluster.stop().await;
    worked?;
    dropped?;
    Ok(closed?)
}

/// Prints a named result.
pub(crate) fn result(name: &str, value: impl Display) {
    println!("result: {name} = {value}");
}

/// Fails unless it is so.
pub(crate) fn check(so: bool, what: impl Into<String>) -> Result<()> {
    if so { Ok(()) } else { Err(what.into().into()) }
}

//! The two clients: the stack, and the plain driver with its defaults.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use local_cassandra::LocalCluster;
use tower_cassandra::scylla::client::session::Session as Driver;
use tower_cassandra::scylla::client::session_builder::SessionBuilder;
use tower_cassandra::scylla::statement::prepared::PreparedStatement;
use tower_cassandra::{ClusterBuilder, Hedge, Prepared, Session};

use crate::Result;

const KEYS: i32 = 10_000;

pub(crate) enum Client {
    Stack {
        session: Session,
        write: Prepared,
        read: Prepared,
    },
    Bare {
        driver: Arc<Driver>,
        write: Box<PreparedStatement>,
        read: Box<PreparedStatement>,
    },
}

impl Client {
    pub(crate) async fn connect(cluster: &LocalCluster, bare: bool, hedge: bool) -> Result<Self> {
        let mut builder = ClusterBuilder::new().contact_points(cluster.contact_points());
        if hedge {
            builder = builder.hedge(Hedge::default());
        }
        let session = builder.connect().await?;
        session
            .execute(
                "CREATE KEYSPACE drill WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3}",
            )
            .await?;
        // By default Cassandra waits for seconds before it asks another replica on behalf of a read.
        session
            .execute("CREATE TABLE drill.t (k int PRIMARY KEY, v text) WITH speculative_retry = '50ms'")
            .await?;
        let (write, read) = (
            "INSERT INTO drill.t (k, v) VALUES (?, ?)",
            "SELECT v FROM drill.t WHERE k = ?",
        );
        if !bare {
            let (write, read) = (session.prepare(write).await?, session.prepare(read).await?);
            return Ok(Self::Stack { session, write, read });
        }
        session.close(Duration::from_secs(5)).await?;
        let driver = SessionBuilder::new()
            .known_nodes(cluster.contact_points())
            .build()
            .await?;
        let (mut write, mut read) = (driver.prepare(write).await?, driver.prepare(read).await?);
        write.set_is_idempotent(true);
        read.set_is_idempotent(true);
        Ok(Self::Bare {
            driver: Arc::new(driver),
            write: Box::new(write),
            read: Box::new(read),
        })
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Stack { .. } => "the stack with its defaults",
            Self::Bare { .. } => "the plain driver with its defaults",
        }
    }

    /// One request: writes and reads in turn.
    pub(crate) async fn request(&self, number: i32) -> std::result::Result<(), String> {
        let key = number.rem_euclid(KEYS);
        let is_write = number % 2 == 0;
        match self {
            Self::Stack { session, write, read } => {
                let statement = if is_write {
                    write
                        .bind((key, "value"))
                        .map(|statement| statement.idempotent(true))
                } else {
                    read.bind((key,))
                };
                let response = match statement {
                    Ok(statement) => session.execute(statement).await,
                    Err(error) => Err(error),
                };
                response.map(drop).map_err(|error| {
                    let mut text = error.to_string();
                    for attempt in error.attempts() {
                        let _ = write!(text, "; {attempt}");
                    }
                    text
                })
            }
            Self::Bare { driver, write, read } => {
                let result = if is_write {
                    driver.execute_unpaged(write, (key, "value")).await
                } else {
                    driver.execute_unpaged(read, (key,)).await
                };
                result.map(drop).map_err(|error| error.to_string())
            }
        }
    }

    /// The nodes in one line.
    pub(crate) fn nodes(&self) -> String {
        let mut line = String::new();
        match self {
            Self::Stack { session, .. } => {
                for node in session.health().nodes {
                    let state = if node.connected {
                        node.state.label()
                    } else {
                        "unconnected"
                    };
                    let _ = write!(line, "  {state} {}/{}", node.in_flight, node.abandoned);
                }
            }
            Self::Bare { driver, .. } => {
                let state = driver.get_cluster_state();
                let mut nodes: Vec<_> = state.get_nodes_info().iter().collect();
                nodes.sort_by_key(|node| node.address);
                for node in nodes {
                    line.push_str(if node.is_connected() {
                        "  connected"
                    } else {
                        "  unconnected"
                    });
                }
            }
        }
        line
    }

    pub(crate) async fn close(&self) -> Result<()> {
        if let Self::Stack { session, .. } = self {
            session.close(Duration::from_secs(10)).await?;
        }
        Ok(())
    }
}

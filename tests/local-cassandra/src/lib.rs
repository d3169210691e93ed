//! A real Apache Cassandra cluster in one line of a test.
//!
//! ```no_run
//! # async fn example() -> Result<(), local_cassandra::Error> {
//! use local_cassandra::LocalCluster;
//!
//! let cluster = LocalCluster::builder().nodes(3).start().await?;
//! println!("{:?}", cluster.contact_points());
//! cluster.node(1).freeze()?;
//! // ... what does the client do now?
//! cluster.node(1).resume()?;
//! cluster.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Where the cluster comes from
//!
//! The first of these that is at hand:
//!
//! 1. `CASSANDRA_CONTACT_POINTS=host[:port],…` names a cluster that runs already. It is used as it is:
//!    nothing is started, all options of the [`Builder`] are ignored, and orders to its nodes fail with
//!    [`ErrorKind::NotControlled`]. `CASSANDRA_PORT` is the port of the points without one,
//!    `CASSANDRA_USERNAME` and `CASSANDRA_PASSWORD` the [credentials](LocalCluster::credentials).
//! 2. Java 11 or 17 (by [`Builder::java_home`], `JAVA_HOME` or `PATH`) with Maven. The server's jars are
//!    fetched once per version into `LOCAL_CASSANDRA_CACHE`, by default `~/.cache/local-cassandra`. With
//!    the jars there, Maven is not needed.
//! 3. Docker or Podman, if its engine answers: one plain node of the official image, which cannot be
//!    frozen, killed or restarted. This way needs Linux, and has never been tried: the machines this was
//!    written on had no engine.
//!
//! `CASSANDRA_VERSION=4.1` (or a whole release number) starts that version where the program names none.
//!
//! Otherwise one error names the three ways and what was found of each.
//!
//! # What it leaves behind
//!
//! The cache, and of a node that did not become ready a copy of its log among the temporary files, which
//! the error names. Every node is watched by a small `sh` that kills it and removes its files when the
//! process that started it is gone, however that came: [`LocalCluster::stop`], a drop, a panic, the end of
//! the process with the cluster in a `static`, Ctrl-C, or SIGKILL. Only if both that process and the `sh`
//! are killed does the node stay.
//!
//! # Addresses
//!
//! The nodes of one cluster are `127.0.x.1`, `127.0.x.2` and so on, with a free block `x` of their own, so
//! that clusters run side by side. Linux answers on all of them; elsewhere each needs an alias on the
//! loopback interface, and the error says which.
//!
//! A cluster does not depend on the runtime it was started on: it can be shared by tests that have one
//! each (see [`testing`]). It waits by tokio's clock, so do not start it with the clock paused.

mod builder;
mod cluster;
mod config;
mod container;
mod cql;
mod environment;
mod error;
mod fleet;
pub mod forward;
mod jars;
mod java;
mod launch;
mod log;
mod node;
mod ports;
mod progress;
mod ready;
mod supervise;
pub mod testing;
mod tls;
mod way;

pub use builder::{Builder, Jit};
pub use cluster::LocalCluster;
pub use error::{Error, ErrorKind};
pub use node::Node;

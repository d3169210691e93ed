//! Looking at single requests: [`Collector`]s, which are told of every request and of the state of the nodes, and the [`SlowLog`], which tells of slow and failed ones.
//!
//! Both stand outermost in the stack: they see what the caller sees, every page as a request of its own. Without any of them the layer is not there and costs nothing.
//! None of them changes what becomes of a request: a collector or a subscriber that panics is caught and counted.
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//! use tower_cassandra::ClusterBuilder;
//! use tower_cassandra::observe::{MemoryCollector, SlowLog};
//!
//! # async fn example() -> Result<(), tower_cassandra::Error> {
//! let memory = Arc::new(MemoryCollector::new());
//! let session = ClusterBuilder::new()
//!     .collector(memory.clone())
//!     .slow_log(SlowLog::above(Duration::from_millis(500)))
//!     .connect()
//!     .await?;
//! session.query("SELECT release_version FROM system.local", ()).await?;
//! println!("{}", memory.statistics());
//!
//! // At run time, for all collectors of the session.
//! session.collectors().set_enabled(false);
//! # Ok(())
//! # }
//! ```
//!
//! # What they are told
//!
//! Fingerprints, names of nodes, times, numbers: never values, and never the text of a statement, as literals are folded in its [fingerprint](crate::cql::Fingerprint).
//!
//! # Cost
//!
//! A request that is looked at costs two looks at the clock and some allocations; a text costs its fingerprint once. What a [`Collector`] of your own does is done in
//! a thread of its own, behind a queue of [`QUEUE`] records: one that is slow loses records, which are counted, and holds up neither requests nor other collectors.

mod collector;
mod collectors;
mod layer;
mod memory;
mod record;
mod service;
mod slow_log;
mod worker;

pub use collector::{Collector, Delivery};
pub use collectors::Collectors;
pub use layer::ObserveLayer;
pub use memory::{HostStatistics, MemoryCollector, QueryPerformance, Statistics, TopQuery};
pub use record::{QueryOutcome, QueryRecord};
pub use service::{Observed, ResponseFuture};
pub use slow_log::{SlowLog, SlowRequests};
pub use worker::QUEUE;

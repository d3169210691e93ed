#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod classifier;
pub mod cluster;
mod error;
mod leaf;
mod nature;
#[cfg(feature = "prometheus")]
pub mod prometheus;
mod response;
mod session;
mod statement;

/// The driver underneath, for its types: values, consistency, rows.
pub use scylla;
/// The generic layers, for stacks composed by hand.
pub use tower_cassandra_layers as layers;

pub use classifier::{CqlClassifier, StatementFacts};
pub use cluster::{BoxService, Cluster, ClusterBuilder};
pub use error::{AttemptError, Error, ErrorKind};
pub use leaf::SessionService;
pub use nature::Nature;
pub use response::{Response, Rows};
pub use session::{Health, NodeHealth, Session};
pub use statement::{Batch, BatchKind, Prepared, Statement};
pub use tower_cassandra_layers::health::{HealthCheck, HealthSettings};
pub use tower_cassandra_layers::limit::{ConcurrencyLimit, RateLimit};
pub use tower_cassandra_layers::metrics::Metrics;
pub use tower_cassandra_layers::request::Limit;
pub use tower_cassandra_layers::retry::{Backoff, Budget, RetryPolicy};
pub use tower_cassandra_layers::{Applied, InvalidConfig};

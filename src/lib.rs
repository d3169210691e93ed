#![doc = include_str!("../README.md")]
//!
//! # The same stack by hand
//!
//! What [`ClusterBuilder`] stacks can be stacked with `ServiceBuilder`, in this order or another, with parts left out or added:
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use tower::ServiceBuilder;
//! use tower_cassandra::cluster::leaf_profile;
//! use tower_cassandra::layers::balance::BalanceLayer;
//! use tower_cassandra::layers::health::Table;
//! use tower_cassandra::layers::limit::{ConcurrencyLimitLayer, RateLimitLayer};
//! use tower_cassandra::layers::metrics::{AttemptMetricsLayer, Metrics, MetricsLayer};
//! use tower_cassandra::layers::panic::CatchPanicLayer;
//! use tower_cassandra::layers::retry::RetryLayer;
//! use tower_cassandra::layers::timeout::TimeoutLayer;
//! use tower_cassandra::scylla::client::session_builder::SessionBuilder;
//! use tower_cassandra::scylla::statement::{Consistency, SerialConsistency};
//! use tower_cassandra::{
//!     CqlClassifier, HealthCheck, HealthSettings, Nodes, RateLimit, RetryPolicy, Session, SessionService,
//! };
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let profile = leaf_profile(Consistency::LocalQuorum, SerialConsistency::LocalSerial);
//! let driver = SessionBuilder::new()
//!     .known_node("127.0.0.1:9042")
//!     .default_execution_profile_handle(profile.into_handle())
//!     // What `ClusterBuilder` sets as well: a silent node is noticed within 6 s, and DDL waits in a step of its own.
//!     .keepalive_interval(Duration::from_secs(1))
//!     .keepalive_timeout(Duration::from_secs(5))
//!     .auto_await_schema_agreement(false)
//!     .build()
//!     .await?;
//! let driver = Arc::new(driver);
//!
//! let metrics = Metrics::default();
//! let table = Table::new(HealthSettings::default())?.with_metrics(metrics.clone());
//! let nodes = Nodes::new(&driver, table.clone(), None, Some(HealthCheck::default()))?;
//! let judge = CqlClassifier::with_table(table.clone());
//!
//! let service = ServiceBuilder::new()
//!     .layer(MetricsLayer::new(metrics, judge.clone()))
//!     .layer(CatchPanicLayer::new())
//!     .layer(TimeoutLayer::call(Duration::from_secs(10))?.without_timer())
//!     .layer(ConcurrencyLimitLayer::new(1_024)?)
//!     .layer(RateLimitLayer::new(RateLimit::per_second(5_000).burst(500))?)
//!     .layer(RetryLayer::new(RetryPolicy::default(), judge.clone())?)
//!     .layer(BalanceLayer::new(table, nodes, judge.clone()))
//!     .layer(AttemptMetricsLayer::new(judge))
//!     .layer(TimeoutLayer::attempt(Duration::from_secs(3))?)
//!     .service(SessionService::new(driver));
//! let session = Session::from_service(service);
//! session.query("SELECT release_version FROM system.local", ()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Architecture
//!
//! * **One retry owner.** The driver runs without retry, speculation and timeout of its own; the leaf is one attempt.
//! * **One judgement.** A classifier turns a result into whether it was applied, what may be done and whose fault it is; retry, metrics and health
//!   read that and nothing else.
//! * **A call is admitted once**; its permit covers back-off and all attempts. Retries are bounded by a budget.
//! * **A node's slot is held until the node answers**, not until we stop waiting. A timed-out attempt goes on in the session's reaper and
//!   counts against its node, for 30 s at most; otherwise a silent node would look idle and attract all traffic.
//! * **Waiting happens in the response future**; an idle handle holds nothing.
//! * **One box above the leaf, one at the leaf.** In between everything is static; a user's own layers are boxed only where there are any.
//! * **A page is a call.** A stream holds the page being given out and at most one more, a scan one more per range that it reads; neither
//!   holds a permit between two pages.
//! * **Tasks**: a session has four (following the cluster's nodes, probing, and keeping attempts and probes that nobody waits for), one more while
//!   [`connect_lazy`](Cluster::connect_lazy) connects, plus one per statement text while it is being
//!   prepared, plus, while its monitor runs, one for that and one per callback. None is made per request, and all end with the session. A stream that
//!   reads ahead has one, and a scan one per page that it reads at a time; they end with it.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(feature = "axum")]
pub mod axum;
pub mod bulk;
mod classifier;
pub mod cluster;
#[cfg(feature = "config")]
pub mod config;
mod counted;
pub mod cql;
mod error;
mod files;
pub mod guide;
#[cfg(any(feature = "axum", feature = "tonic"))]
mod http;
mod leaf;
pub mod monitor;
mod nature;
pub mod observe;
#[cfg(feature = "prometheus")]
pub mod prometheus;
mod response;
mod saved;
pub mod scan;
mod session;
mod statement;
#[cfg(feature = "status-page")]
pub mod status_page;
pub mod stream;
mod striped;
#[cfg(feature = "test-util")]
pub mod test_util;
mod timings;
#[cfg(feature = "tonic")]
pub mod tonic;
pub mod trace;
pub mod types;

/// The driver underneath, for its types: values, consistency, rows.
pub use scylla;
/// Reads a row: the trait, and its derive for structs whose fields are matched with the columns by name. See [`types`].
#[doc(no_inline)]
pub use scylla::deserialize::row::DeserializeRow;
/// Reads a value: the trait, and its derive for structs as user-defined types. See [`types`].
#[doc(no_inline)]
pub use scylla::deserialize::value::DeserializeValue;
/// Binds values to markers: the trait, and its derive for structs whose fields are matched with the markers by name. See [`types`].
#[doc(no_inline)]
pub use scylla::serialize::row::SerializeRow;
/// Binds one value: the trait, and its derive for structs as user-defined types. See [`types`].
#[doc(no_inline)]
pub use scylla::serialize::value::SerializeValue;
#[doc(no_inline)]
pub use scylla::{DeserializeRow, DeserializeValue, SerializeRow, SerializeValue};
/// The generic layers, for stacks composed by hand.
pub use tower_cassandra_layers as layers;
/// Ids of nodes and traces.
pub use uuid;

pub use bulk::{BulkError, BulkItem, BulkProgress, BulkSummary, ExecuteMany};
pub use classifier::{CqlClassifier, ReadTimeoutRule, StatementFacts};
pub use cluster::{
    BoxService, Cluster, ClusterBuilder, ClusterPhase, Credentials, CredentialsFuture, CredentialsProvider,
    Nodes, PasswordFile, Profile,
};
#[cfg(any(feature = "rustls", feature = "openssl"))]
pub use cluster::{TlsFiles, TlsLibrary};
#[cfg(feature = "config")]
pub use config::{BadSetting, Settings};
pub use error::{AttemptError, Error, ErrorKind, TlsFailure};
pub use leaf::{AttemptFuture, SessionService};
pub use monitor::{ClusterHealth, HostHealth, Monitor, NodeChange, NodeEvent};
pub use nature::Nature;
pub use response::{Response, Row, Rows};
pub use scan::{ScanHandle, ScanState, ScanTable, TableScan};
pub use session::{
    Health, Limits, NodeHealth, PrepareAllError, PrepareFailure, PreparedCacheStats, ReadyChanges, Session,
    Trace,
};
pub use statement::{Batch, BatchKind, Definition, Prepared, Query, Statement};
pub use stream::{Page, PageInfo, PageState, PageStream, RowStream, StreamHandle, StreamOptions};
pub use timings::{AttemptTiming, Timings};
pub use tower_cassandra_layers::health::{HealthCheck, HealthSettings};
pub use tower_cassandra_layers::hedge::Hedge;
pub use tower_cassandra_layers::limit::{ConcurrencyLimit, RateLimit};
pub use tower_cassandra_layers::metrics::Metrics;
pub use tower_cassandra_layers::request::{Limit, Priority};
pub use tower_cassandra_layers::retry::{Backoff, Budget, RetryPolicy};
pub use tower_cassandra_layers::{Applied, InvalidConfig};

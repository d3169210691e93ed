//! Metrics: what callers feel ([`MetricsLayer`]) and what each node does ([`AttemptMetricsLayer`]).
//!
//! Everything is recorded through the [`metrics`](https://docs.rs/metrics) crate, on a recorder of your choice. The handles
//! of a session are resolved once, in [`Metrics`]; after that a request costs a few atomic operations and two looks at the
//! clock. There is no lookup by name, no allocation, no lock and no task per request, and whatever the recorder does,
//! even panic, a request does not fail by being measured.
//!
//! ```
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! use tower_cassandra_layers::metrics::{Metrics, MetricsLayer};
//! use tower_cassandra_layers::{Call, Outcome, classify::classify_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // On the global recorder. `Metrics::builder()` takes another one, a prefix and a client label.
//! let metrics = Metrics::new();
//! let classifier = classify_fn(|_: Result<&&str, &std::convert::Infallible>| Outcome::Success);
//!
//! let mut service = ServiceBuilder::new()
//!     .layer(MetricsLayer::new(metrics.clone(), classifier))
//!     .service(service_fn(|_: Call<&str>| async { Ok("rows") }));
//!
//! let request = Call::new("SELECT ...").with_class("simple");
//! assert_eq!(service.ready().await.unwrap().call(request).await, Ok("rows"));
//!
//! // At run time, for all clones.
//! metrics.set_enabled(false);
//! # }
//! ```
//!
//! # Names
//!
//! `cassandra` stands for the prefix. With [`MetricsBuilder::client`] every series has a label `client` as well.
//!
#![doc = include_str!("names.md")]
//!
//! `limit` is `concurrency` or `rate`. `success` is `success` or `failure`. `query_type` is [`Request::class`](crate::Request::class), one of the classes given
//! to the builder or `other`. `error_type` and `reason` take [`MAX_LABELS`] values each and `host` takes [`MAX_HOSTS`], in the
//! order of their appearance; what comes later is `other`. So the number of series has a bound, however many statements,
//! users or nodes there are.
//!
//! # Defaults
//!
//! | | default | why |
//! |---|---|---|
//! | recorder | the global one, as it is when [`Metrics`] is built | one exporter for the whole program |
//! | [prefix](MetricsBuilder::prefix) | `cassandra` | the names of the Python library `async-cassandra` |
//! | [client label](MetricsBuilder::client) | none; at most 64 bytes | most programs have one client |
//! | [classes](MetricsBuilder::classes) | [`DEFAULT_CLASSES`]; at most [`MAX_CLASSES`] | what is not among them is `other` |
//! | failures told apart, nodes | at most [`MAX_LABELS`], [`MAX_HOSTS`] | the number of series has a bound |
//! | units | seconds in histograms, requests in gauges and counters | those of Prometheus |
//!
//! # Where they stand
//!
//! [`MetricsLayer`] is the outermost layer but the one that makes spans. It sees what the caller sees: waiting in queues,
//! back-off, every attempt and every refusal. Below the timeout it would count a timed-out request as cancelled; below
//! the limits it would miss the waiting, which is most of the latency of an overloaded client.
//!
//! [`AttemptMetricsLayer`] stands between the balancer and the attempt's time limit. Above the balancer no node is chosen
//! yet and nothing is recorded; below the time limit the attempts that a silent node never answered, the ones that matter
//! most, would be counted as cancelled.
//!
//! # Details
//!
//! * **Endings.** A request ends in exactly one way: with a result, which goes into the totals, the durations and, if it is
//!   a failure, the errors; dropped before its result, which goes into the cancelled ones only, also when it was never
//!   polled; or by a panic that passes through, which is a failure of the error type `panic`. In each case the gauge
//!   goes down.
//! * **Clones** of a layer or service share the [`Metrics`] they were made with, its switch included. Two `Metrics` on one
//!   recorder are the same series unless they have different client labels: counters add up, but gauges of a node
//!   overwrite each other.
//! * **Switched off**, a request costs one atomic load. A request under way is counted to its end.
//! * **The global recorder** is looked up when [`Metrics`] is built, and again for a label seen for the first time later.
//!   Install it before, or give the recorder to the builder.
//! * **The clock** is tokio's, so tests can pause it.
//! * A classifier's `facts` runs unprotected, like the request itself; its `classify` runs protected, like the recorder.

mod attempt;
mod builder;
mod cache;
mod catalogue;
mod classes;
mod future;
mod guard;
mod handles;
mod hedge;
mod labels;
mod layer;
mod limit;
mod names;
mod node;
mod operations;
mod registry;
mod service;
mod slots;
mod statements;
mod streams;
mod switch;
mod totals;
mod upkeep;

pub use attempt::{AttemptMetricsLayer, AttemptMetricsService};
pub use builder::{
    DEFAULT_CLASSES, DEFAULT_STATEMENT_LABELS, MAX_CLASSES, MAX_STATEMENT_LABELS, MetricsBuilder,
};
pub use cache::{CacheFigures, CacheMetrics};
pub use catalogue::{MetricName, catalogue};
pub use future::ResponseFuture;
pub use handles::Metrics;
pub(crate) use hedge::{HedgeEvent, HedgeMetrics};
pub use layer::MetricsLayer;
pub(crate) use limit::{InQueue, LimitMetrics};
pub use node::NodeMetrics;
pub use registry::TARGET;
pub use service::MetricsService;
pub use streams::{OpenStream, StreamMetrics};
pub use totals::Totals;
pub use upkeep::{FORGET_AFTER, UPKEEP_INTERVAL, Upkeep};

/// How many values the labels `error_type` and `reason` take, each. A client that tells forty kinds of failures apart, which
/// is many, has room to spare.
pub const MAX_LABELS: usize = 64;

/// How many nodes have a label of their own. It takes every node of all but the largest clusters; the bound is for
/// clusters whose nodes come and go under ever new addresses.
pub const MAX_HOSTS: usize = 256;

const SUCCESS: &str = "success";
const FAILURE: &str = "failure";
const OTHER: &str = "other";
const PANIC: &str = "panic";

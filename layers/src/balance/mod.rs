//! Chooses a node for each attempt, by what is under way and how the nodes answer.
//!
//! For each attempt the balancer asks a [`Directory`] for the candidates (for a database the replicas of the data first), scores all of
//! them, up to the eight best, and writes the chosen one as a [`Ticket`] into the request. There is one inner service, not one per node: the leaf
//! reads the ticket and sends to that node. The rule:
//!
//! 1. Not chosen while others are there: nodes at their limit, without a connection, silent (stalled), ejected, or already
//!    asked by an earlier attempt of this call; in this order the last ones first when nothing better is left. Of several silent ones the one
//!    whose oldest request is youngest. It never fails closed.
//!    Of the replicas no more than a minority stays out because it was ejected, or one of two: without a majority a range is lost anyway.
//! 2. Of the rest, without outliers whose mean latency is three times the best one and a millisecond: the fewest requests in flight, ties at random.
//!    That its replicas fail or that it has too much to do counts as an answer that took longer than any; otherwise a node that refuses at once, and
//!    so has nothing in flight, would get everything. For failures of its own it is ejected. A mean that is older than 10 s makes no outlier.
//!    A newcomer, of which nothing is known beside nodes that are known, wins by its empty queue in no more than 1.2 of its share of the choices.
//! 3. Of 1,000 requests three go to any usable candidate, so that one that was slow is looked at again.
//!
//! Why the whole set and not two random choices: with three replicas, comparing two misses the idle third; a request count with the
//! age of what is unanswered needs no answer to notice that a node is silent.
//!
//! It stands inside of retry, so that every attempt may go to another node, and outside of the attempt limit, so that an attempt
//! that ran out of time counts against its node. Elsewhere a retry would return to the node that failed.
//!
//! A node's slot is held until the node answers, not until we stop waiting, but no longer than [`LONGEST_LIFE`]: see [`Reaper`]. Dropping the future
//! counts neither for nor against the node. Services made by one layer value share its [`Table`](crate::health::Table), and so do layers given
//! the same table. Errors: [`NoCandidate`] when there is no node at all, [`Rejected`](crate::limit::Rejected) when all
//! are full; in both cases nothing was sent.
//!
//! | | default | why |
//! |---|---|---|
//! | requests in flight to one node | 16,384 | half of the stream ids of one connection; [`HealthSettings::node_limit`](crate::health::HealthSettings::node_limit) |
//! | abandoned requests of one node | 1,024 | as many as the driver allows; [`HealthSettings::abandoned_limit`](crate::health::HealthSettings::abandoned_limit) |
//! | candidates compared | 8 of a group, out of 64 looked at | a choice costs the same in any cluster |
//! | an outlier | 3 times the best mean and 1 ms, from 50 answers on | below a millisecond it is noise |
//!
//! ```
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_cassandra_layers::balance::{AllNodes, BalanceLayer, NoCandidate};
//! use tower_cassandra_layers::health::{HealthSettings, Table};
//! use tower_cassandra_layers::limit::Rejected;
//! use tower_cassandra_layers::{Call, NodeId, Outcome, Request, classify::classify_fn};
//!
//! #[derive(Debug)]
//! struct Failed(&'static str);
//! # impl From<NoCandidate> for Failed { fn from(_: NoCandidate) -> Self { Self("no node") } }
//! # impl From<Rejected> for Failed { fn from(_: Rejected) -> Self { Self("all nodes are full") } }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let table = Table::new(HealthSettings::default())?;
//! // The last argument is whatever the leaf needs to reach the node.
//! table.replace([
//!     table.endpoint(NodeId(1), "10.0.0.1:9042", ()),
//!     table.endpoint(NodeId(2), "10.0.0.2:9042", ()),
//! ]);
//! let judge = classify_fn(|_: Result<&String, &Failed>| Outcome::Success);
//! let service = ServiceBuilder::new()
//!     .layer(BalanceLayer::new(table.clone(), AllNodes::new(table), judge))
//!     .service(service_fn(|mut call: Call<&'static str>| async move {
//!         let ticket = call.context_mut().take_ticket().ok_or(Failed("no balancer"))?;
//!         let answer = format!("{} from {}", call.value, ticket.endpoint().name());
//!         // Until here the request counts as in flight to its node.
//!         ticket.answered(&Outcome::Success);
//!         Ok::<_, Failed>(answer)
//!     }));
//! let answer = service.oneshot(Call::new("rows")).await.unwrap();
//! assert!(answer.starts_with("rows from 10.0.0."));
//! # Ok(())
//! # }
//! ```

mod choose;
mod directory;
mod endpoint;
mod error;
mod future;
mod latency;
mod layer;
mod ledger;
mod quick;
mod reaper;
mod service;
mod speed;
mod ticket;
mod watching;

pub use directory::{AllNodes, Directory, Group};
pub use endpoint::Endpoint;
pub use error::NoCandidate;
pub use future::ResponseFuture;
pub(crate) use latency::Latencies;
pub use layer::BalanceLayer;
pub use reaper::{Kept, LONGEST_LIFE, Reaper};
pub use service::Balance;
pub use ticket::Ticket;

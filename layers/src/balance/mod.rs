//! Chooses a node for each attempt, by what is under way and how the nodes answer.
//!
//! For each attempt the balancer asks a [`Directory`] for the candidates (for a database the replicas of the data first), scores all of
//! them, up to the eight best, and writes the chosen one as a [`Ticket`] into the request. There is one inner service, not one per node: the leaf
//! reads the ticket and sends to that node. The rule:
//!
//! 1. Not chosen while others are there: nodes at their limit, without a connection, silent (stalled), ejected, or already
//!    asked by an earlier attempt of this call; in this order the last ones first when nothing better is left. Of several silent ones the one
//!    whose oldest request is youngest. It never fails closed.
//! 2. Of the rest, without outliers whose mean latency is three times the best one and a millisecond: the fewest requests in flight, ties at random.
//!    A mean that is older than 10 s makes no outlier.
//! 3. Of 1,000 requests three go to any usable candidate, so that one that was slow is looked at again.
//!
//! Why the whole set and not two random choices: with three replicas, comparing two misses the idle third; a request count with the
//! age of what is unanswered needs no answer to notice that a node is silent.
//!
//! It stands inside of retry, so that every attempt may go to another node, and outside of the attempt limit, so that an attempt
//! that ran out of time counts against its node. Elsewhere a retry would return to the node that failed.
//!
//! A node's slot is held until the node answers, not until we stop waiting: see [`Reaper`]. Dropping the future counts neither for nor
//! against the node. Services made by one layer value share its [`Table`](crate::health::Table), and so do layers given
//! the same table. Errors: [`NoCandidate`] when there is no node at all, [`Rejected`](crate::limit::Rejected) when all
//! are full; in both cases nothing was sent.

mod choose;
mod directory;
mod endpoint;
mod error;
mod future;
mod latency;
mod layer;
mod ledger;
mod reaper;
mod service;
mod watching;

pub use directory::{AllNodes, Directory, Group};
pub use endpoint::{Endpoint, Ticket};
pub use error::NoCandidate;
pub use future::ResponseFuture;
pub(crate) use latency::Latencies;
pub use layer::BalanceLayer;
pub use reaper::{Kept, LONGEST_LIFE, Reaper};
pub use service::Balance;

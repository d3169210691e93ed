//! What is known of the nodes: one table, written by the balancer and the prober, read by everyone.
//!
//! Three kinds of knowledge meet in an [`Endpoint`](crate::balance::Endpoint):
//!
//! * **Passive health**, from the results of real requests. After 5 failures in a row that were the node's own (see
//!   [`Fault::Node`](crate::Fault)), or when more than half of its recent answers were such failures, it is ejected: for 1 s, then twice as
//!   long each time, up to 60 s, ± 20 % jitter, and never so that more than half of all
//!   nodes are out, nor more than a minority of the replicas of a request. One real request is its way back. Recent is a moving average in which an answer
//!   weighs 1/32: a node that fails six of ten requests is out after some 60 of them.
//! * **The stall gate**, from what is unanswered: a node whose oldest request is overdue and that has answered nothing for as
//!   long is not chosen. Overdue means 1.5 times the 95th percentile of the session's recent latencies, at least 10 ms, at most
//!   1 s, and 100 ms until there are 100 samples.
//! * **Active health**, from the [`Prober`]: it asks every node in an interval, and one that requests find silent at once; an answer
//!   re-admits a node that is only slow.
//!
//! What happens to the nodes can be followed: [`Table::changes`] gives every change with its reason, in one order for all readers.
//! The table learns of nodes that come and go by [`Table::replace`], and of connections by [`Endpoint::set_connected`].
//!
//! [`Endpoint::set_connected`]: crate::balance::Endpoint::set_connected
//!
//! Saturation is not sickness: a node at its limit of requests in flight is passed over, not ejected.
//!
//! Clones of a [`Table`] are the same table, and everybody who has one sees the same nodes. A [`Prober`] is one task that ends when it is
//! dropped; a probe that is dropped leaves the last result standing. The numbers are those of [`HealthSettings`] and
//! [`HealthCheck`], each with its default.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use tower_cassandra_layers::NodeId;
//! use tower_cassandra_layers::health::{HealthCheck, HealthSettings, Prober, State, Table};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), tower_cassandra_layers::InvalidConfig> {
//! let table = Table::new(HealthSettings::default())?;
//! table.replace([table.endpoint(NodeId(1), "10.0.0.1:9042", ())]);
//! let check = HealthCheck::every(Duration::from_secs(5));
//! let prober = Prober::spawn(table.clone(), check, |_node| async { Ok(Arc::from("5.0.4")) })?;
//!
//! tokio::time::sleep(Duration::from_secs(1)).await;
//! let node = &table.snapshot()[0];
//! assert_eq!(node.state, State::Healthy);
//! assert!(node.probe.is_some());
//! drop(prober);
//! # Ok(())
//! # }
//! ```

mod changes;
mod check;
mod passive;
mod prober;
mod rate;
mod recheck;
mod roster;
mod settings;
mod snapshot;
mod status;
mod table;
mod watched;
mod words;

pub use changes::{CHANGES_KEPT, Change, ChangeKind, Changes, Event};
pub use check::HealthCheck;
pub(crate) use passive::{Passive, Sent, Standing};
pub use prober::Prober;
pub use settings::HealthSettings;
pub use snapshot::{EndpointHealth, State};
pub use status::Status;
pub(crate) use table::Shared;
pub use table::Table;
pub use watched::ProbeRecord;
pub(crate) use watched::{Watched, Who};

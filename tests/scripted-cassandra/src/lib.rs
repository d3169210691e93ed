//! A CQL server whose behaviour is scripted: it speaks protocol version 4 well enough for a driver, and
//! then does what a test tells it, such as answering a certain error at a certain node to every third
//! write.
//!
//! ```no_run
//! # async fn example() -> Result<(), scripted_cassandra::Error> {
//! use scripted_cassandra::{Consistency, ErrorFrame, Match, Opcode, ScriptedCluster, Table, Type};
//!
//! let cluster = ScriptedCluster::builder()
//!     .nodes(3)
//!     .keyspace("ks", 3)
//!     .table(Table::new("ks", "t").partition_key("id", Type::Int).column("v", Type::Text))
//!     .start()
//!     .await?;
//! let inserts = Match::opcode(Opcode::Execute).statement_contains("INSERT").node(1);
//! let rule = cluster
//!     .on(inserts)
//!     .times(2)
//!     .then(ErrorFrame::write_timeout(Consistency::QUORUM, 1, 2, "SIMPLE"));
//! // ... what does the client do?
//! assert_eq!(rule.applied(), 2);
//! assert_eq!(cluster.ledger().count(Opcode::Execute, "INSERT"), 3);
//! # Ok(())
//! # }
//! ```
//!
//! It is for what a real server cannot be made to say on demand, and never instead of one: what it answers
//! by itself is a sketch of Cassandra, without timestamps, lifetimes and consistency.
//!
//! # What it does by itself
//!
//! * The handshake, with a login if asked for; the system tables that drivers read; schema changes; events.
//! * Statements over the declared tables: `SELECT` with conditions, `LIMIT`, `count(*)` and paging;
//!   `INSERT`, `UPDATE` and `DELETE` with conditions; batches; counters. All nodes share one store.
//! * Prepared statements, which each node has to learn and can forget.
//!
//! # What it does by rule
//!
//! [`ScriptedCluster::on`] takes a [`Match`] by node, opcode, text and body, and an [`Action`]: any error
//! with its fields, a delay, silence, half an answer, a closed or reset connection, rows, or what a
//! function decides. Whole nodes are frozen, refuse connections or lose them by orders to a [`Node`].
//!
//! # What it keeps
//!
//! [`ScriptedCluster::ledger`] has every frame with its statements, values and parameters, and how often
//! a statement was executed for each partition key.
//!
//! # Where it runs
//!
//! All nodes of a cluster run on one thread of their own. They listen on `127.x.y.1`, `127.x.y.2` and so
//! on, in a block of addresses that no other cluster has, so that clusters run side by side. Linux answers
//! on all of them; elsewhere each needs an alias on the loopback interface. Tests can pause the clock of
//! their own runtime, but not that of the server.

mod action;
mod address;
mod answer;
mod builder;
mod call;
mod change;
mod cluster;
mod connection;
mod cql;
mod dispatch;
mod error;
mod error_frames;
mod evaluate;
mod events;
mod execute;
mod frame;
mod ledger;
mod markers;
mod matching;
mod metadata;
mod node;
mod opcode;
mod perform;
mod plan;
mod prepared;
mod records;
mod request;
mod rows;
mod rules;
mod schema;
mod server;
mod shared;
mod store;
mod topology;
mod types;
mod value;
mod wire;

pub use action::{Action, Change, Decide};
pub use builder::Builder;
pub use cluster::ScriptedCluster;
pub use error::Error;
pub use error_frames::ErrorFrame;
pub use events::{Event, SchemaChange};
pub use frame::{Answered, BoundValue, Executed, Frame};
pub use ledger::Recording;
pub use matching::Match;
pub use node::Node;
pub use opcode::{BatchType, Consistency, Opcode};
pub use records::Records;
pub use request::Request;
pub use rows::Rows;
pub use rules::{Rule, RuleBuilder};
pub use schema::{ColumnKind, Table};
pub use shared::{Logins, Open};
pub use types::Type;
pub use value::Value;

//! Idempotence: what is sent again, what an error says about the data, and what to do then.
//!
//! # The one rule
//!
//! When an attempt fails, there are three possibilities: it was not applied, it was, or **nobody can know**. A coordinator that
//! does not answer may have written to all replicas or to none, and may still do so. So a statement is sent again only if
//!
//! * it was certainly not applied, or
//! * applying it twice leaves what applying it once leaves: it is *idempotent*.
//!
//! # What counts as idempotent
//!
//! | statement | unmarked | `.idempotent(true)` | with [`infer_idempotence`](crate::ClusterBuilder::infer_idempotence) |
//! |---|---|---|---|
//! | `SELECT` | yes | yes | yes |
//! | `INSERT` and `UPDATE` of values, `DELETE` | no | yes | yes, where the text leaves no doubt |
//! | `SET list = list + […]`, `now()`, `uuid()`, `INSERT JSON` | no | as you say | no |
//! | `SET counter = counter + 1` | no | **no** | no |
//! | with `IF` (conditional) | no | **no** | no |
//! | DDL, `TRUNCATE` | no | as you say | no |
//! | batch | no, whatever its members are marked | yes, without counters and `IF` | if all members are, by their mark or their text |
//!
//! The full list of what is read from a text stands at [`cql::idempotence`](crate::cql::idempotence). Start with `infer_idempotence(true)` if most of your writes are plain
//! ones: an unmarked insert that is not retried is the commonest reason for an error that need not have been one.
//!
//! ```
//! use tower_cassandra::{ClusterBuilder, Query, Statement};
//!
//! // For all statements of a session, by their text:
//! let builder = ClusterBuilder::new().infer_idempotence(true);
//! // for one definition:
//! const RENAME: Query<(String, i32)> = Query::new("UPDATE shop.users SET name = ? WHERE id = ?").idempotent(true);
//! // for one statement:
//! let touch = Statement::new("UPDATE shop.users SET seen = true WHERE id = 1").idempotent(true);
//! # let _ = (builder, RENAME, touch);
//! ```
//!
//! A write that is sent again carries the same timestamp as the first time, so it can never hide a newer write of somebody else.
//!
//! # What happens after a failure
//!
//! | failure | applied | a SELECT, or idempotent | anything else |
//! |---|---|---|---|
//! | no connection, not sent; node still joining | no | next node | next node |
//! | `Unavailable`: too few replicas | no (conditional, unlogged batch, counter batch: maybe) | next node, then after a pause | the same (those three: error) |
//! | connection broke, attempt limit passed | maybe | next node | **error** |
//! | `Overloaded`, `ServerError` | maybe | next node, after a pause | **error** |
//! | `WriteTimeout` | maybe (logged batch: yes, later) | next node, or the same one once; error where views or change data capture were too slow ([`retry_views`](crate::ClusterBuilder::retry_views)) | **error** |
//! | `WriteFailure` | maybe | error | error |
//! | `ReadTimeout` with answers but without the data | nothing to apply | same node, once | |
//! | other `ReadTimeout`, `ReadFailure` | nothing to apply | error ([`read_timeouts`](crate::ClusterBuilder::read_timeouts) changes it: `Original` for the first, `Elsewhere` for both) | |
//! | syntax, unknown table, permission | no | error | error |
//! | our limit: queue full, call limit passed before it was sent | no | error | error |
//!
//! DDL and `TRUNCATE` without a mark are sent once, whatever the error. A read at `SERIAL` or `LOCAL_SERIAL` takes part in Paxos: it counts as neither a SELECT nor idempotent.
//!
//! All of it is bounded: three retries, a budget, and the call limit. What this leaves open (such as whether your cluster writes before it says `Overloaded`) is decided by
//! [options](crate::ClusterBuilder::resend_overloaded) or by a [function of yours](crate::CqlClassifier::judged_by).
//!
//! # When the error says `Maybe`
//!
//! ```
//! use tower_cassandra::test_util::error;
//! use tower_cassandra::{Applied, Error, ErrorKind};
//!
//! fn answer(error: &Error) -> &'static str {
//!     match error.applied() {
//!         // Tell the caller that it failed; the caller may try again.
//!         Applied::No => "failed",
//!         // It is written, or stored so that it will be.
//!         Applied::Yes => "done, not yet visible everywhere",
//!         // Not "failed": whoever tries again must do so in a way that bears a repetition.
//!         Applied::Maybe => "unknown",
//!     }
//! }
//! assert_eq!(answer(&error(ErrorKind::WriteTimeout)), "unknown");
//! assert_eq!(answer(&error(ErrorKind::Syntax)), "failed");
//! ```
//!
//! | statement | how to find out |
//! |---|---|
//! | plain write | send it again with the same values and [timestamp](crate::Statement::timestamp): harmless |
//! | conditional | read the row at `SERIAL` or `LOCAL_SERIAL`, which ends an open round first; put something of yours into the row (an id of the request), to know your own write |
//! | counter | not at all: others count too. Where it matters, keep rows with ids instead of counters |
//! | list append | read it, or write elements with keys of their own: a map, a set |
//!
//! `cassandra_requests_ambiguous_total` counts them; an alert for it is in `examples/monitoring`.

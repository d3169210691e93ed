//! Spans: one for each request, inside of it one for each attempt, and one for each page where there are several.
//!
//! They are made with `tracing` under the target `tower_cassandra::trace`, and their fields are named by OpenTelemetry's conventions for databases (v1.44), so that `tracing-opentelemetry`
//! turns them into what a tracing backend knows how to show. The span that is current when a request begins is its parent.
//!
//! | span | level | what |
//! |---|---|---|
//! | request | `INFO` | one [`execute`](crate::Session::execute), stream or PREPARE, from its beginning to its end, with all waiting |
//! | page | `DEBUG` | one page of a stream or scan, and each page after the first of an `execute` |
//! | attempt | `DEBUG` | one attempt on one node. One that nobody waited for to the end has the `error.type` `unanswered` |
//!
//! | field | on | value |
//! |---|---|---|
//! | `otel.name`, `otel.kind`, `otel.status_code` | all | the summary, `page` or `attempt`; `client` or `internal`; `ERROR` after a failure |
//! | `db.system.name` | all | `cassandra` |
//! | `db.operation.name` | request | `SELECT`, `INSERT`, `UPDATE`, `DELETE`, `PREPARE`, …; of a batch `BATCH INSERT` and the like where all members do the same, else `BATCH`. A batch of one member is not called one |
//! | `db.operation.batch.size` | request | members of a batch |
//! | `db.namespace`, `db.collection.name` | request | keyspace and table, where they are known; of a batch where all members have the same |
//! | `db.query.summary` | request | operation and table |
//! | `db.query.text` | request | the statement with `?` for every value and literal, if [asked for](crate::ClusterBuilder::trace_query_text) |
//! | `cassandra.consistency.level`, `.page.size`, `.query.idempotent` | request | as they are sent |
//! | `cassandra.coordinator.id`, `.coordinator.dc` | request, attempt | the node that answered, or was asked |
//! | `server.address`, `server.port` | request, attempt | its address |
//! | `cassandra.speculative_execution.count` | request | second attempts beside slow ones, of a request that succeeded |
//! | `error.type` | all | the label of the error; `cancelled` for a request whose caller stopped waiting, also for a stream that is dropped while it reads a page (its `otel.status_code` is not set, and of the figures below nothing is known) |
//! | `db.response.status_code` | request | the code of the server's error |
//! | `db.response.returned_rows` | request, page | rows |
//! | `attempts`, `queue_wait_ms`, `back_off_ms` | request | where the time went; see [`Timings`](crate::Timings) |
//! | `page`, `attempt` | page, attempt | their number, from 1 |
//!
//! Where nobody listens to a level, its spans are not made. A subscriber that panics is caught: its span is lost, the request is not.
//!
//! # Secrets
//!
//! No field holds a value or a literal. The driver has spans of its own, under the target `scylla`, and at the level `TRACE` they show partition keys: keep that target above
//! `TRACE`, with a filter such as `info,tower_cassandra=debug`.

mod attempt;
mod fields;
#[cfg(test)]
#[allow(dead_code, reason = "each of the tests that share it uses a part")]
pub(crate) mod heard;
#[cfg(test)]
mod tests;

pub(crate) use attempt::{AttemptSpan, span as attempt};
pub(crate) use fields::{Open, Session as SessionFields, end, page, request};

pub(crate) const TARGET: &str = "tower_cassandra::trace";

//! Questions that users of Cassandra drivers ask, as their trackers show.
//!
//! # Retries and writes
//!
//! **Why was my insert not retried?** It was not marked, and it may have been applied. [`infer_idempotence`](crate::ClusterBuilder::infer_idempotence) reads it
//! from the text; [Idempotence](super::idempotence) has the table.
//!
//! **Is there a pause before a retry?** Yes, 10 ms growing to 1 s, random, unless another node can be asked at once. [`RetryPolicy`](crate::RetryPolicy) changes it.
//!
//! **Can retries make an outage worse?** Not beyond a fifth more load: that is the [budget](crate::layers::retry), one for the session, second attempts included.
//!
//! **How many attempts did it take, and where?** [`Response::timings`](crate::Response::timings), [`Error::attempts`](crate::Error::attempts), and the spans.
//!
//! **May I retry around `execute` myself?** Ask [`Error::may_retry`](crate::Error::may_retry): after retries that have ended it says no.
//!
//! **Are conditional writes retried?** Only if they were certainly not applied. [`Response::was_applied`](crate::Response::was_applied) has the verdict.
//!
//! # Nodes
//!
//! **One node is slow, and everything is slow. Why?** Here it should not be: [a frozen node](super::frozen_node) is passed over within
//! milliseconds, a slow one gets less. [`Session::health`](crate::Session::health) says what is thought of each node and why.
//!
//! **A node is down and I hear nothing of it.** [`Monitor::updates`](crate::monitor::Monitor::updates) is a stream of changes with reasons;
//! `cassandra_node_state` is the metric.
//!
//! **When is my service ready?** [`Session::check_ready`](crate::Session::check_ready), in the handler of the readiness probe. It asks nobody, so it is cheap.
//!
//! **Must all contact points be up?** One is enough. The rest of the cluster is found through it; names are resolved anew when all known nodes are gone.
//!
//! **"No connection", and nothing else?** [`Error::attempts`](crate::Error::attempts) has the reason of each node: refused, reset, TLS, login.
//!
//! **Does it go to another data centre by itself?** Never, unless [`permit_dc_failover`](crate::ClusterBuilder::permit_dc_failover) says so, and then not for
//! `LOCAL_…` consistency. Which one is nearby: that of the first contact point that answered, or [`prefer_datacenter`](crate::ClusterBuilder::prefer_datacenter).
//!
//! **Containers, NAT, port forwarding?** [`address_translator`](crate::ClusterBuilder::address_translator), or `address_translation` in a configuration file.
//!
//! # Load
//!
//! **How do I limit concurrency?** [`concurrency_limit`](crate::ClusterBuilder::concurrency_limit); [the arithmetic](super::limits). It refuses with
//! [`Rejected`](crate::ErrorKind::Rejected) when its queue is full, which a web service answers with 503.
//!
//! **Too many requests on one connection?** At 16,384 a node counts as full, half of what a connection can carry; what is refused then was not sent.
//!
//! **Can the client be made cheaper without changing code?** Build the release with `lto = "fat"` and `codegen-units = 1`. It costs minutes of building; a read by the bare
//! driver with 256 callers took 3.5 µs of processor instead of 4.1 (`compare` built both ways, medians of three, 2 cores), and the layers gain as well.
//!
//! **Does a cancelled request still cost the server?** Yes, the protocol cannot cancel. It counts against its node until the node answers, for 30 s at most.
//!
//! # Prepared statements
//!
//! **Do I have to keep `Prepared` somewhere?** It saves a lookup. [`Session::query`](crate::Session::query) finds it in the cache by the text, and concurrent callers share one PREPARE.
//!
//! **After `ALTER TABLE`?** Handles are healed for all who hold them. A text whose table was made anew with other types is prepared anew.
//!
//! **How large is the cache?** 1,000 texts, the least used ones go: [`prepared_cache`](crate::ClusterBuilder::prepared_cache). Texts with values in them fill it: use markers.
//!
//! # Rows
//!
//! **Null in a column?** `Option`. **Columns that I do not know?** [`Row`](crate::Row). **Without copying?** `rows::<(&str, &[u8])>()` borrows from the response.
//!
//! **Why is my error `Decode` and not `None`?** Types are checked against the columns before the first row: [`types`](crate::types).
//!
//! # Observing
//!
//! **OpenTelemetry?** Spans have the fields of its database conventions; `tracing-opentelemetry` exports them. [The page](super::observing).
//!
//! **No metrics arrive.** Install the recorder before `connect`, or give [`Exporter::metrics`](crate::prometheus::Exporter::metrics) to the builder. Two versions of the crate `metrics` in one program
//! do not see each other: `cargo tree -d`.
//!
//! **Are values logged anywhere?** No: neither values nor literals, passwords or paging states.
//!
//! # This crate
//!
//! **Does it work with ScyllaDB?** The driver does; the two together have not been tried. The tests here run on Apache Cassandra 5.0 and, with `CASSANDRA_VERSION=4.1`, on 4.1.
//!
//! **Can I use the driver directly?** [`Session::driver`](crate::Session::driver). What goes through it passes no layer.
//!
//! **What does a call cost beside the driver?** The layers allocate nothing (but for a second attempt, where there is one); one box above them, one at the leaf. `cargo bench -p tower-cassandra-layers --bench overhead` counts it.
//!
//! **Only a layer, without Cassandra?** All of them are in `tower-cassandra-layers`, which knows no CQL: [`layers`](crate::layers).

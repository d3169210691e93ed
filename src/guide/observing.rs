//! What goes on in a service in production: metrics, traces, single requests, states of nodes, and which of them answers which question.
//!
//! # From question to answer
//!
//! | question | look at |
//! |---|---|
//! | How do callers fare? | `cassandra_query_duration_seconds`, `cassandra_errors_total` ([metrics](crate::layers::metrics)) |
//! | Which node is the trouble? | `cassandra_node_state`, `cassandra_attempt_duration_seconds` by `host`; [`Session::health`](crate::Session::health) says why one is left out |
//! | Which statement? | `cassandra_statement_duration_seconds` by [`Statement::label`](crate::Statement::label); the top list of [`MemoryCollector`](crate::observe::MemoryCollector); the [`SlowLog`](crate::observe::SlowLog) |
//! | Which layer: queue, pause, attempt? | [`Response::timings`](crate::Response::timings) and [`Error::timings`](crate::Error::timings) of one request; `cassandra_queue_wait_seconds` and `cassandra_retries_total` of all |
//! | What happened in this one request? | its [span](crate::trace) with one for each attempt and page |
//! | May failed writes have been applied? | `cassandra_requests_ambiguous_total`; [`Error::applied`](crate::Error::applied) of one |
//! | Is the client at its limits? | `cassandra_limit_in_flight`, `_max`, `_queued`, `cassandra_rejected_total`, `cassandra_retry_budget_left` |
//!
//! Without any of them at hand: the live status page (`status_page::StatusPage`, feature `status-page`) shows nodes with their reasons, limits, budgets and slow requests in the browser.
//! A dashboard for Grafana and rules for Prometheus with their tests are in `examples/monitoring`; `cargo run --release --example observability` shows all of it with a
//! node that is frozen under load.
//!
//! # All of it at once
//!
//! ```no_run
//! # #[cfg(feature = "prometheus")]
//! # async fn example() -> Result<(), tower_cassandra::Error> {
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use tower_cassandra::observe::{MemoryCollector, SlowLog};
//! use tower_cassandra::prometheus::Exporter;
//! use tower_cassandra::{ClusterBuilder, Statement};
//! use tracing::level_filters::LevelFilter;
//! use tracing_subscriber::filter::Targets;
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! // The driver's own spans show partition keys at the level TRACE: keep its target above.
//! let targets = Targets::new()
//!     .with_default(LevelFilter::INFO)
//!     .with_target("tower_cassandra", LevelFilter::DEBUG);
//! // To this add a layer that writes or exports: of `tracing_subscriber::fmt`, or of `tracing_opentelemetry`.
//! let subscriber = tracing_subscriber::registry().with(targets);
//! # let _ = subscriber;
//!
//! let exporter = Exporter::new();
//! let memory = Arc::new(MemoryCollector::new());
//! let session = ClusterBuilder::new()
//!     .metrics(exporter.metrics())
//!     .collector(memory.clone())
//!     .slow_log(SlowLog::above(Duration::from_millis(500)))
//!     .connect()
//!     .await?;
//!
//! let statement = Statement::new("SELECT release_version FROM system.local").label("version");
//! let response = session.execute(statement).await?;
//! println!("{}", response.timings());
//! println!("{}", memory.statistics());
//! // The answer to a scrape; `exporter.service()` is the same as a service for a route.
//! println!("{}", exporter.render());
//! # Ok(())
//! # }
//! ```
//!
//! # Metrics
//!
//! They are on by default, on the global recorder of the `metrics` crate, whose handles are resolved at [`connect`](crate::ClusterBuilder::connect): **install a recorder first**, or give
//! one. [`Exporter`](crate::prometheus::Exporter) is one that installs nothing. All names are listed in [`layers::metrics`](crate::layers::metrics); labels never hold the text of a
//! statement, and every label has a bound, beyond which it says `other`. Two sessions on one recorder need different
//! [`client`](crate::layers::metrics::MetricsBuilder::client) labels. Every second the session refreshes gauges, and every 5 s it does the exporter's upkeep; gauges of a node that has left go to 0, and
//! our exporter drops its series after 10 minutes.
//!
//! [`operation_durations`](crate::layers::metrics::MetricsBuilder::operation_durations) adds `db.client.operation.duration`, as OpenTelemetry's conventions name it, with the buckets that they advise;
//! our exporter renders it as `db_client_operation_duration_seconds`, as OpenTelemetry's do.
//!
//! # Traces
//!
//! The fields are listed in [`trace`](crate::trace). The current span of the caller is the parent, so a trace that came over the network goes on into the attempts: give the span of
//! your handler its parent as the bridge to your tracing backend documents it. `cargo test -p opentelemetry-tests` shows that with the SDK of OpenTelemetry. The text of statements is shown
//! [on request](crate::ClusterBuilder::trace_query_text) only, with `?` for every value and literal.
//!
//! # What it costs
//!
//! | | a request costs |
//! |---|---|
//! | spans nobody listens to | some 50 instructions each |
//! | metrics | some hundred instructions, most of them the recorder's and for the clock; no allocation |
//! | metrics switched off ([`Metrics::set_enabled`](crate::Metrics::set_enabled)) | some 90 instructions |
//! | timings | nothing until they are asked for |
//! | collectors, slow log | nothing without any; else a few allocations, two looks at the clock, and for a text its fingerprint |
//!
//! # Secrets
//!
//! Values, literals, passwords and paging states are in none of it, and neither in errors nor in `Debug`; a test looks for each of them everywhere. What *is* shown: names of keyspaces and
//! tables, fingerprints, addresses of nodes, your labels. The message of a server's error may quote a part of the statement, so it is only in what you ask the
//! error for; and, with the literals of the statement left out, in the log line of an error that becomes a 500 or `INTERNAL` (features `axum` and `tonic`, field `server`).
//! What the driver or a node said when a connection or a probe failed is in [`HostHealth::error`](crate::HostHealth::error),
//! [`NodeHealth::last_error`](crate::NodeHealth::last_error), the changes of nodes and on the status page: those are for operators. Spans of the driver (target `scylla`) show partition keys at the level `TRACE`.
//!
//! # What cannot go wrong
//!
//! A recorder, a subscriber or a collector that panics is caught; what it was told is lost, the request is not. A collector of your own runs in a thread of its own behind a bounded
//! queue: a slow one loses records, which are counted. The slow log writes no more than a number of events a second, and says how many it left out.

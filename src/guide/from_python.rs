//! Coming from the Python library `async-cassandra`: each of its names, and what it is here.
//!
//! The idea is the same: retries that respect idempotence, limits, metrics, health and streams around an existing driver. The differences that matter:
//!
//! * Nothing has to be closed to be safe. Dropping a future, a response or a stream gives everything back; `close` is for a graceful end.
//! * Statements are values. Options are set on a copy and never change what others hold.
//! * A write that may have been applied is never sent twice unless it is idempotent, whatever the error. There, any connection error repeated it.
//! * One error type with kinds instead of a family of classes, and it says whether the statement was [applied](crate::Error::applied).
//! * The driver speaks version 4 of the protocol, not 5: what needs 5 does not exist here.
//! * The default consistency is `LOCAL_QUORUM`, not `LOCAL_ONE`; see [`default_consistency`](crate::ClusterBuilder::default_consistency).
//!
//! ```no_run
//! use std::time::Duration;
//! use tower_cassandra::{ClusterBuilder, Error, ErrorKind};
//!
//! # async fn example(user_id: tower_cassandra::uuid::Uuid) -> Result<(), Error> {
//! // AsyncCluster(["db1"], auth_provider=…), then connect("shop")
//! let session = ClusterBuilder::new()
//!     .contact_points(["db1"])
//!     .credentials("ada", "secret")
//!     .keyspace("shop")
//!     .connect()
//!     .await?;
//!
//! // prepared = await session.prepare(…); result = await session.execute(prepared, [user_id]); user = result.one()
//! let by_id = session.prepare("SELECT name, email FROM users WHERE id = ?").await?;
//! let result = session.execute(by_id.bind((user_id,))?).await?;
//! let user: Option<(String, Option<String>)> = result.one()?;
//!
//! // except Unavailable as e: e.required_replicas
//! match session.query("UPDATE users SET name = ? WHERE id = ?", ("Ada", user_id)).await {
//!     Err(error) if error.kind() == ErrorKind::Unavailable => println!("{:?} needed", error.required()),
//!     other => drop(other?),
//! }
//!
//! // async for row in await session.execute_stream(…)
//! let mut names = session.stream::<(String,)>("SELECT name FROM users");
//! while let Some(row) = names.next().await {
//!     let (name,) = row?;
//!     println!("{name}");
//! }
//!
//! // await session.close(); await cluster.shutdown()
//! session.close(Duration::from_secs(30)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # `AsyncCluster`
//!
//! | there | here |
//! |---|---|
//! | `AsyncCluster(contact_points, port)` | [`ClusterBuilder::contact_points`](crate::ClusterBuilder::contact_points), [`port`](crate::ClusterBuilder::port); an empty list is an error |
//! | `auth_provider`, `create_with_auth` | [`credentials`](crate::ClusterBuilder::credentials), [`authenticator`](crate::ClusterBuilder::authenticator), [`credentials_provider`](crate::ClusterBuilder::credentials_provider); [`ClusterBuilder::with_auth`](crate::ClusterBuilder::with_auth) |
//! | `load_balancing_policy` | built in: token-aware and by health. [`prefer_datacenter`](crate::ClusterBuilder::prefer_datacenter), [`permit_dc_failover`](crate::ClusterBuilder::permit_dc_failover), or [`driver_load_balancing`](crate::ClusterBuilder::driver_load_balancing) |
//! | `reconnection_policy` | not configurable: the driver reconnects by itself, 50 ms to 10 s apart |
//! | `retry_policy` | [`retry`](crate::ClusterBuilder::retry), [`no_retry`](crate::ClusterBuilder::no_retry) |
//! | `ssl_context` | `ClusterBuilder::tls`, with the features `rustls` or `openssl` |
//! | `protocol_version` (5 or more) | the driver speaks 4. [`min_protocol_version`](crate::ClusterBuilder::min_protocol_version) makes `connect` fail where that is not enough |
//! | `executor_threads` | none: there is no thread pool, calls run on the runtime. More connections: [`pool_size`](crate::ClusterBuilder::pool_size) |
//! | `max_schema_agreement_wait` | [`schema_agreement_timeout`](crate::ClusterBuilder::schema_agreement_timeout) |
//! | `control_connection_timeout` | [`metadata_timeout`](crate::ClusterBuilder::metadata_timeout), [`tcp_connect_timeout`](crate::ClusterBuilder::tcp_connect_timeout) |
//! | `idle_heartbeat_interval` | [`keepalive`](crate::ClusterBuilder::keepalive) |
//! | `schema_event_refresh_window`, `topology_event_refresh_window`, `status_event_refresh_window` | cannot exist: the driver has no such windows. [`metadata_refresh_interval`](crate::ClusterBuilder::metadata_refresh_interval), [`Session::refresh_metadata`](crate::Session::refresh_metadata) |
//! | further keywords to the driver | [`configure`](crate::ClusterBuilder::configure) |
//! | `connect(keyspace, timeout)` | [`Cluster::connect`](crate::Cluster::connect), [`ClusterBuilder::connect`](crate::ClusterBuilder::connect); [`connect_timeout`](crate::ClusterBuilder::connect_timeout) is one limit for all attempts. Wrong credentials are tried once |
//! | `shutdown()`, `is_closed` | [`Cluster::close`](crate::Cluster::close), [`Cluster::is_closed`](crate::Cluster::is_closed) |
//! | `metadata` | [`Session::cluster_state`](crate::Session::cluster_state) |
//! | `register_user_type` | not needed: a struct with `#[derive(SerializeValue, DeserializeValue)]`, see [`types`](crate::types) |
//! | `async with` | scopes end by dropping; [`Cluster::with_session`](crate::Cluster::with_session) also closes |
//!
//! # `AsyncCassandraSession`
//!
//! | there | here |
//! |---|---|
//! | `execute(text)` | [`Session::execute`](crate::Session::execute) |
//! | `execute(prepared, parameters)` | [`Prepared::bind`](crate::Prepared::bind), then `execute`; or [`Session::query`](crate::Session::query), which prepares once by itself. Named parameters: a struct with `#[derive(SerializeRow)]` or a map |
//! | `%s` in the text | cannot exist: nothing is pasted into text |
//! | `trace` | [`Statement::tracing`](crate::Statement::tracing), [`Session::trace`](crate::Session::trace) |
//! | `custom_payload`, `execute_as` | cannot exist: the driver does not send them |
//! | `timeout` | [`Statement::timeout`](crate::Statement::timeout) for one call, [`attempt_timeout`](crate::Statement::attempt_timeout) for one attempt, [`deadline`](crate::Statement::deadline) for all pages |
//! | `execution_profile` | [`ClusterBuilder::profile`](crate::ClusterBuilder::profile), [`Statement::profile`](crate::Statement::profile) |
//! | `paging_state` | [`Statement::paging_state`](crate::Statement::paging_state); [`Session::execute_page`](crate::Session::execute_page) gives one page and the state of the next |
//! | `host` | [`Statement::on_host`](crate::Statement::on_host) |
//! | `execute_batch(BatchStatement)` | [`Batch::logged`](crate::Batch::logged), [`unlogged`](crate::Batch::unlogged), [`counter`](crate::Batch::counter), then `execute` |
//! | `execute_stream` | [`Session::stream`](crate::Session::stream), [`stream_with`](crate::Session::stream_with) |
//! | `prepare(text, timeout)` | [`Session::prepare`](crate::Session::prepare): remembered, and shared by concurrent callers; [`prepare_timeout`](crate::ClusterBuilder::prepare_timeout) |
//! | `set_keyspace`, `keyspace` | [`Session::set_keyspace`](crate::Session::set_keyspace), [`Session::keyspace`](crate::Session::keyspace); `USE` as a statement is refused |
//! | `close`, `is_closed` | [`Session::close`](crate::Session::close) with a limit and without a fixed pause, [`Session::is_closed`](crate::Session::is_closed) |
//!
//! # `AsyncResultSet`
//!
//! | there | here |
//! |---|---|
//! | `one()` | [`Response::one`](crate::Response::one) |
//! | `all()`, `rows` | [`Response::rows`](crate::Response::rows) |
//! | `async for row in result` | [`Response::iter`](crate::Response::iter); every iteration has its own position |
//! | `len(result)` | [`Response::len`](crate::Response::len) |
//! | `row.name`, `row["name"]` | typed rows: tuples, or structs with `#[derive(DeserializeRow)]`; dynamic: [`Row::get`](crate::Row::get) |
//! | `[applied]` | [`Response::was_applied`](crate::Response::was_applied), [`Response::current_row`](crate::Response::current_row) |
//!
//! # `StreamConfig`, `AsyncStreamingResultSet`
//!
//! | there | here |
//! |---|---|
//! | `fetch_size`, `max_pages` | [`StreamOptions::page_size`](crate::StreamOptions::page_size), [`max_pages`](crate::StreamOptions::max_pages) |
//! | `page_callback` | [`StreamOptions::on_page`](crate::StreamOptions::on_page): outside of any lock, a panic of it is caught |
//! | `timeout_seconds` | [`StreamOptions::page_timeout`](crate::StreamOptions::page_timeout) for each page, [`deadline`](crate::StreamOptions::deadline) for the whole |
//! | `async for row` | `while let Some(row) = stream.next().await` |
//! | `pages()` | [`Session::pages`](crate::Session::pages) |
//! | `page_number`, `total_rows_fetched` | [`StreamHandle::pages`](crate::StreamHandle::pages), [`StreamHandle::rows`](crate::StreamHandle::rows) |
//! | `cancel()` | [`StreamHandle::cancel`](crate::StreamHandle::cancel), which also wakes who waits; or drop the stream |
//! | `close()`, `async with` | not needed; [`RowStream::close`](crate::RowStream::close) exists |
//! | `create_streaming_statement` | [`Statement::streaming`](crate::Statement::streaming) |
//!
//! # `AsyncRetryPolicy`
//!
//! | there | here |
//! |---|---|
//! | `AsyncRetryPolicy(max_retries)` | [`RetryPolicy::max_retries`](crate::RetryPolicy::max_retries), with [back-off](crate::RetryPolicy::backoff) and a [budget](crate::RetryPolicy::budget) |
//! | `on_read_timeout`, `on_write_timeout`, `on_unavailable`, `on_request_error` | one classification ([`CqlClassifier`](crate::CqlClassifier)) decides for retry, metrics and health alike; pauses and budget can be your own types, and [`judged_by`](crate::CqlClassifier::judged_by) gives a function of yours the last word. [`ReadTimeoutRule::Original`](crate::ReadTimeoutRule) is the rule for reads there |
//! | `is_idempotent` | [`Statement::idempotent`](crate::Statement::idempotent), [`Batch::idempotent`](crate::Batch::idempotent). `INSERT … IF NOT EXISTS` is *not* idempotent here: the second time it says "not applied". [`infer_idempotence`](crate::ClusterBuilder::infer_idempotence) reads it from the text |
//!
//! # Exceptions
//!
//! | there | here: [`ErrorKind`](crate::ErrorKind) |
//! |---|---|
//! | `AsyncCassandraError`, `.cause` | [`Error`](crate::Error), its `source()` |
//! | `ConnectionError` | `Connect`; after `close`: `Closed` |
//! | `QueryError` | `Internal`; values that do not fit: `Serialization`; rows that do not: `Decode` |
//! | `TimeoutError`, `OperationTimedOut` | `Timeout`; [`Error::timeout`](crate::Error::timeout) says which limit |
//! | `AuthenticationError`, `AuthenticationFailed` | `Authentication` |
//! | `ConfigurationError` | `Config`, `ProtocolVersion` |
//! | `NoHostAvailable` | `NoHost`, only if nothing was sent anywhere; else the last answer. [`Error::attempts`](crate::Error::attempts) has one error for each attempt |
//! | `InvalidRequest`, `SyntaxException`, `Unauthorized`, `AlreadyExists` | `Invalid`, `Syntax`, `Unauthorized`, `AlreadyExists` |
//! | `Unavailable`, `ReadTimeout`, `WriteTimeout`, `ReadFailure`, `WriteFailure` | the same names; the numbers by [`received`](crate::Error::received), [`required`](crate::Error::required), [`alive`](crate::Error::alive), [`failures`](crate::Error::failures) |
//! | `FunctionFailure`, `TruncateError`, `OverloadedErrorMessage`, `IsBootstrappingErrorMessage`, `ServerError`, `ProtocolException` | `FunctionFailure`, `Truncate`, `Overloaded`, `Bootstrapping`, `ServerError`, `Protocol` |
//! | `CDCWriteFailure` | `Other(0x1600)` |
//! | `ConnectionBusy`, `ConnectionShutdown`, `NoConnectionsAvailable` | `Connection` |
//! | `CoordinationFailure` | cannot come: no server of version 4 of the protocol sends it |
//! | `UnsupportedOperation` | `Unsupported` |
//! | `PreparedQueryNotFound` | repaired by itself; `Prepare` if that fails |
//!
//! # Metrics, monitoring, limits
//!
//! | there | here |
//! |---|---|
//! | `MetricsMiddleware`, `create_metrics_system` | on by default, on the `metrics` crate: [`ClusterBuilder::metrics`](crate::ClusterBuilder::metrics), [`no_metrics`](crate::ClusterBuilder::no_metrics) |
//! | `MetricsCollector`, `record_query`, `record_connection_health`, `enable`, `disable` | [`observe::Collector`](crate::observe::Collector), given to [`ClusterBuilder::collector`](crate::ClusterBuilder::collector); one that fails or panics harms nobody else. [`Session::collectors`](crate::Session::collectors) has the switch |
//! | `PrometheusMetricsCollector` | [`prometheus::Exporter`](crate::prometheus), without a global recorder |
//! | `InMemoryMetricsCollector`, `get_stats` | [`observe::MemoryCollector`](crate::observe::MemoryCollector), with a report |
//! | `QueryMetrics.query_hash` | [`Statement::fingerprint`](crate::Statement::fingerprint), [`Error::statement_fingerprint`](crate::Error::statement_fingerprint): readable text and a hash |
//! | `ConnectionMonitor`, its callbacks | [`Session::monitor`](crate::Session::monitor) with [`on_update`](crate::monitor::Monitor::on_update), [`on_update_async`](crate::monitor::Monitor::on_update_async); [`updates`](crate::monitor::Monitor::updates) for those who would rather read |
//! | `get_cluster_metrics` | [`check_cluster`](crate::monitor::Monitor::check_cluster): all nodes at once, within the limit of one probe; application counters in [`ClusterHealth::requests`](crate::monitor::ClusterHealth::requests). [`Session::health`](crate::Session::health) asks nobody |
//! | `check_host_health(host)` | [`check_host`](crate::monitor::Monitor::check_host): sent to that very host |
//! | `get_connection_summary` | [`connection_summary`](crate::monitor::Monitor::connection_summary) |
//! | `start_monitoring`, `stop_monitoring` | [`start`](crate::monitor::Monitor::start), which gives a handle, and [`stop`](crate::monitor::Monitoring::stop) of that; the session's own [probing](crate::ClusterBuilder::health) goes on without |
//! | `warmup_connections` | [`warm_up`](crate::monitor::Monitor::warm_up), with a report; the driver connects to all nodes before `connect` returns |
//! | `RateLimitedSession(max_concurrent)` | [`concurrency_limit`](crate::ClusterBuilder::concurrency_limit) with a bounded queue; also [`rate_limit`](crate::ClusterBuilder::rate_limit) |
//! | `create_monitored_session` | [`ClusterBuilder::monitored`](crate::ClusterBuilder::monitored) |
//!
//! # Writing a middleware
//!
//! There a wrapper around the session, here a [`tower::Layer`](https://docs.rs/tower-layer): see [Your own layer](crate::guide::own_layer).

//! Coming from the bare `scylla` driver: each of its names, and what it is here.
//!
//! The driver stays where it is, underneath: [`Session::driver`](crate::Session::driver) hands it over, and its types of values and rows are used as they are
//! ([`scylla`]). What is above it is yours to change.
//!
//! ```no_run
//! use tower_cassandra::{ClusterBuilder, Error};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // SessionBuilder::new().known_node("db1:9042").use_keyspace("shop", false).build().await?
//! let session = ClusterBuilder::new().contact_points(["db1"]).keyspace("shop").connect().await?;
//!
//! // session.prepare(…), session.execute_unpaged(&prepared, (1,))
//! let by_id = session.prepare("SELECT name FROM users WHERE id = ?").await?;
//! let response = session.execute(by_id.bind((1,))?).await?;
//!
//! // .into_rows_result()?.maybe_first_row::<(String,)>()?
//! let name = response.maybe_first_row::<(String,)>()?;
//!
//! // What only the driver can do.
//! let state = session.driver()?.get_cluster_state();
//! println!("{:?} in {}", name, state.cluster_name());
//! # Ok(())
//! # }
//! ```
//!
//! # `SessionBuilder`
//!
//! | there | here |
//! |---|---|
//! | `known_node`, `known_nodes`, `known_node_addr`, `known_nodes_addr` | [`ClusterBuilder::contact_points`](crate::ClusterBuilder::contact_points) |
//! | `user`, `authenticator_provider` | [`credentials`](crate::ClusterBuilder::credentials), [`authenticator`](crate::ClusterBuilder::authenticator) |
//! | `tls_context` | `ClusterBuilder::tls` |
//! | `use_keyspace` | [`keyspace`](crate::ClusterBuilder::keyspace), [`keyspace_case_sensitive`](crate::ClusterBuilder::keyspace_case_sensitive) |
//! | `compression`, `address_translator`, `host_filter` | [`compression`](crate::ClusterBuilder::compression), [`address_translator`](crate::ClusterBuilder::address_translator), [`host_filter`](crate::ClusterBuilder::host_filter) |
//! | `prefer_datacenter` | [`prefer_datacenter`](crate::ClusterBuilder::prefer_datacenter) |
//! | `pool_size`, `connection_timeout` | [`pool_size`](crate::ClusterBuilder::pool_size), [`tcp_connect_timeout`](crate::ClusterBuilder::tcp_connect_timeout) |
//! | `keepalive_interval`, `keepalive_timeout` | [`keepalive`](crate::ClusterBuilder::keepalive): 1.1 s and 5 s instead of 30 s each |
//! | `schema_agreement_timeout`, `auto_await_schema_agreement` | [`schema_agreement_timeout`](crate::ClusterBuilder::schema_agreement_timeout); the wait after DDL is a step of its own, so its failure never hides that the DDL was applied |
//! | `metadata_request_serverside_timeout`, `metadata_request_clientside_timeout` | [`metadata_timeout`](crate::ClusterBuilder::metadata_timeout) |
//! | `timestamp_generator` | stamped once per call by the session, so that retries rewrite the same cell; [`server_timestamps`](crate::ClusterBuilder::server_timestamps) |
//! | `default_execution_profile_handle` | cannot be set: its retry, speculation and timeout would multiply attempts. Its parts are options here |
//! | `cluster_metadata_refresh_interval`, `periodic_metadata_fetch_mode` | [`metadata_refresh_interval`](crate::ClusterBuilder::metadata_refresh_interval), [`full_metadata_refresh`](crate::ClusterBuilder::full_metadata_refresh) |
//! | everything else | [`configure`](crate::ClusterBuilder::configure) |
//! | `build` | [`connect`](crate::ClusterBuilder::connect): one limit for all attempts, and permanent errors end it at once |
//!
//! # `ExecutionProfile`
//!
//! | there | here |
//! |---|---|
//! | `consistency`, `serial_consistency` | [`default_consistency`](crate::ClusterBuilder::default_consistency), [`Statement::consistency`](crate::Statement::consistency) |
//! | `request_timeout` (30 s, the whole of it) | [`timeout`](crate::ClusterBuilder::timeout) for a call with its waiting and retries, [`attempt_timeout`](crate::ClusterBuilder::attempt_timeout) for one attempt. Both end in [`ErrorKind::Timeout`](crate::ErrorKind::Timeout), and what was sent still counts against its node until it answers |
//! | `retry_policy` | [`retry`](crate::ClusterBuilder::retry): with pauses, a budget and idempotence. `DefaultRetryPolicy` has no pauses |
//! | `load_balancing_policy` | the balancer: by requests in flight and health among the replicas; [`driver_load_balancing`](crate::ClusterBuilder::driver_load_balancing) leaves it to a policy of the driver |
//! | `speculative_execution_policy` | [`hedge`](crate::ClusterBuilder::hedge); off in the driver, since it would multiply attempts unseen |
//! | several profiles | [`ClusterBuilder::profile`](crate::ClusterBuilder::profile), [`Statement::profile`](crate::Statement::profile) |
//!
//! # `Session`
//!
//! | there | here |
//! |---|---|
//! | `query_unpaged`, `execute_unpaged`, `execute_bound_unpaged` | [`Session::execute`](crate::Session::execute): all pages, one after the other, bounded by [`max_rows`](crate::Statement::max_rows) and [`max_bytes`](crate::Statement::max_bytes) |
//! | `query_unpaged` with values (prepares in every call) | [`Session::query`](crate::Session::query) (prepares once) |
//! | `query_single_page`, `execute_single_page` | [`Session::execute_page`](crate::Session::execute_page) |
//! | `query_iter`, `execute_iter`, `QueryPager` | [`Session::stream`](crate::Session::stream), [`Session::pages`](crate::Session::pages): each page goes through the whole stack |
//! | `batch` | [`Session::batch`](crate::Session::batch) of a [`Batch`](crate::Batch); members are bound when they are added |
//! | `prepare`, `CachingSession`, `CachingSessionBuilder::max_capacity` | [`Session::prepare`](crate::Session::prepare) has the cache; [`prepared_cache`](crate::ClusterBuilder::prepared_cache) |
//! | `prepare_batch` | not needed; many texts at once: [`Session::prepare_all`](crate::Session::prepare_all) |
//! | `use_keyspace`, `get_keyspace` | [`Session::set_keyspace`](crate::Session::set_keyspace), [`Session::keyspace`](crate::Session::keyspace) |
//! | `await_schema_agreement`, `check_schema_agreement`, `refresh_metadata` | by itself after DDL; [`Session::refresh_metadata`](crate::Session::refresh_metadata) |
//! | `get_cluster_state` | [`Session::cluster_state`](crate::Session::cluster_state); how the nodes are: [`Session::health`](crate::Session::health) |
//! | `get_metrics` | through [`Session::driver`](crate::Session::driver), if its feature `metrics` is on; ours: [`ClusterBuilder::metrics`](crate::ClusterBuilder::metrics) |
//! | `get_tracing_info` | [`Session::trace`](crate::Session::trace) |
//! | dropping it | the same; [`Session::close`](crate::Session::close) waits for what runs first |
//!
//! # Statements
//!
//! | there | here |
//! |---|---|
//! | `Statement::new`, `PreparedStatement`, `BoundStatement` | [`Statement::new`](crate::Statement::new), [`Prepared`](crate::Prepared), and what [`Prepared::bind`](crate::Prepared::bind) gives is a [`Statement`](crate::Statement) too |
//! | `set_consistency(&mut self, …)` and its kind | setters that give a new value: what others hold does not change |
//! | `set_is_idempotent` | [`idempotent`](crate::Statement::idempotent). SELECT is idempotent without; [`infer_idempotence`](crate::ClusterBuilder::infer_idempotence) reads writes |
//! | `set_page_size` (panics below 1) | [`page_size`](crate::Statement::page_size): an error when it is run |
//! | `set_timestamp`, `set_tracing`, `set_request_timeout` | [`timestamp`](crate::Statement::timestamp), [`tracing`](crate::Statement::tracing), [`timeout`](crate::Statement::timeout) |
//! | `set_retry_policy`, `set_history_listener` | none per statement: a [layer](crate::guide::own_layer) of your own sees every attempt |
//! | `set_load_balancing_policy` for one node | [`on_host`](crate::Statement::on_host) |
//!
//! # Results and errors
//!
//! | there | here |
//! |---|---|
//! | `QueryResult`, `into_rows_result`, `QueryRowsResult` | [`Response`](crate::Response), with or without rows |
//! | `rows::<R>()`, `maybe_first_row`, `first_row`, `single_row` | [`iter`](crate::Response::iter) (borrows), [`rows`](crate::Response::rows), [`maybe_first_row`](crate::Response::maybe_first_row) |
//! | `rows_num`, `rows_bytes_size`, `column_specs` | [`len`](crate::Response::len), [`byte_len`](crate::Response::byte_len), [`columns`](crate::Response::columns) |
//! | `warnings`, `tracing_id`, `request_coordinator` | [`warnings`](crate::Response::warnings), [`tracing_id`](crate::Response::tracing_id), [`coordinator`](crate::Response::coordinator) |
//! | `DeserializeRow`, `SerializeRow` and the other derives | the same, with `#[scylla(crate = …)]`: see [`types`](crate::types) |
//! | `ExecutionError`, `PagerExecutionError`, `PrepareError`, `NewSessionError`, `IntoRowsResultError`, … | one [`Error`](crate::Error); the driver's is its `source()` |
//! | `DbError` and its fields | [`ErrorKind`](crate::ErrorKind) and methods: [`required`](crate::Error::required), [`write_type`](crate::Error::write_type), … |
//! | matching on variants to find out what to do | [`applied`](crate::Error::applied), [`is_transient`](crate::Error::is_transient), [`may_retry`](crate::Error::may_retry) |
//! | the node of an error (not known) | [`Error::node`](crate::Error::node), [`Error::attempts`](crate::Error::attempts) |
//!
//! # Keeping a session of the driver
//!
//! One that exists already can be the leaf of a stack composed by hand, see [`SessionService`](crate::SessionService) and the front page. Give it the profile of
//! [`leaf_profile`](crate::cluster::leaf_profile): attempts of the driver's own would multiply under a retry layer.

//! In a service made with axum or tonic: the session as state, errors, deadlines of callers, health, the end.
//!
//! Features [`axum`](crate::axum) and [`tonic`](crate::tonic). Each is thin: `axum-core` and `http`, or `tonic` without its transport, and no task of its own.
//!
//! | a service needs | it is | in |
//! |---|---|---|
//! | to start before its database | [`Cluster::connect_lazy`](crate::Cluster::connect_lazy) | both |
//! | errors that say nothing of the database, and a log that says all | `?` in a handler | both |
//! | the caller's deadline on every statement | [`RequestSession`](crate::axum::RequestSession) | both |
//! | options of callers per route, figures per request | [`RequestLayer`](crate::axum::RequestLayer), [`RequestOptions`](crate::axum::RequestOptions) | both |
//! | endpoints for an orchestrator | [`Liveness`](crate::axum::Liveness), [`Readiness`](crate::axum::Readiness) | axum |
//! | the health service of gRPC | [`Session::watch_ready`](crate::Session::watch_ready) | tonic |
//! | an end that loses no request | [`Shutdown`](crate::axum::Shutdown) | both |
//!
//! Whole applications are the packages `examples/axum-users` and `examples/tonic-users`.
//!
//! # A handler
//!
//! The session is the state of the router, or a part of it by `FromRef`. A handler takes a [`RequestSession`](crate::axum::RequestSession), and what it runs ends by the
//! deadline of its caller: header `X-Request-Timeout`, in seconds, or `grpc-timeout`.
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use tower_cassandra::axum::RequestSession;
//! use tower_cassandra::{Error, Statement};
//!
//! async fn rename(request: RequestSession, id: i32, name: String) -> Result<(), Error> {
//!     let update = Statement::with_values("UPDATE shop.users SET name = ? WHERE id = ?", (name, id));
//!     // 504, 503 with `Retry-After`, or 500; the caller reads fixed words, the log has the rest.
//!     request.execute(update.idempotent(true)).await?;
//!     Ok(())
//! }
//! # let _ = rename; }
//! ```
//!
//! # Rows as the body of a response
//!
//! A [stream](crate::stream) is held back by a client that reads slowly: what is not polled asks for no page. Read one page
//! [ahead](crate::StreamOptions::prefetch) there. A server polls a body only while its client has room; the page that is under way when it stops would
//! keep its permit until the client reads on, and a few slow clients would use up the concurrency limit. The task that reads ahead
//! finishes its page and waits without a permit; it ends with the body.
//!
//! # What callers may say
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use std::time::Duration;
//! use tower_cassandra::axum::{RequestLayer, RequestOptions};
//! use tower_cassandra::scylla::statement::Consistency;
//!
//! let options = RequestOptions::new()
//!     .default_timeout(Duration::from_secs(5))
//!     .max_timeout(Duration::from_secs(30))
//!     // Header `X-Consistency-Level`, these levels and no others.
//!     .allow_consistency([Consistency::LocalOne, Consistency::LocalQuorum]);
//! // Router::new().route(..).layer(layer), or Server::builder().layer(layer) of tonic.
//! let layer = RequestLayer::new(options).expect("the numbers make sense");
//! # let _ = layer; }
//! ```
//!
//! A header that does not parse is 400 (`INVALID_ARGUMENT`) with the header's name and what would be right.
//!
//! # From start to end
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use std::time::Duration;
//! use tower_cassandra::axum::{Readiness, Shutdown};
//! use tower_cassandra::{ClusterBuilder, Error};
//!
//! # async fn serve() -> Result<(), std::io::Error> { Ok(()) }
//! async fn run() -> Result<(), Box<dyn std::error::Error>> {
//!     let session = ClusterBuilder::new().contact_points(["10.0.0.1"]).connect_lazy()?;
//!     let shutdown = Shutdown::new(session.clone(), Duration::from_secs(30))
//!         // Until load balancers have seen that it is not ready any more.
//!         .linger(Duration::from_secs(5));
//!     let readiness = Readiness::new(session.clone()).with_shutdown(&shutdown);
//!     // .route_service("/readyz", readiness) … .with_state(session)
//!     // axum::serve(listener, app).with_graceful_shutdown(shutdown.requested())
//!     let report = shutdown.run(serve()).await?;
//!     println!("{report}");
//! #   let _ = readiness;
//!     Ok(())
//! }
//! # let _ = run; }
//! ```
//!
//! Tables are made and statements are prepared once [`watch_ready`](crate::Session::watch_ready) says `true`; text with values needs no preparing ahead.

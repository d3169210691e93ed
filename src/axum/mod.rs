//! For services made with axum: the session as state, errors as responses, health endpoints, graceful shutdown. Feature `axum`.
//!
//! ```
//! use std::time::Duration;
//! use tower_cassandra::axum::{Liveness, Readiness, RequestSession, Shutdown};
//! use tower_cassandra::{Error, Session};
//!
//! /// With `axum::extract::Path` and `axum::Json` around: errors of the session become responses by `?`.
//! async fn name(request: RequestSession, id: i32) -> Result<Option<String>, Error> {
//!     let found = request.query("SELECT name FROM shop.users WHERE id = ?", (id,)).await?;
//!     Ok(found.maybe_first_row::<(String,)>()?.map(|(name,)| name))
//! }
//!
//! # fn app(session: Session) {
//! let shutdown = Shutdown::new(session.clone(), Duration::from_secs(30));
//! let readiness = Readiness::new(session.clone()).with_shutdown(&shutdown);
//! // let app = Router::new()
//! //     .route("/users/{id}", get(handler))
//! //     .layer(RequestLayer::default())
//! //     .route_service("/healthz", Liveness)
//! //     .route_service("/readyz", readiness)
//! //     .with_state(session);
//! // let server = axum::serve(listener, app).with_graceful_shutdown(shutdown.requested());
//! // shutdown.run(server).await?;
//! # let _ = (Liveness, readiness); }
//! ```
//!
//! # Errors as responses
//!
//! [`Error`](crate::Error) is an `IntoResponse`: a status, `Retry-After` where waiting makes sense, and a JSON body of fixed words. Names of tables, CQL and the
//! words of a server are in none of them. The error goes to `tracing` once, when it becomes a response, target `tower_cassandra::http`, at level `ERROR`
//! for 500, `DEBUG` for what a limit of the session refused (so many come at once, and the metrics count them), and `WARN` otherwise. For 500 the field `server` has
//! what the server said, with the literals of the statement left out; nothing where the statement is not known or names a password.
//! One that comes when the answer has begun, or in a web socket, becomes no response: [`log`] writes that line.
//!
//! | error | status | body | `Retry-After` |
//! |---|---|---|---|
//! | a time limit passed, here or on the server | 504 | `the request took too long` | – |
//! | no node, no connection, too few replicas, a node overloaded or starting | 503 | `temporarily unavailable` | what the balancer or [`connect_lazy`](crate::Cluster::connect_lazy) knows, else 1 |
//! | a limit of the session refused it | 503 | `too many requests at the moment` | what the limit knows, else 1 |
//! | the session is closed | 503 | `the service is shutting down` | 1 |
//! | anything else | 500 | `internal error` | – |
//!
//! There is no `Retry-After` where the statement was no read and may have been applied ([`retry_after`]): a caller that repeats such a request by itself may do the same thing twice.
//!
//! 404, 409, 422 and their like are the application's.
//!
//! # Cancelling
//!
//! Nothing here starts a task. When a caller goes away, the server drops the handler's future, and dropping a call or a stream gives its permit, its
//! place in queues and its gauges back at once. What was sent may still be applied.

mod extract;
mod health;
mod respond;

pub use crate::http::{
    BadHeader, QueryFigures, RequestFuture, RequestLayer, RequestOptions, RequestService, RequestSession,
    Shutdown, ShutdownReport, http_status, log, retry_after,
};
pub use health::{HealthFuture, Liveness, Readiness};

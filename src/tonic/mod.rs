//! For services made with tonic: errors as statuses, deadlines of callers, graceful shutdown. Feature `tonic`.
//!
//! ```
//! use tower_cassandra::Session;
//! use tower_cassandra::tonic::RequestSession;
//! # struct GetUser { id: i32 }
//! # use tonic::{Request, Response, Status};
//!
//! struct Users { session: Session }
//!
//! impl Users {
//!     // A method of the trait that tonic makes of the service's definition.
//!     async fn get(&self, request: Request<GetUser>) -> Result<Response<String>, Status> {
//!         let session = RequestSession::from_grpc(&self.session, &request)?;
//!         let id = request.into_inner().id;
//!         let found = session.query("SELECT name FROM shop.users WHERE id = ?", (id,)).await?;
//!         let (name,) = found.maybe_first_row::<(String,)>()?.ok_or_else(|| Status::not_found("no such user"))?;
//!         Ok(Response::new(name))
//!     }
//! }
//! # let _ = Users::get;
//! ```
//!
//! # Errors as statuses
//!
//! [`Error`](crate::Error) becomes a `Status` by `?`: a code, fixed words, and `grpc-retry-pushback-ms` for the retries of clients. Names of tables, CQL and the words
//! of a server are in none of them. The error goes to `tracing` once, when it becomes a status, target `tower_cassandra::http`, for `INTERNAL` with what the server said (field
//! `server`; literals of the statement are left out), and is the status's
//! [source](std::error::Error::source), which is not sent.
//!
//! | error | code | message |
//! |---|---|---|
//! | a time limit passed, here or on the server | `DEADLINE_EXCEEDED` | `the request took too long` |
//! | no node, no connection, too few replicas, a node overloaded or starting | `UNAVAILABLE` | `temporarily unavailable` |
//! | a limit of the session refused it | `RESOURCE_EXHAUSTED` | `too many requests at the moment` |
//! | the session is closed | `UNAVAILABLE` | `the service is shutting down` |
//! | anything else, also what the database says of the service's own login | `INTERNAL` | `internal error` |
//!
//! `grpc-retry-pushback-ms` is -1, which forbids a client to repeat the call, whenever a statement that is no read may have been
//! applied; else it is how long to wait ([`retry_after`]), where waiting makes sense.
//!
//! `NOT_FOUND`, `ALREADY_EXISTS`, `ABORTED`, `INVALID_ARGUMENT` and their like are the application's.
//!
//! # Deadlines and cancelling
//!
//! [`RequestSession::from_grpc`] makes `grpc-timeout` the deadline of all its statements. [`RequestLayer`] on the server
//! (`Server::builder().layer(..)`) has it counted from when the request came, and lets [`RequestOptions`] say more. When a caller goes away or its
//! deadline passes, tonic drops the handler, and dropping a call or a stream gives its permit, its place in queues and its gauges back at once.
//!
//! # Health
//!
//! [`Session::watch_ready`](crate::Session::watch_ready) is what to tell the reporter of `tonic-health`.

mod request;
mod status;

pub use crate::http::{
    BadHeader, QueryFigures, RequestFuture, RequestLayer, RequestOptions, RequestService, RequestSession,
    Shutdown, ShutdownReport, log, retry_after,
};

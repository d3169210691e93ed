//! A live status page of one session: nodes, limits, budgets, slow requests, for the people who run the service.
//!
//! [`StatusPage`] is a `tower::Service<http::Request<B>>`. It is mounted under any path and guarded by whatever the application guards such things with:
//!
//! ```
//! use axum::Router;
//! use axum::extract::Request;
//! use axum::http::StatusCode;
//! use axum::middleware::{Next, from_fn};
//! use axum::response::Response;
//! use tower_cassandra::Session;
//! use tower_cassandra::status_page::StatusPage;
//!
//! /// Whatever the application has: a login, a network, a token.
//! async fn operators_only(request: Request, next: Next) -> Result<Response, StatusCode> {
//!     let token = request.headers().get("authorization");
//!     if token.is_none_or(|token| token != "Bearer of-the-operators") {
//!         return Err(StatusCode::UNAUTHORIZED);
//!     }
//!     Ok(next.run(request).await)
//! }
//!
//! fn router(session: Session) -> Router {
//!     let status = Router::new()
//!         .nest_service("/internal/cassandra", StatusPage::titled(session, "orders"))
//!         .layer(from_fn(operators_only));
//!     Router::new().merge(status)
//! }
//! # let _ = router;
//! ```
//!
//! **Guard it.** It has no login of its own. It shows addresses of nodes, names of keyspaces and tables, and statements with all values left out, so it is for operators.
//! It is read-only: there is nothing on it that changes anything.
//!
//! # What there is
//!
//! Paths are relative to where it is mounted; whoever mounts it takes that prefix away, as `nest_service` does.
//!
//! | path | what |
//! |---|---|
//! | `/` | the page: HTML with its style and script, without any resource from elsewhere |
//! | `/status.json` | what the page shows, once |
//! | `/events` | the same once a second, as server-sent events |
//!
//! Only `GET` and `HEAD`; other methods are answered with 405, other paths with 404. Nothing may be cached or framed, and the page runs under a content security policy that allows its own
//! style and script and nothing else. All that comes from the cluster is put in as text.
//!
//! # The JSON
//!
#![doc = include_str!("json.md")]
//!
//! # Cost
//!
//! * Requests pay nothing for it: it reads figures that are kept anyway.
//! * Nothing runs while nobody looks. A stream is a body that is pulled; there is no task.
//! * At most one snapshot is made in a second, whoever and however many ask; it is shared. It takes some microseconds for each node.
//! * At most [`MAX_STREAMS`] streams at a time; further ones are answered with 503, and the page asks for the JSON every 2 s instead. A stream ends after
//!   [`STREAM_LIFE`], the page opens the next one, which the guard sees again. One whose client does not read is not asked for anything by its server and cannot end: its place
//!   is taken over by the next one after that time; its connection is the server's to end, by a time limit for writing.
//! * At most [`MAX_NODES`] nodes and [`SlowLog::KEPT`](crate::observe::SlowLog::KEPT) slow requests are shown. Long texts are cut off.
//!
//! # Shutting down
//!
//! A server that waits for its open connections waits for the streams too. [`StatusPage::close`] ends them within a second; so does closing the session. Not so one whose
//! client does not read: the server needs a time limit for writing, or for its end as a whole.
//!
//! ```no_run
//! # use tower_cassandra::status_page::StatusPage;
//! # async fn example(listener: tokio::net::TcpListener, router: axum::Router, page: StatusPage) -> std::io::Result<()> {
//! axum::serve(listener, router)
//!     .with_graceful_shutdown(async move {
//!         let _ = tokio::signal::ctrl_c().await;
//!         page.close();
//!     })
//!     .await
//! # }
//! ```
//!
//! With `tower_cassandra::axum::Shutdown` its `requested()` stands in place of the signal: without the `close` one viewer would make every shutdown last as long as
//! its limit.

mod answer;
mod body;
mod page;
mod shared;
mod snapshot;

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use tower_service::Service;

pub use body::Body;
use shared::Shared;

use crate::session::Session;

/// So many event streams at a time: 16. Each is a connection of the server and a few kilobytes a second.
pub const MAX_STREAMS: usize = 16;
/// A stream ends after 60 s and is opened again by the page; of one whose client does not read only its place is free for others
/// from then on. So a login that has expired is noticed, and a server that shuts down without [`StatusPage::close`] waits no
/// longer than that.
pub const STREAM_LIFE: Duration = Duration::from_secs(60);
/// So many nodes are shown: 1,024, the first by address.
pub const MAX_NODES: usize = 1_024;

/// The status page of one session, as a service. Clones are the same page. See the [module](self).
///
/// It holds the session as any other handle does: the connections end when this is dropped as well, or the session is closed.
#[derive(Clone)]
pub struct StatusPage {
    shared: Arc<Shared>,
}

impl fmt::Debug for StatusPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusPage")
            .field("streams", &self.streams())
            .field("closed", &self.shared.is_closed())
            .finish_non_exhaustive()
    }
}

impl StatusPage {
    /// The page of this session. Its title is the name of the cluster.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self {
            shared: Arc::new(Shared::new(session, None)),
        }
    }

    /// The page of this session with a title, for services with several sessions. No more than 100 characters of it are shown.
    #[must_use]
    pub fn titled(session: Session, title: impl AsRef<str>) -> Self {
        Self {
            shared: Arc::new(Shared::new(session, Some(title.as_ref()))),
        }
    }

    /// How many event streams are open. Those whose place another one has taken over do not count.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.shared.streams()
    }

    /// Ends all event streams within a second, those excepted whose clients do not read, and answers further ones with 503. Page and JSON go on being served. For a server that shuts down.
    pub fn close(&self) {
        self.shared.close();
    }
}

impl<B> Service<Request<B>> for StatusPage {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(answer::to(
            &self.shared,
            request.method(),
            request.uri().path(),
        )))
    }
}

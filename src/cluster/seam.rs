//! The two ends of a user's layer: what it makes of requests is known, so its own errors can say whether anything was sent.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_cassandra_layers::Request;
use tower_service::Service;

use super::stack::BoxService;
use crate::error::{BoxError, Error};
use crate::response::Response;
use crate::statement::Statement;

/// Travels with one request through a user's layer.
#[derive(Clone, Default)]
struct Passage(Arc<Seen>);

#[derive(Default)]
struct Seen {
    /// It came out at the inner end.
    called: AtomicBool,
    /// Its caller has the result. A request that comes now is one that the layer kept.
    over: AtomicBool,
}

/// Requests have come out that went in nowhere: the layer makes requests of its own, or takes the notes off them. From then on nobody
/// knows which error belongs to what was sent.
type Untracked = Arc<AtomicBool>;

/// Lays a user's layer around a service.
pub(super) fn between<S>(layer: impl FnOnce(BoxService) -> S, inner: BoxService) -> Outer<S> {
    let untracked = Untracked::default();
    let inner = Inner {
        inner,
        untracked: Arc::clone(&untracked),
    };
    Outer {
        inner: layer(BoxService::new(inner)),
        untracked,
    }
}

/// The inner end.
#[derive(Clone)]
struct Inner {
    inner: BoxService,
    untracked: Untracked,
}

impl Service<Statement> for Inner {
    type Response = Response;
    type Error = Error;
    type Future = <BoxService as Service<Statement>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, statement: Statement) -> Self::Future {
        match statement.context().extension::<Passage>() {
            Some(Passage(seen)) if !seen.over.load(Relaxed) => seen.called.store(true, Relaxed),
            _ => self.untracked.store(true, Relaxed),
        }
        self.inner.call(statement)
    }
}

/// The outer end, where errors become ours.
#[derive(Clone)]
pub(super) struct Outer<S> {
    inner: S,
    untracked: Untracked,
}

impl<S> Service<Statement> for Outer<S>
where
    S: Service<Statement, Response = Response, Error: Into<BoxError>>,
{
    type Response = Response;
    type Error = Error;
    type Future = Outside<S::Future>;

    /// An error of readiness comes before anything is sent.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let ready = self.inner.poll_ready(cx);
        ready.map_err(|error| Error::from_boxed(error.into(), false))
    }

    fn call(&mut self, mut statement: Statement) -> Self::Future {
        let passage = Passage::default();
        statement.context_mut().set_extension(passage.clone());
        Outside {
            inner: self.inner.call(statement),
            ending: Ending(passage),
            untracked: Arc::clone(&self.untracked),
        }
    }
}

pin_project! {
    pub(super) struct Outside<F> {
        #[pin]
        inner: F,
        ending: Ending,
        untracked: Untracked,
    }
}

/// However the call ends.
struct Ending(Passage);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.0.over.store(true, Relaxed);
    }
}

impl<F, E> Future for Outside<F>
where
    F: Future<Output = Result<Response, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        Poll::Ready(result.map_err(|error| {
            let called = this.ending.0.0.called.load(Relaxed) || this.untracked.load(Relaxed);
            Error::from_boxed(error.into(), called)
        }))
    }
}

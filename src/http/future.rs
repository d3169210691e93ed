use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::{HeaderName, HeaderValue, Response};
use pin_project_lite::pin_project;

use super::QueryFigures;
use super::layer::Noted;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

pin_project! {
    /// The answer of a [`RequestService`](super::RequestService). Dropping it drops the handler, and with that everything it asked of the database.
    pub struct RequestFuture<F> {
        #[pin]
        inner: F,
        // Of the outermost layer.
        noted: Option<Noted>,
    }
}

impl<F> RequestFuture<F> {
    pub(super) const fn new(inner: F, noted: Option<Noted>) -> Self {
        Self { inner, noted }
    }
}

impl<F> fmt::Debug for RequestFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestFuture").finish_non_exhaustive()
    }
}

impl<F, R, E> Future for RequestFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        if let Some(noted) = this.noted.take() {
            let figures = QueryFigures::of(&noted.counter);
            if noted.options.server_timing
                && let Ok(value) = HeaderValue::try_from(figures.server_timing())
            {
                // The application may have timings of its own.
                response.headers_mut().append(SERVER_TIMING, value);
            }
            response.extensions_mut().insert(figures);
        }
        Poll::Ready(Ok(response))
    }
}

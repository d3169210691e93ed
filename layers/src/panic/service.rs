use std::task::{Context, Poll};

use tower_service::Service;

use super::{Panicked, ResponseFuture, contain};
use crate::clock;
use crate::metrics::Metrics;

/// Turns panics of the inner service into errors. See the [module](crate::panic).
#[derive(Debug)]
pub struct CatchPanic<S> {
    inner: S,
    metrics: Option<Metrics>,
    /// Filled when `poll_ready` of the inner service panicked, taken by the next `call`.
    unready: Option<Panicked>,
}

impl<S> CatchPanic<S> {
    /// Wraps a service; panics are counted where metrics are given.
    pub const fn new(inner: S, metrics: Option<Metrics>) -> Self {
        Self {
            inner,
            metrics,
            unready: None,
        }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, to change.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, without this one.
    pub fn into_inner(self) -> S {
        self.inner
    }

    fn count(&self) {
        if let Some(metrics) = &self.metrics {
            metrics.panicked();
        }
    }
}

// By hand: the clone's inner service has not been asked whether it is ready, so it has not panicked either.
impl<S: Clone> Clone for CatchPanic<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.metrics.clone())
    }
}

impl<S, Req> Service<Req> for CatchPanic<S>
where
    S: Service<Req>,
    S::Error: From<Panicked>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if self.unready.is_some() {
            return Poll::Ready(Ok(()));
        }
        contain(|| self.inner.poll_ready(cx)).unwrap_or_else(|panicked| {
            self.count();
            self.unready = Some(panicked);
            Poll::Ready(Ok(()))
        })
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        if let Some(panicked) = self.unready.take() {
            return ResponseFuture::failed(panicked);
        }
        ResponseFuture::call(&self.metrics, || {
            // What stands outside of this layer is often not there; then everything below shares one look at the clock all the same.
            let _step = clock::step();
            self.inner.call(request)
        })
    }
}

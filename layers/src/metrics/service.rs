use std::task::{Context, Poll};

use tower_service::Service;

use super::guard::Guard;
use super::{Metrics, ResponseFuture};
use crate::{Classify, Request, clock};

/// Measures requests. See the [module](crate::metrics).
#[derive(Clone, Debug)]
pub struct MetricsService<S, C> {
    inner: S,
    metrics: Metrics,
    classifier: C,
}

impl<S, C> MetricsService<S, C> {
    /// Wraps a service.
    pub const fn new(inner: S, metrics: Metrics, classifier: C) -> Self {
        Self {
            inner,
            metrics,
            classifier,
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
}

impl<S, C, Req> Service<Req> for MetricsService<S, C>
where
    S: Service<Req>,
    C: Classify<Req, S::Response, S::Error> + Clone,
    Req: Request,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, C, C::Facts, Req>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        let _step = clock::step();
        let judge = || (self.classifier.clone(), self.classifier.facts(&request));
        let guard = Guard::request(&self.metrics, request.class(), judge);
        ResponseFuture::call(guard, || self.inner.call(request)).settle()
    }
}

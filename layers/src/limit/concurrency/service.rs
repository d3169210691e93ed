use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use super::ResponseFuture;
use super::permits::Permits;
use crate::limit::Rejected;
use crate::request::Request;
use crate::timeout::Elapsed;

/// Lets so many requests at a time through to the inner service. See the [module](crate::limit).
///
/// Made by a [`ConcurrencyLimitLayer`](super::ConcurrencyLimitLayer); clones share the permits.
#[derive(Clone)]
pub struct ConcurrencyLimited<S> {
    inner: S,
    permits: Arc<Permits>,
}

impl<S> ConcurrencyLimited<S> {
    pub(super) const fn new(inner: S, permits: Arc<Permits>) -> Self {
        Self { inner, permits }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: fmt::Debug> fmt::Debug for ConcurrencyLimited<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimited")
            .field("limit", &self.permits.counter.limit())
            .field("inner", &self.inner)
            .finish()
    }
}

impl<S, Req> Service<Req> for ConcurrencyLimited<S>
where
    S: Service<Req> + Clone,
    S::Error: From<Rejected> + From<Elapsed>,
    Req: Request,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, Req>;

    /// Ready at once. An idle handle holds neither a permit nor a readied inner service.
    #[inline]
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, request: Req) -> Self::Future {
        ResponseFuture::call(&self.permits, &mut self.inner, request)
    }
}

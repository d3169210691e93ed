use std::task::{Context as TaskContext, Poll};

use tower_service::Service;

use super::error::Elapsed;
use super::future::ResponseFuture;
use super::layer::TimeoutLayer;
use crate::clock;
use crate::request::{Request, Until};

/// The service of [`TimeoutLayer`].
#[derive(Clone, Debug)]
pub struct Timeout<S> {
    pub(super) inner: S,
    pub(super) layer: TimeoutLayer,
}

crate::macros::inner_accessors!(Timeout);

impl<S, Req> Service<Req> for Timeout<S>
where
    S: Service<Req>,
    S::Error: From<Elapsed>,
    Req: Request,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Req) -> Self::Future {
        let now = clock::now();
        let context = request.context_mut();
        let limit = self.layer.scope.limit();
        // A limit beyond the range of the clock never passes.
        let at = context.packed_limit(limit).or(self.layer.limit, now);
        context.shorten_to(Until { at, limit });
        let until = context.until();
        if until.at <= now {
            return ResponseFuture::expired(until, now);
        }
        let node = context.target();
        let timer = if self.layer.timer { until } else { Until::NEVER };
        ResponseFuture::new(self.inner.call(request), timer, now, node)
    }
}

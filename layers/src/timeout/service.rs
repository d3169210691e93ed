use std::task::{Context as TaskContext, Poll};

use tower_service::Service;

use super::error::Elapsed;
use super::future::ResponseFuture;
use super::layer::TimeoutLayer;
use crate::clock;
use crate::request::{Deadline, Request};

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

    fn call(&mut self, mut request: Req) -> Self::Future {
        let now = clock::now();
        let context = request.context_mut();
        let own = match self.layer.scope {
            super::layer::Scope::Call => context.call_limit,
            super::layer::Scope::Attempt => context.attempt_limit,
        };
        // A limit beyond the range of the clock never passes.
        if let Some(at) = own.or(self.layer.limit).and_then(|limit| now.checked_add(limit)) {
            context.shorten(Deadline {
                at,
                limit: self.layer.scope.limit(),
            });
        }
        let deadline = context.deadline();
        if let Some(deadline) = deadline
            && deadline.at <= now
        {
            return ResponseFuture::expired(deadline, now);
        }
        let node = context.target();
        let timer = if self.layer.timer { deadline } else { None };
        ResponseFuture::new(self.inner.call(request), timer, now, node)
    }
}

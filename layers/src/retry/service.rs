use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use super::future::ResponseFuture;
use super::layer::Shared;
use crate::classify::Classify;
use crate::request::{Attempt, Request};

/// The service of [`RetryLayer`](super::RetryLayer).
pub struct Retry<S, C> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared<C>>,
}

crate::macros::inner_accessors!(Retry, C);

impl<S: Clone, C> Clone for Retry<S, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S: fmt::Debug, C> fmt::Debug for Retry<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("inner", &self.inner)
            .field("policy", &self.shared.policy)
            .finish()
    }
}

impl<S, C, Req> Service<Req> for Retry<S, C>
where
    S: Service<Req> + Clone,
    C: Classify<Req, S::Response, S::Error>,
    Req: Request + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, C, Req, C::Facts>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Req) -> Self::Future {
        // The service that was polled ready makes the first attempt and goes into the future; a copy stays here.
        let copy = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, copy);
        request.context_mut().attempt = Attempt::first();
        ResponseFuture::start(ready, Arc::clone(&self.shared), request)
    }
}

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use super::future::{ResponseFuture, Spare, Watch};
use super::layer::{Plan, Shared};
use crate::classify::Classify;
use crate::clock;
use crate::metrics::HedgeEvent;
use crate::request::Request;

/// The service of [`HedgeLayer`](super::HedgeLayer).
pub struct Hedged<S, C> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared<C>>,
}

crate::macros::inner_accessors!(Hedged, C);

impl<S: Clone, C> Clone for Hedged<S, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S: fmt::Debug, C> fmt::Debug for Hedged<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hedged")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, C, Req> Service<Req> for Hedged<S, C>
where
    S: Service<Req> + Clone,
    C: Classify<Req, S::Response, S::Error>,
    Req: Request + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, C, Req>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Req) -> Self::Future {
        let shared = &self.shared;
        if request.context().attempt.is_first() {
            shared.savings.earn();
        }
        let Some(class) = request.hedge() else {
            shared.count(HedgeEvent::NotEligible);
            return ResponseFuture::alone(self.inner.call(request), None);
        };
        let started = clock::now();
        let plan = shared.plan(class, request.context(), started);
        let Plan::At(at) = plan else {
            let first = self.inner.call(request);
            let mut watch = Watch::new(shared, class, started);
            watch.goes_without = matches!(plan, Plan::TooDear);
            return ResponseFuture::alone(first, Some(watch));
        };
        request.context_mut().call = shared.next_call();
        let first = self.inner.call(request.clone());
        let watch = Watch::new(shared, class, started);
        let service = self.inner.clone();
        ResponseFuture::armed(first, watch, Spare { service, request, at })
    }
}

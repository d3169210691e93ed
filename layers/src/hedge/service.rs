use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use super::future::{ResponseFuture, Spare, Watch};
use super::layer::Shared;
use crate::classify::Classify;
use crate::clock::{self, Moment};
use crate::metrics::HedgeEvent;
use crate::request::{HedgeClass, Request};

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
    type Future = ResponseFuture<S, C, Req, C::Facts>;

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
            return ResponseFuture::plain(self.inner.call(request));
        };
        let started = clock::now();
        let watch = Watch {
            shared: Arc::clone(shared),
            class,
            started,
        };
        let Some(at) = self.time_for(class, &request, started) else {
            return ResponseFuture::watched(self.inner.call(request), watch);
        };
        let facts = shared.classifier.facts(&request);
        let context = request.context_mut();
        context.call = shared.next_call();
        if shared.watches() {
            context.watched_until = at;
        }
        let first = self.inner.call(request.clone());
        let spare = Spare {
            service: self.inner.clone(),
            request,
            facts,
            at,
        };
        ResponseFuture::armed(first, watch, spare)
    }
}

impl<S, C> Hedged<S, C> {
    /// When a second attempt of this request is due; none if there is none to be.
    #[inline]
    fn time_for<Req>(&self, class: HedgeClass, request: &Req, now: Moment) -> Option<Moment>
    where
        S: Service<Req>,
        C: Classify<Req, S::Response, S::Error>,
        Req: Request,
    {
        let shared = &self.shared;
        let at = now.after_nanos(shared.delay(class).nanos()?);
        let context = request.context();
        // No timer for what cannot be.
        if !shared.savings.has_one() || at >= context.until().at || context.attempt.stay().is_some() {
            return None;
        }
        if !shared.classifier.has_alternatives() {
            shared.say_idle();
            return None;
        }
        Some(at)
    }
}

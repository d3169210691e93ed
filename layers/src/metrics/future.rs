use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::guard::Guard;
use crate::{Classify, clock};

pin_project! {
    /// The response of [`MetricsService`](super::MetricsService) and of
    /// [`AttemptMetricsService`](super::AttemptMetricsService).
    #[derive(Debug)]
    pub struct ResponseFuture<F, C, Facts, Req> {
        #[pin]
        inner: F,
        guard: Guard<(C, Facts)>,
        request: PhantomData<fn(Req)>,
    }
}

impl<F, C, Facts, Req> ResponseFuture<F, C, Facts, Req> {
    /// A panic of `call` is the end of what is measured.
    #[inline]
    pub(super) fn call(mut guard: Guard<(C, Facts)>, call: impl FnOnce() -> F) -> Self {
        let watch = guard.watch();
        let inner = call();
        watch.over();
        Self {
            inner,
            guard,
            request: PhantomData,
        }
    }

    /// To be called at the end of the step in which it was made.
    #[inline]
    pub(super) fn settle(mut self) -> Self {
        self.guard.settle();
        self
    }
}

impl<F, C, Req, Res, E> Future for ResponseFuture<F, C, C::Facts, Req>
where
    F: Future<Output = Result<Res, E>>,
    C: Classify<Req, Res, E>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The end of a request is the moment at which its last attempt ended.
        let _step = this.guard.is_request().then(clock::step);
        let watch = this.guard.watch();
        let poll = this.inner.poll(cx);
        watch.over();
        let result = ready!(poll);
        this.guard
            .ended(|(classifier, facts)| classifier.classify(facts, result.as_ref()));
        Poll::Ready(result)
    }
}

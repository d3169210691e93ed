use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::guard::Guard;
use crate::Classify;

pin_project! {
    /// The response of [`MetricsService`](super::MetricsService) and of
    /// [`AttemptMetricsService`](super::AttemptMetricsService).
    #[derive(Debug)]
    pub struct ResponseFuture<F, C, Facts, Req> {
        #[pin]
        inner: F,
        guard: Guard,
        // Empty while the metrics are off, so that a request that is not measured is not looked at either.
        judge: Option<(C, Facts)>,
        request: PhantomData<fn(Req)>,
    }
}

impl<F, C, Facts, Req> ResponseFuture<F, C, Facts, Req> {
    pub(super) const fn new(inner: F, guard: Guard, judge: Option<(C, Facts)>) -> Self {
        Self {
            inner,
            guard,
            judge,
            request: PhantomData,
        }
    }
}

impl<F, C, Req, Res, E> Future for ResponseFuture<F, C, C::Facts, Req>
where
    F: Future<Output = Result<Res, E>>,
    C: Classify<Req, Res, E>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let watch = this.guard.watch();
        let poll = this.inner.poll(cx);
        watch.over();
        let result = ready!(poll);
        if let Some((classifier, facts)) = this.judge.take() {
            this.guard.ended(|| classifier.classify(&facts, result.as_ref()));
        }
        Poll::Ready(result)
    }
}

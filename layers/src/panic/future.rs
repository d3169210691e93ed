use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{Panicked, contain};
use crate::metrics::Metrics;

pin_project! {
    /// The response of [`CatchPanic`](super::CatchPanic).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        // Empty once it has ended, in whatever way; a future that panicked is never polled again.
        #[pin]
        inner: Option<F>,
        failed: Option<Panicked>,
        metrics: Option<Metrics>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            this.discard();
        }
    }
}

impl<F> ResponseFuture<F> {
    #[inline]
    pub(super) fn call(metrics: &Option<Metrics>, call: impl FnOnce() -> F) -> Self {
        let mut this = Self {
            inner: None,
            failed: None,
            metrics: metrics.clone(),
        };
        // Put into its place in there, it need not be moved out.
        if let Err(panicked) = contain(|| this.inner = Some(call())) {
            count(metrics);
            this.failed = Some(panicked);
        }
        this
    }

    /// A panic that has already been counted.
    pub(super) const fn failed(panicked: Panicked) -> Self {
        Self {
            inner: None,
            failed: Some(panicked),
            metrics: None,
        }
    }

    /// Drops the inner future. Its destructor may panic, but never into whoever drops this one.
    fn discard(self: Pin<&mut Self>) {
        let this = self.project();
        let mut inner = this.inner;
        if inner.is_some() && contain(|| inner.set(None)).is_err() {
            count(this.metrics);
        }
    }
}

fn count(metrics: &Option<Metrics>) {
    if let Some(metrics) = metrics {
        metrics.panicked();
    }
}

impl<F, Res, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Res, E>>,
    E: From<Panicked>,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_mut().project();
        let Some(inner) = this.inner.as_pin_mut() else {
            let panicked = this.failed.take().unwrap_or_else(Panicked::polled_again);
            return Poll::Ready(Err(panicked.into()));
        };
        let result = match contain(|| inner.poll(cx)) {
            Ok(poll) => ready!(poll),
            Err(panicked) => {
                count(this.metrics);
                Err(panicked.into())
            }
        };
        // Now, and not with this future: whoever owns it must not meet a panic of the inner future's destructor.
        self.discard();
        Poll::Ready(result)
    }
}

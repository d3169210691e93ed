//! What costs are compared with: a wrapper that does nothing, and a span around it.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower::Service;
use tower_cassandra_layers::trace::{SpanSlot, Traced};
use tracing::level_filters::LevelFilter;

use crate::leaf::{Leaf, Request};

/// Does nothing, with a word beside the future: what anything costs that stands around a service.
#[derive(Clone)]
pub(crate) struct Wrapper(pub(crate) Leaf);

pin_project! {
    pub(crate) struct Wrapped<F> {
        #[pin]
        inner: F,
        word: u64,
    }
}

impl<F: Future> Future for Wrapped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        black_box(*this.word);
        this.inner.poll(cx)
    }
}

impl Service<Request> for Wrapper {
    type Response = u32;
    type Error = crate::leaf::Error;
    type Future = Wrapped<<Leaf as Service<Request>>::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let word = u64::from(request.value);
        Wrapped {
            inner: self.0.call(request),
            word,
        }
    }
}

/// A span around each request, as a session makes it. Nobody listens.
#[derive(Clone)]
pub(crate) struct Spanned(pub(crate) Leaf);

impl Service<Request> for Spanned {
    type Response = u32;
    type Error = crate::leaf::Error;
    type Future = Traced<<Leaf as Service<Request>>::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let key = request.value;
        let span = SpanSlot::new(LevelFilter::INFO, || {
            tracing::info_span!("request", key, "error.type" = tracing::field::Empty)
        });
        Traced::new(self.0.call(request), span)
    }
}

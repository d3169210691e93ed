//! The span of one attempt.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_cassandra_layers::Request;
use tower_cassandra_layers::trace::{SpanSlot, Traced};
use tracing::debug_span;
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;

use super::TARGET;
use super::fields::failed;
use crate::error::Error;
use crate::leaf::Target;
use crate::response::Response;
use crate::statement::Statement;

pin_project! {
    /// An attempt inside of its span.
    pub(crate) struct AttemptSpan<F> {
        #[pin]
        inner: Traced<F>,
        is_open: bool,
    }

    impl<F> PinnedDrop for AttemptSpan<F> {
        fn drop(this: Pin<&mut Self>) {
            if this.is_open {
                this.inner.span().with(|span| {
                    span.record("error.type", "unanswered");
                    span.record("otel.status_code", "ERROR");
                });
            }
        }
    }
}

/// The span of an attempt that begins now, on the node that was chosen for it.
#[inline]
pub(crate) fn span(statement: &Statement) -> SpanSlot {
    SpanSlot::new(LevelFilter::DEBUG, || {
        let ticket = statement.context().ticket();
        let target = ticket.and_then(|ticket| ticket.endpoint().payload::<Target>());
        let node = target.map(|target| &target.node);
        debug_span!(
            target: TARGET,
            "attempt",
            otel.kind = "internal",
            otel.status_code = Empty,
            db.system.name = "cassandra",
            attempt = statement.context().attempt.number().max(1),
            cassandra.coordinator.id = node.map(|node| tracing::field::display(node.host_id)),
            cassandra.coordinator.dc = node.and_then(|node| node.datacenter.as_deref()),
            server.address = node.map(|node| tracing::field::display(node.address.ip())),
            server.port = node.map(|node| node.address.port()),
            "error.type" = Empty,
        )
    })
}

impl<F> AttemptSpan<F> {
    #[inline]
    pub(crate) const fn new(inner: F, span: SpanSlot) -> Self {
        Self {
            is_open: span.is_on(),
            inner: Traced::new(inner, span),
        }
    }
}

impl<F> Future for AttemptSpan<F>
where
    F: Future<Output = Result<Response, Error>>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let result = ready!(this.inner.as_mut().poll(cx));
        if *this.is_open {
            *this.is_open = false;
            if let Err(error) = &result {
                this.inner.span().with(|span| failed(span, error));
            }
        }
        Poll::Ready(result)
    }
}

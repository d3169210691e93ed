use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::error::Elapsed;
use crate::classify::Applied;
use crate::clock::Moment;
use crate::request::{NodeId, Until};
use crate::timer::poll_limit;

pin_project! {
    /// The future of [`Timeout`](super::Timeout).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        // None: the time had passed before the call, so there was none.
        #[pin]
        inner: Option<F>,
        // Made at the first pending poll: most calls of a fast service never need it.
        #[pin]
        sleep: Option<Sleep>,
        until: Until,
        has_node: bool,
        started: Moment,
        node: NodeId,
    }
}

impl<F> ResponseFuture<F> {
    #[inline]
    pub(super) fn new(inner: F, until: Until, started: Moment, node: Option<NodeId>) -> Self {
        Self {
            inner: Some(inner),
            sleep: None,
            until,
            has_node: node.is_some(),
            started,
            node: node.unwrap_or(NodeId(0)),
        }
    }

    pub(super) const fn expired(until: Until, now: Moment) -> Self {
        Self {
            inner: None,
            sleep: None,
            until,
            has_node: false,
            started: now,
            node: NodeId(0),
        }
    }
}

impl<F, T, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: From<Elapsed>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let applied = match this.inner.as_pin_mut() {
            Some(inner) => {
                if let Poll::Ready(result) = inner.poll(cx) {
                    return Poll::Ready(result);
                }
                if !this.until.ends() {
                    return Poll::Pending;
                }
                ready!(poll_limit(this.sleep, this.until.at, cx));
                Applied::Maybe
            }
            None => Applied::No,
        };
        let node = this.has_node.then_some(*this.node);
        let elapsed = Elapsed::new(this.until.limit, this.started.elapsed(), applied).on(node);
        Poll::Ready(Err(elapsed.into()))
    }
}

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::error::Elapsed;
use crate::classify::Applied;
use crate::clock::{self, Moment};
use crate::request::{NodeId, Until};
use crate::timer::poll_once_until;

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
        // Until then somebody else has a timer.
        watched_until: Moment,
        has_node: bool,
        started: Moment,
        node: NodeId,
    }
}

impl<F> ResponseFuture<F> {
    #[inline]
    pub(super) fn new(
        inner: F,
        until: Until,
        watched_until: Moment,
        started: Moment,
        node: Option<NodeId>,
    ) -> Self {
        Self {
            inner: Some(inner),
            sleep: None,
            until,
            watched_until,
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
            watched_until: Moment::EARLIEST,
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
                if !this.until.ends() || is_watched(*this.watched_until, this.until.at) {
                    return Poll::Pending;
                }
                ready!(poll_once_until(this.sleep, this.until.at, cx));
                Applied::Maybe
            }
            None => Applied::No,
        };
        let node = this.has_node.then_some(*this.node);
        let elapsed = Elapsed::new(this.until.limit, this.started.elapsed(), applied).on(node);
        Poll::Ready(Err(elapsed.into()))
    }
}

/// Is there somebody else who will poll this in time?
#[inline]
fn is_watched(watched_until: Moment, at: Moment) -> bool {
    watched_until != Moment::EARLIEST && watched_until < at && clock::now() < watched_until
}

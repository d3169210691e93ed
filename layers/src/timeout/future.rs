use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::task::coop::has_budget_remaining;
use tokio::time::{Instant, Sleep, sleep_until};

use super::error::Elapsed;
use crate::classify::Applied;
use crate::request::{Deadline, NodeId};

pin_project! {
    /// The future of [`Timeout`](super::Timeout).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        // None: the time had passed before the call, so there was none.
        #[pin]
        inner: Option<F>,
        deadline: Option<Deadline>,
        started: Instant,
        node: Option<NodeId>,
        // Made at the first pending poll: most calls of a fast service never need it.
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(
        inner: F,
        deadline: Option<Deadline>,
        started: Instant,
        node: Option<NodeId>,
    ) -> Self {
        Self {
            inner: Some(inner),
            deadline,
            started,
            node,
            sleep: None,
        }
    }

    pub(super) const fn expired(deadline: Deadline, now: Instant) -> Self {
        Self {
            inner: None,
            deadline: Some(deadline),
            started: now,
            node: None,
            sleep: None,
        }
    }
}

impl<F, T, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: From<Elapsed>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let applied = match this.inner.as_mut().as_pin_mut() {
            Some(inner) => {
                if let Poll::Ready(result) = inner.poll(cx) {
                    return Poll::Ready(result);
                }
                Applied::Maybe
            }
            None => Applied::No,
        };
        let Some(deadline) = *this.deadline else {
            return Poll::Pending;
        };
        if applied == Applied::Maybe {
            if this.sleep.is_none() {
                this.sleep.set(Some(sleep_until(deadline.at)));
            }
            if let Some(sleep) = this.sleep.as_mut().as_pin_mut()
                && sleep.poll(cx).is_pending()
            {
                // An inner future that always uses up the task's budget leaves none to the timer, which would never fire.
                if has_budget_remaining() || Instant::now() < deadline.at {
                    return Poll::Pending;
                }
            }
        }
        let elapsed = Elapsed::new(deadline.limit, this.started.elapsed(), applied).on(*this.node);
        Poll::Ready(Err(elapsed.into()))
    }
}

//! The way of a request through a limit, the same for both: wait, get the inner service ready, call it, let go.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_service::Service;

use super::Rejected;
use super::shared::Refusal;
use crate::request::Request;
use crate::timeout::Elapsed;

/// What a request has of a limit: nothing, a place in its queue, or what it asked for. Dropping it gives that back.
pub(super) trait Claim {
    /// Ready once the request may go on, and from then on. The first poll is its arrival.
    ///
    /// `timer` is the one timer of the wait; it is set only when the request has to queue.
    fn poll_admitted(
        &mut self,
        cx: &mut Context<'_>,
        timer: Pin<&mut Option<Sleep>>,
        request: &impl Request,
    ) -> Poll<Result<(), Refusal>>;

    /// The call is over.
    fn release(&mut self);
}

pin_project! {
    pub(super) struct Admitted<C, S, Req, F> {
        #[pin]
        state: State<S, Req, F>,
        // Last, because fields are dropped in this order: the call is gone before its permit is free again.
        claim: C,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, Req, F> {
        // Waits for the limit, then for the service. The request stays where it is until it is handed over: it is large,
        // and moving it is a good part of what a limit costs.
        Waiting { service: S, request: Option<Req>, #[pin] timer: Option<Sleep> },
        Calling { #[pin] future: F },
        Done,
    }
}

impl<C, S, Req, F> Admitted<C, S, Req, F> {
    /// `service` is a clone that nobody else calls. It is not ready yet, and is polled ready before it is called.
    #[inline]
    pub(super) const fn new(claim: C, service: S, request: Req) -> Self {
        Self {
            state: State::Waiting {
                service,
                request: Some(request),
                timer: None,
            },
            claim,
        }
    }
}

impl<C, S, Req> Future for Admitted<C, S, Req, S::Future>
where
    C: Claim,
    S: Service<Req>,
    S::Error: From<Rejected> + From<Elapsed>,
    Req: Request,
{
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let result = loop {
            match this.state.as_mut().project() {
                StateProj::Waiting {
                    service,
                    request: place,
                    mut timer,
                } => {
                    // Without a request if it was polled again after the service had panicked.
                    let Some(request) = place else {
                        return Poll::Pending;
                    };
                    if let Err(refusal) = ready!(this.claim.poll_admitted(cx, timer.as_mut(), request)) {
                        break Err(refusal.into_error());
                    }
                    // A service that takes its time to get ready must not keep a timer that nobody looks at.
                    if timer.is_some() {
                        timer.set(None);
                    }
                    if let Err(error) = ready!(service.poll_ready(cx)) {
                        break Err(error);
                    }
                    if let Some(request) = place.take() {
                        let future = service.call(request);
                        this.state.set(State::Calling { future });
                    }
                }
                StateProj::Calling { future } => break ready!(future.poll(cx)),
                // Polled again after its end. There is nothing left to say.
                StateProj::Done => return Poll::Pending,
            }
        };
        this.state.set(State::Done);
        this.claim.release();
        Poll::Ready(result)
    }
}

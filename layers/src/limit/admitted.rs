//! The way of a request through a limit, the same for both: ask, wait if need be, get the inner service ready, call it, let go.
//!
//! Most requests find what they need at once. They ask when the service is called, and the inner call is made there and then. Only
//! what has to wait keeps the request and a service of its own.

use std::future::Future;
use std::mem::needs_drop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_service::Service;

use super::Rejected;
use super::shared::Refusal;
use crate::clock;
use crate::request::{Request, Until};
use crate::timeout::Elapsed;
use crate::timer::poll_until;

/// The limit of one layer value.
pub(super) trait Gate {
    /// What a request holds until its call has ended. Dropping it gives that back.
    type Permit;
    type Claim: Claim<Permit = Self::Permit>;

    /// Asks without waiting.
    fn arrive(self: &Arc<Self>, request: &impl Request) -> Arrived<Self::Permit>;

    /// For a request that has to wait, from now on.
    fn claim(self: &Arc<Self>) -> Self::Claim;
}

/// What a request finds.
pub(super) enum Arrived<P> {
    Admitted(P),
    Refused(Refusal),
    HasToWait,
}

/// What a waiting request has of a limit: nothing yet, or a place in its queue. Dropping it gives that back.
pub(super) trait Claim {
    type Permit;

    /// Asks once more, and then queues. Not polled again after it was ready.
    ///
    /// `timer` is the one timer of the wait; it is set only when the request has to queue.
    fn poll_admitted(
        &mut self,
        cx: &mut Context<'_>,
        timer: Pin<&mut Option<Sleep>>,
        request: &impl Request,
    ) -> Poll<Result<Self::Permit, Refusal>>;

    /// It was admitted, and its deadline passed while the inner service got ready.
    fn overdue(&self, until: Until) -> Refusal;
}

pin_project! {
    #[project = AdmittedProj]
    pub(super) enum Admitted<G, S, Req>
    where
        G: Gate,
        S: Service<Req>,
    {
        // Fields are dropped in this order: the call is gone before its permit is free again.
        Calling { #[pin] call: S::Future, permit: G::Permit },
        // In one, so that the way of a call has one branch only.
        NotCalling { #[pin] state: NotCalling<G, S, Req> },
    }
}

pin_project! {
    #[project = NotCallingProj]
    pub(super) enum NotCalling<G, S, Req>
    where
        G: Gate,
        S: Service<Req>,
    {
        Waiting { #[pin] wait: Wait<G, S, Req> },
        // None once it was told, and after a call.
        Ended { error: Option<S::Error> },
    }
}

pin_project! {
    /// Waits for the limit, then for the service.
    pub(super) struct Wait<G, S, Req>
    where
        G: Gate,
    {
        service: S,
        request: Option<Req>,
        #[pin]
        timer: Option<Sleep>,
        claim: G::Claim,
        permit: Option<G::Permit>,
        // It has its permit, and the service was not ready.
        is_readying: bool,
    }
}

impl<G, S, Req> Admitted<G, S, Req>
where
    G: Gate,
    S: Service<Req> + Clone,
    S::Error: From<Rejected> + From<Elapsed>,
    Req: Request,
{
    /// The inner service need not have been polled ready. Nobody has readied it, so nothing is lost by cloning it.
    ///
    /// `finish` makes the future of the layer out of this one. Each branch does that by itself: one made where they meet would be
    /// moved once more. Where the permit is nothing, nothing has to be dropped if the inner service panics, and the inner future is
    /// built in its place.
    #[inline]
    pub(super) fn call<F>(gate: &Arc<G>, inner: &mut S, request: Req, finish: impl FnOnce(Self) -> F) -> F {
        let permit = match gate.arrive(&request) {
            Arrived::Admitted(permit) => permit,
            Arrived::Refused(refusal) => return finish(Self::failed(refusal.into_error())),
            Arrived::HasToWait => return finish(Self::wait(gate, inner.clone(), request, None)),
        };
        // If it is not ready, it is asked again by whoever polls the future, and then wakes that one.
        match inner.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => finish(Self::Calling {
                call: inner.call(request),
                permit,
            }),
            Poll::Ready(Err(error)) => finish(Self::failed(error)),
            Poll::Pending => {
                // The one that was asked gets the request.
                let copy = inner.clone();
                finish(Self::wait(
                    gate,
                    std::mem::replace(inner, copy),
                    request,
                    Some(permit),
                ))
            }
        }
    }

    // Not cold: apart, it would have the future that is called at once moved once more.
    #[inline]
    fn wait(gate: &Arc<G>, service: S, request: Req, permit: Option<G::Permit>) -> Self {
        let wait = Wait {
            service,
            request: Some(request),
            timer: None,
            claim: gate.claim(),
            is_readying: permit.is_some(),
            permit,
        };
        Self::NotCalling {
            state: NotCalling::Waiting { wait },
        }
    }

    #[cold]
    const fn failed(error: S::Error) -> Self {
        Self::ended(Some(error))
    }
}

impl<G, S, Req> Future for Admitted<G, S, Req>
where
    G: Gate,
    S: Service<Req>,
    S::Error: From<Rejected> + From<Elapsed>,
    Req: Request,
{
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match self.as_mut().project() {
                AdmittedProj::Calling { call, .. } => {
                    let result = ready!(call.poll(cx));
                    // Now, and not with this future: others wait for the permit.
                    if needs_drop::<G::Permit>() {
                        self.set(Self::ended(None));
                    }
                    return Poll::Ready(result);
                }
                AdmittedProj::NotCalling { state } => match state.project() {
                    NotCallingProj::Waiting { wait } => match ready!(wait.poll(cx)) {
                        Ok((call, permit)) => self.set(Self::Calling { call, permit }),
                        Err(error) => {
                            self.set(Self::ended(None));
                            return Poll::Ready(Err(error));
                        }
                    },
                    // Polled again after its end, there is nothing left to say.
                    NotCallingProj::Ended { error } => {
                        return error
                            .take()
                            .map_or(Poll::Pending, |error| Poll::Ready(Err(error)));
                    }
                },
            }
        }
    }
}

impl<G, S, Req> Admitted<G, S, Req>
where
    G: Gate,
    S: Service<Req>,
{
    #[inline]
    const fn ended(error: Option<S::Error>) -> Self {
        Self::NotCalling {
            state: NotCalling::Ended { error },
        }
    }
}

/// The inner call with its permit.
type Admission<S, Req, G> =
    Result<(<S as Service<Req>>::Future, <G as Gate>::Permit), <S as Service<Req>>::Error>;

impl<G, S, Req> Wait<G, S, Req>
where
    G: Gate,
    S: Service<Req>,
    S::Error: From<Rejected> + From<Elapsed>,
    Req: Request,
{
    /// The inner call and its permit, once there is one.
    #[cold]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Admission<S, Req, G>> {
        let mut this = self.project();
        // Without a request if it was polled again after the service had panicked.
        let Some(request) = this.request else {
            return Poll::Pending;
        };
        if this.permit.is_none() {
            let admission = this.claim.poll_admitted(cx, this.timer.as_mut(), request);
            match ready!(admission) {
                Ok(permit) => *this.permit = Some(permit),
                Err(refusal) => return Poll::Ready(Err(refusal.into_error())),
            }
        }
        let until = request.context().until();
        let Poll::Ready(readiness) = this.service.poll_ready(cx) else {
            *this.is_readying = true;
            if !until.ends() {
                // One that was set for the queue is of no use any more.
                this.timer.set(None);
                return Poll::Pending;
            }
            // Nobody further out need watch the deadline, so this wait ends by itself, too.
            ready!(poll_until(this.timer, until.at, cx));
            return Poll::Ready(Err(this.claim.overdue(until).into_error()));
        };
        if let Err(error) = readiness {
            return Poll::Ready(Err(error));
        }
        // The timer is rounded up, and readiness may come late: nothing is sent that nobody would wait for.
        if *this.is_readying && until.at <= clock::now() {
            return Poll::Ready(Err(this.claim.overdue(until).into_error()));
        }
        match (this.request.take(), this.permit.take()) {
            (Some(request), Some(permit)) => Poll::Ready(Ok((this.service.call(request), permit))),
            _ => Poll::Pending,
        }
    }
}

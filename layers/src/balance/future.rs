use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::endpoint::Endpoint;
use super::layer::Parts;
use crate::classify::{Classify, Fault, Outcome};
use crate::clock;
use crate::health::Sent;

pin_project! {
    /// The future of [`Balance`](super::Balance).
    pub struct ResponseFuture<F, D, C, Req, Facts, E> {
        #[pin]
        attempt: Option<F>,
        watch: Option<Watch<D, C, Facts>>,
        refused: Option<E>,
        request: PhantomData<fn(Req)>,
    }
}

struct Watch<D, C, Facts> {
    parts: Arc<Parts<D, C>>,
    facts: Facts,
    probation: Probation,
}

/// The node of an attempt, and how it stood. The claim to be the one request of a probation is given back however the attempt ends.
pub(super) struct Probation {
    endpoint: Arc<Endpoint>,
    sent: Sent,
}

impl Probation {
    /// Claims the probation of `endpoint`, if it is on probation and nobody else has it.
    pub(super) fn claim(endpoint: Arc<Endpoint>, now: u64) -> Self {
        let sent = endpoint.passive.send(now);
        Self { endpoint, sent }
    }

    pub(super) const fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }
}

impl Drop for Probation {
    fn drop(&mut self) {
        if self.sent == Sent::Trial {
            self.endpoint.passive.leave_probation();
        }
    }
}

impl<F, D, C, Req, Facts, E> fmt::Debug for ResponseFuture<F, D, C, Req, Facts, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<F, D, C, Req, Facts, E> ResponseFuture<F, D, C, Req, Facts, E> {
    pub(super) const fn new(attempt: F, parts: Arc<Parts<D, C>>, facts: Facts, probation: Probation) -> Self {
        Self {
            attempt: Some(attempt),
            watch: Some(Watch {
                parts,
                facts,
                probation,
            }),
            refused: None,
            request: PhantomData,
        }
    }

    pub(super) const fn unrouted(attempt: F) -> Self {
        Self {
            attempt: Some(attempt),
            watch: None,
            refused: None,
            request: PhantomData,
        }
    }

    pub(super) const fn refused(error: E) -> Self {
        Self {
            attempt: None,
            watch: None,
            refused: Some(error),
            request: PhantomData,
        }
    }
}

impl<F, D, C, Req, Res, E> Future for ResponseFuture<F, D, C, Req, C::Facts, E>
where
    F: Future<Output = Result<Res, E>>,
    C: Classify<Req, Res, E>,
{
    type Output = Result<Res, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(attempt) = this.attempt.as_pin_mut() else {
            return this
                .refused
                .take()
                .map_or(Poll::Pending, |error| Poll::Ready(Err(error)));
        };
        let result = ready!(attempt.poll(cx));
        if let Some(watch) = this.watch.take() {
            let Probation { endpoint, sent } = &watch.probation;
            match watch.parts.classifier.classify(&watch.facts, result.as_ref()) {
                Outcome::Success => endpoint.did_well(*sent),
                Outcome::Failure(failure) => match failure.fault {
                    Fault::Node => endpoint.did_badly(failure.label, clock::now().number(), *sent),
                    // The node answered: whatever is wrong, it is not the node.
                    Fault::Request | Fault::Replicas => endpoint.did_well(*sent),
                    Fault::Load | Fault::Client => {}
                },
            }
        }
        Poll::Ready(result)
    }
}

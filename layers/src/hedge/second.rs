//! The second attempt of a call, from when it is due.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tower_service::Service;

use super::future::{Spare, Watch};
use super::layer::Paid;
use crate::classify::{Applied, AttemptFigures, Beside, Classify, Outcome};
use crate::clock::{self, Moment};
use crate::metrics::HedgeEvent;
use crate::request::Request;
use crate::trace::emit;

pub(super) struct Second<F, E, C> {
    /// Until it is sent.
    paid: Option<Paid<C>>,
    stage: Stage<F>,
    /// What one of the two left behind while the other one goes on.
    failed: Option<Failed<E>>,
}

struct Failed<E> {
    error: E,
    /// From sending it to its failure.
    elapsed: Duration,
    /// How long the other one was under way by then.
    together: Duration,
}

enum Stage<F> {
    /// It is paid for, and the service not ready.
    Readying,
    Sent(Sent<F>),
    /// It has failed, and the first one goes on.
    Over,
}

struct Sent<F> {
    attempt: Pin<Box<F>>,
    started: Moment,
    /// A refusal of the balancer comes with the first poll.
    is_counted: bool,
}

/// How a second attempt ended.
pub(super) enum Ended<T, E> {
    Answered(T),
    NotSent,
    /// With what the first one left behind, if that has failed before.
    Failed(E),
}

impl<F, E, C> Second<F, E, C> {
    pub(super) const fn new(paid: Paid<C>) -> Self {
        Self {
            paid: Some(paid),
            stage: Stage::Readying,
            failed: None,
        }
    }

    /// Keeps the error of the second attempt while the first one goes on.
    pub(super) fn keep(&mut self, error: E) {
        let elapsed = self.under_way();
        self.stage = Stage::Over;
        self.failed = Some(Failed {
            error,
            elapsed,
            together: elapsed,
        });
    }

    /// For how long the second attempt has been.
    fn under_way(&self) -> Duration {
        match &self.stage {
            Stage::Sent(sent) => clock::now().since(sent.started),
            Stage::Readying | Stage::Over => Duration::ZERO,
        }
    }

    /// What the call ends with, if it ends with that of the first attempt.
    pub(super) fn first_ended<S, Req, T>(
        &mut self,
        result: Result<T, E>,
        watch: &Watch<C>,
        spare: &Spare<S, Req>,
    ) -> Option<Result<T, E>>
    where
        S: Service<Req, Response = T, Error = E>,
        C: Classify<Req, T, E>,
        Req: Request,
    {
        let shared = &watch.shared;
        if matches!(self.stage, Stage::Readying) {
            // It is not sent any more.
            self.paid = None;
            return Some(result);
        }
        match result {
            Ok(mut response) => {
                watch.learn();
                // One that has failed before has lost nothing by this.
                if !matches!(self.stage, Stage::Over) {
                    shared.count(HedgeEvent::Lost);
                }
                let elapsed = self.under_way();
                let beside = self.beside(false, spare.request.context().call, elapsed);
                shared.classifier.hedged(&mut response, beside);
                Some(Ok(response))
            }
            Err(error) => {
                let earlier = self.failed.take().map(|failed| failed.error);
                let error = join(watch, spare, earlier, error, watch.started);
                if matches!(self.stage, Stage::Over) {
                    return Some(Err(error));
                }
                self.failed = Some(Failed {
                    error,
                    elapsed: clock::now().since(watch.started),
                    together: self.under_way(),
                });
                None
            }
        }
    }

    /// The one that did not give the answer; it has been under way for so long, unless it has failed.
    fn beside(&mut self, won: bool, call: u32, elapsed: Duration) -> Beside<E> {
        let (failed, elapsed, together) = match self.failed.take() {
            Some(failed) => (Some(failed.error), failed.elapsed, failed.together),
            None => (None, elapsed, self.under_way()),
        };
        Beside {
            won,
            failed,
            call,
            elapsed,
            together,
        }
    }

    /// Sends it when the service is ready, and waits for its end.
    pub(super) fn poll<S, Req>(
        &mut self,
        watch: &Watch<C>,
        spare: &mut Spare<S, Req>,
        cx: &mut Context<'_>,
    ) -> Poll<Ended<S::Response, E>>
    where
        S: Service<Req, Error = E, Future = F>,
        F: Future<Output = Result<S::Response, E>>,
        C: Classify<Req, S::Response, E>,
        Req: Request + Clone,
    {
        let shared = &watch.shared;
        if matches!(self.stage, Stage::Readying) {
            if ready!(spare.service.poll_ready(cx)).is_err() {
                shared.count(HedgeEvent::NoCandidate);
                return Poll::Ready(Ended::NotSent);
            }
            let mut request = spare.request.clone();
            let context = request.context_mut();
            context.attempt = context.attempt.beside();
            self.stage = Stage::Sent(Sent {
                started: clock::now(),
                attempt: Box::pin(spare.service.call(request)),
                is_counted: false,
            });
        }
        let Stage::Sent(sent) = &mut self.stage else {
            return Poll::Pending;
        };
        let polled = sent.attempt.as_mut().poll(cx);
        let started = sent.started;
        if let Poll::Ready(Err(error)) = &polled
            && was_not_sent(watch, spare, error)
        {
            // A layer in between may have made it wait before it refused.
            match self.paid.take() {
                Some(paid) => drop(paid),
                None => shared.give_back(),
            }
            shared.count(HedgeEvent::NoCandidate);
            return Poll::Ready(match self.failed.take() {
                Some(first) => Ended::Failed(first.error),
                None => Ended::NotSent,
            });
        }
        if !std::mem::replace(&mut sent.is_counted, true) {
            if let Some(paid) = self.paid.take() {
                paid.spend();
            }
            shared.count(HedgeEvent::Sent);
            let number = spare.request.context().attempt.number();
            emit(|| tracing::debug!(attempt = number, "a second attempt was made beside a slow one"));
        }
        Poll::Ready(match ready!(polled) {
            Ok(mut response) => {
                watch.confirm(spare.at);
                shared.count(HedgeEvent::Won);
                emit(|| tracing::debug!("the second attempt was faster"));
                let elapsed = clock::now().since(watch.started);
                let beside = self.beside(true, spare.request.context().call, elapsed);
                shared.classifier.hedged(&mut response, beside);
                Ended::Answered(response)
            }
            Err(error) => {
                let earlier = self.failed.take().map(|failed| failed.error);
                Ended::Failed(join(watch, spare, earlier, error, started))
            }
        })
    }
}

/// Did nobody take it? The balancer knows of no node that is well, or a layer in between refused it.
fn was_not_sent<S, C, Req>(watch: &Watch<C>, spare: &Spare<S, Req>, error: &S::Error) -> bool
where
    S: Service<Req>,
    C: Classify<Req, S::Response, S::Error>,
{
    let classifier = &watch.shared.classifier;
    let facts = classifier.facts(&spare.request);
    let outcome = classifier.classify(&facts, Err(error));
    let is_unapplied = matches!(outcome, Outcome::Failure(failure) if failure.applied == Applied::No);
    is_unapplied && classifier.node(Err(error)).is_none()
}

/// The error of one attempt, joined to that of the other one if that has failed before.
fn join<S, C, Req>(
    watch: &Watch<C>,
    spare: &Spare<S, Req>,
    earlier: Option<S::Error>,
    error: S::Error,
    started: Moment,
) -> S::Error
where
    S: Service<Req>,
    C: Classify<Req, S::Response, S::Error>,
    Req: Request,
{
    let classifier = &watch.shared.classifier;
    let facts = classifier.facts(&spare.request);
    let Outcome::Failure(failure) = classifier.classify(&facts, Err(&error)) else {
        return error;
    };
    let figures = AttemptFigures {
        number: spare.request.context().attempt.number(),
        node: classifier.node(Err(&error)),
        queued: spare.request.context().queue_wait(),
        pause: Duration::ZERO,
        elapsed: clock::now().since(started),
        failure,
    };
    classifier.accumulate(earlier, error, &figures)
}

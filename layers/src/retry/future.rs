use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tower_service::Service;

use super::decide::{Once, decide};
use super::layer::Shared;
use crate::classify::{AttemptFigures, Classify, Failure, Outcome, Stop};
use crate::clock::{self, Moment};
use crate::request::Request;
use crate::timer::poll_until;

pin_project! {
    /// The future of [`Retry`](super::Retry).
    pub struct ResponseFuture<S, C, Req, Facts>
    where
        S: Service<Req>,
    {
        #[pin]
        state: State<S::Future>,
        // Polled ready anew before each further attempt.
        service: S,
        shared: Arc<Shared<C>>,
        request: Req,
        facts: Facts,
        // What the failed attempts left behind.
        earlier: Option<S::Error>,
        // Between two attempts, when the earlier one ended.
        attempt_started: Moment,
        // Before the attempt that is running, in nanoseconds.
        pause: u64,
        once: Once,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Attempt { #[pin] attempt: F },
        Pause { #[pin] sleep: Sleep },
        // The timer is made only when the service is not ready at once.
        Readying { #[pin] sleep: Option<Sleep> },
    }
}

impl<S, C, Req, Facts> fmt::Debug for ResponseFuture<S, C, Req, Facts>
where
    S: Service<Req>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<S, C, Req> ResponseFuture<S, C, Req, C::Facts>
where
    S: Service<Req> + Clone,
    C: Classify<Req, S::Response, S::Error>,
    Req: Request + Clone,
{
    /// `ready` was polled ready and makes the first attempt; a clone of it is kept for the others.
    #[inline]
    pub(super) fn start(ready: &mut S, shared: &Arc<Shared<C>>, mut request: Req) -> Self {
        request.context_mut().attempt.begin();
        let now = clock::now();
        shared.budget.deposit(now);
        let facts = shared.classifier.facts(&request);
        let attempt = ready.call(request.clone());
        Self {
            state: State::Attempt { attempt },
            service: ready.clone(),
            shared: Arc::clone(shared),
            request,
            facts,
            earlier: None,
            attempt_started: now,
            pause: 0,
            once: Once::default(),
        }
    }
}

impl<S, C, Req> Future for ResponseFuture<S, C, Req, C::Facts>
where
    S: Service<Req>,
    C: Classify<Req, S::Response, S::Error>,
    Req: Request + Clone,
{
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let this = self.as_mut().project();
            let ended = match this.state.project() {
                StateProj::Attempt { attempt } => {
                    let result = ready!(attempt.poll(cx));
                    let classifier = &this.shared.classifier;
                    let outcome = classifier.classify(this.facts, result.as_ref());
                    match (outcome, result) {
                        (Outcome::Failure(failure), Err(error)) => self.as_mut().failed(failure, error),
                        // A response that the classifier calls a failure is still the caller's to read.
                        (_, Ok(mut response)) => {
                            if this.earlier.is_some() {
                                self.as_mut().recovered(&mut response);
                                return Poll::Ready(Ok(response));
                            }
                            let number = this.request.context().attempt.number();
                            classifier.succeeded(&mut response, number);
                            return Poll::Ready(Ok(response));
                        }
                        (Outcome::Success, Err(error)) => Some(error),
                    }
                }
                StateProj::Pause { .. } | StateProj::Readying { .. } => {
                    ready!(self.as_mut().poll_next(cx))
                }
            };
            if let Some(error) = ended {
                return Poll::Ready(Err(error));
            }
        }
    }
}

// Apart from the way of an attempt that succeeds, so that that one is short.
impl<S, C, Req> ResponseFuture<S, C, Req, C::Facts>
where
    S: Service<Req>,
    C: Classify<Req, S::Response, S::Error>,
    Req: Request + Clone,
{
    /// An attempt succeeded after failures.
    #[cold]
    fn recovered(self: Pin<&mut Self>, response: &mut S::Response) {
        let this = self.project();
        let classifier = &this.shared.classifier;
        if let Some(earlier) = this.earlier.take() {
            classifier.recovered(response, earlier, Duration::from_nanos(*this.pause));
        }
        classifier.succeeded(response, this.request.context().attempt.number());
    }

    /// An attempt failed: the error with which the call ends, unless there is another attempt.
    #[cold]
    fn failed(self: Pin<&mut Self>, failure: Failure, error: S::Error) -> Option<S::Error> {
        let mut this = self.project();
        let now = clock::now();
        let classifier = &this.shared.classifier;
        let figures = AttemptFigures {
            number: this.request.context().attempt.number(),
            node: classifier.node(Err(&error)),
            queued: this.request.context().queue_wait(),
            pause: Duration::from_nanos(*this.pause),
            elapsed: now.since(*this.attempt_started),
            failure,
        };
        let beside = classifier.node_beside(&error);
        let error = classifier.accumulate(this.earlier.take(), error, &figures);
        let elsewhere = classifier.has_alternatives();
        match decide(this.shared, &figures, elsewhere, this.once, this.request, now) {
            Err(stop) => return Some(classifier.finish(error, stop)),
            Ok(pause) => {
                *this.earlier = Some(error);
                *this.attempt_started = now;
                let context = this.request.context_mut();
                context.attempt = context.attempt.next(figures.node, beside, failure.advice);
                // Replacing the state drops the attempt before the pause starts.
                this.state.set(if pause.is_zero() {
                    State::Readying { sleep: None }
                } else {
                    State::Pause { sleep: sleep(pause) }
                });
            }
        }
        None
    }

    /// Waits for the end of the pause and for the service, and begins the next attempt. Ready with the error with which the call
    /// ends, if there is no next one.
    #[cold]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Error>> {
        let mut this = self.project();
        if let StateProj::Pause { sleep } = this.state.as_mut().project() {
            ready!(sleep.poll(cx));
            this.state.set(State::Readying { sleep: None });
        }
        let until = this.request.context().until();
        let classifier = &this.shared.classifier;
        let mut out_of_time = || {
            let stop = Stop::NoTimeLeft(until.limit);
            this.earlier.take().map(|error| classifier.finish(error, stop))
        };
        let Poll::Ready(readiness) = this.service.poll_ready(cx) else {
            // Nobody further out need watch the deadline, so this wait ends by itself, too.
            if let StateProj::Readying { sleep } = this.state.project()
                && until.ends()
                && poll_until(sleep, until.at, cx).is_ready()
                && let Some(error) = out_of_time()
            {
                return Poll::Ready(Some(error));
            }
            return Poll::Pending;
        };
        let _step = clock::new_step();
        let now = clock::now();
        if let Err(error) = readiness {
            // What the attempts before left behind must not be lost: one of them may have been applied.
            let Outcome::Failure(failure) = classifier.classify(this.facts, Err(&error)) else {
                return Poll::Ready(Some(error));
            };
            let figures = AttemptFigures {
                number: this.request.context().attempt.number(),
                node: classifier.node(Err(&error)),
                queued: this.request.context().queue_wait(),
                pause: now.since(*this.attempt_started),
                elapsed: Duration::ZERO,
                failure,
            };
            let error = classifier.accumulate(this.earlier.take(), error, &figures);
            return Poll::Ready(Some(classifier.finish(error, Stop::NotRetryable)));
        }
        // The timer is rounded up and readiness may come late: no attempt that nobody would wait for.
        if until.at <= now
            && let Some(error) = out_of_time()
        {
            return Poll::Ready(Some(error));
        }
        *this.pause = now.nanos_since(*this.attempt_started);
        *this.attempt_started = now;
        let attempt = this.service.call(this.request.clone());
        this.state.set(State::Attempt { attempt });
        Poll::Ready(None)
    }
}

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tower_service::Service;

use super::layer::Shared;
use crate::classify::{Advice, AttemptFigures, Classify, Failure, Outcome, Stop};
use crate::clock;
use crate::request::{Idempotency, Request};

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
        attempt_started: Instant,
        same_node_used: bool,
        backoff_used: bool,
        reprepare_used: bool,
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
    S: Service<Req>,
    C: Classify<Req, S::Response, S::Error>,
    Req: Request + Clone,
{
    pub(super) fn start(mut service: S, shared: Arc<Shared<C>>, request: Req) -> Self {
        let now = clock::now();
        if let Some(budget) = &shared.budget {
            budget.deposit(now);
        }
        let facts = shared.classifier.facts(&request);
        let step = clock::at(now);
        let attempt = service.call(request.clone());
        drop(step);
        Self {
            state: State::Attempt { attempt },
            service,
            shared,
            request,
            facts,
            earlier: None,
            attempt_started: now,
            same_node_used: false,
            backoff_used: false,
            reprepare_used: false,
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

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProj::Attempt { attempt } => {
                    let result = ready!(attempt.poll(cx));
                    let classifier = &this.shared.classifier;
                    let outcome = classifier.classify(this.facts, result.as_ref());
                    let number = this.request.context().attempt.number();
                    let (failure, error) = match (outcome, result) {
                        (Outcome::Failure(failure), Err(error)) => (failure, error),
                        // A response that the classifier calls a failure is still the caller's to read.
                        (_, Ok(mut response)) => {
                            classifier.succeeded(&mut response, number);
                            return Poll::Ready(Ok(response));
                        }
                        (Outcome::Success, Err(error)) => return Poll::Ready(Err(error)),
                    };
                    let now = Instant::now();
                    let node = classifier.node(Err(&error));
                    let figures = AttemptFigures {
                        number,
                        node,
                        elapsed: now.saturating_duration_since(*this.attempt_started),
                        failure,
                    };
                    let error = classifier.accumulate(this.earlier.take(), error, &figures);
                    let used = Used {
                        same_node: this.same_node_used,
                        backoff: this.backoff_used,
                        reprepare: this.reprepare_used,
                    };
                    let idempotent = this.request.idempotency() == Idempotency::Yes;
                    let elsewhere = classifier.has_alternatives();
                    match decide(
                        this.shared,
                        &failure,
                        number,
                        idempotent,
                        elsewhere,
                        used,
                        this.request,
                        now,
                    ) {
                        Err(stop) => return Poll::Ready(Err(classifier.finish(error, stop))),
                        Ok(pause) => {
                            *this.earlier = Some(error);
                            let context = this.request.context_mut();
                            context.attempt = context.attempt.next(node, failure.advice);
                            // Replacing the state drops the attempt before the pause starts.
                            this.state.set(if pause.is_zero() {
                                State::Readying { sleep: None }
                            } else {
                                State::Pause { sleep: sleep(pause) }
                            });
                        }
                    }
                }
                StateProj::Pause { sleep } => {
                    ready!(sleep.poll(cx));
                    this.state.set(State::Readying { sleep: None });
                }
                StateProj::Readying { mut sleep } => {
                    let deadline = this.request.context().deadline();
                    let classifier = &this.shared.classifier;
                    let Poll::Ready(readiness) = this.service.poll_ready(cx) else {
                        // Nobody further out need watch the deadline, so this wait ends by itself, too.
                        let Some(deadline) = deadline else {
                            return Poll::Pending;
                        };
                        if sleep.is_none() {
                            sleep.set(Some(sleep_until(deadline.at)));
                        }
                        if let Some(sleep) = sleep.as_pin_mut() {
                            ready!(sleep.poll(cx));
                        }
                        let Some(error) = this.earlier.take() else {
                            return Poll::Pending;
                        };
                        let stop = Stop::NoTimeLeft(deadline.limit);
                        return Poll::Ready(Err(classifier.finish(error, stop)));
                    };
                    let now = Instant::now();
                    if let Err(error) = readiness {
                        // What the attempts before left behind must not be lost: one of them may have been applied.
                        let outcome = classifier.classify(this.facts, Err(&error));
                        return Poll::Ready(Err(match outcome {
                            Outcome::Success => error,
                            Outcome::Failure(failure) => {
                                let figures = AttemptFigures {
                                    number: this.request.context().attempt.number(),
                                    node: classifier.node(Err(&error)),
                                    elapsed: Duration::ZERO,
                                    failure,
                                };
                                let error = classifier.accumulate(this.earlier.take(), error, &figures);
                                classifier.finish(error, Stop::NotRetryable)
                            }
                        }));
                    }
                    // The timer is rounded up and readiness may come late: no attempt that nobody would wait for.
                    if let Some(deadline) = deadline
                        && now >= deadline.at
                        && let Some(error) = this.earlier.take()
                    {
                        let stop = Stop::NoTimeLeft(deadline.limit);
                        return Poll::Ready(Err(classifier.finish(error, stop)));
                    }
                    *this.attempt_started = now;
                    let step = clock::at(now);
                    let attempt = this.service.call(this.request.clone());
                    drop(step);
                    this.state.set(State::Attempt { attempt });
                }
            }
        }
    }
}

/// What may be used once per call.
struct Used<'a> {
    same_node: &'a mut bool,
    backoff: &'a mut bool,
    reprepare: &'a mut bool,
}

/// The pause before the next attempt, or why there is none.
#[expect(
    clippy::too_many_arguments,
    reason = "the whole state of the decision, in one place"
)]
fn decide<C, Req: Request>(
    shared: &Shared<C>,
    failure: &Failure,
    number: u32,
    idempotent: bool,
    elsewhere: bool,
    used: Used<'_>,
    request: &Req,
    now: Instant,
) -> Result<Duration, Stop> {
    if !failure.may_retry(idempotent) {
        return Err(Stop::NotRetryable);
    }
    let once = match failure.advice {
        Advice::SameOnce => Some(used.same_node),
        Advice::BackoffOnce => Some(used.backoff),
        Advice::Reprepare => Some(used.reprepare),
        Advice::Never | Advice::Next | Advice::Backoff | Advice::NextBackoff => None,
    };
    if once.as_ref().is_some_and(|used| **used) {
        return Err(Stop::NotRetryable);
    }
    let most = request.context().max_retries.unwrap_or(shared.policy.max_retries);
    if number > most {
        return Err(Stop::AttemptsExhausted);
    }
    let at_once = match failure.advice {
        Advice::SameOnce | Advice::Reprepare => true,
        Advice::Next => number == 1 && elsewhere,
        Advice::Never | Advice::Backoff | Advice::BackoffOnce | Advice::NextBackoff => false,
    };
    let pause = if at_once {
        Duration::ZERO
    } else {
        shared.policy.pause(number, &shared.random)
    };
    if let Some(deadline) = request.context().deadline()
        && pause >= deadline.at.saturating_duration_since(now)
    {
        return Err(Stop::NoTimeLeft(deadline.limit));
    }
    if let Some(budget) = &shared.budget
        && !budget.withdraw(now)
    {
        if let Some(metrics) = shared.metrics.get() {
            metrics.budget_exhausted();
        }
        return Err(Stop::BudgetExhausted);
    }
    if let Some(used) = once {
        *used = true;
    }
    if let Some(metrics) = shared.metrics.get() {
        metrics.retried(failure.label);
    }
    Ok(pause)
}

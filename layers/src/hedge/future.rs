use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_service::Service;

use super::layer::Shared;
use crate::classify::{Applied, AttemptFigures, Classify, Outcome};
use crate::clock::{self, Moment};
use crate::metrics::HedgeEvent;
use crate::request::{HedgeClass, Request};
use crate::timer::poll_once_until;

pin_project! {
    /// The future of [`Hedged`](super::Hedged).
    pub struct ResponseFuture<S, C, Req, Facts>
    where
        S: Service<Req>,
    {
        // None once it has failed beside a second one.
        #[pin]
        first: Option<S::Future>,
        // None: it must not have a second one, and nothing is learned from it.
        watch: Option<Watch<C>>,
        // Of a second attempt that may still be made, or is under way.
        spare: Option<Spare<S, Req, Facts>>,
        // Made at the first pending poll.
        #[pin]
        timer: Option<Sleep>,
        second: Second<S::Future>,
        // What one of two attempts left behind while the other one goes on.
        failed: Option<S::Error>,
    }
}

pub(super) struct Watch<C> {
    pub(super) shared: Arc<Shared<C>>,
    pub(super) class: HedgeClass,
    pub(super) started: Moment,
}

/// What a second attempt is made of.
pub(super) struct Spare<S, Req, Facts> {
    pub(super) service: S,
    pub(super) request: Req,
    pub(super) facts: Facts,
    /// When it is due.
    pub(super) at: Moment,
}

enum Second<F> {
    /// It is not time for one.
    Waiting,
    /// It is paid for, and the service not ready.
    Readying,
    Sent(Sent<F>),
    /// There is none, or none any more.
    Over,
}

struct Sent<F> {
    // Boxed, because few calls have one.
    attempt: Pin<Box<F>>,
    started: Moment,
    /// A refusal of the balancer comes with the first poll, and then nothing was sent.
    counted: bool,
}

impl<S, C, Req, Facts> fmt::Debug for ResponseFuture<S, C, Req, Facts>
where
    S: Service<Req>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<S, C, Req, Facts> ResponseFuture<S, C, Req, Facts>
where
    S: Service<Req>,
{
    /// A call that must not have a second attempt.
    #[inline]
    pub(super) fn plain(first: S::Future) -> Self {
        Self::new(first, None, None)
    }

    /// A call that will not have one, and from which is learned.
    #[inline]
    pub(super) fn watched(first: S::Future, watch: Watch<C>) -> Self {
        Self::new(first, Some(watch), None)
    }

    /// A call that may have one.
    #[inline]
    pub(super) fn armed(first: S::Future, watch: Watch<C>, spare: Spare<S, Req, Facts>) -> Self {
        Self::new(first, Some(watch), Some(spare))
    }

    #[inline]
    fn new(first: S::Future, watch: Option<Watch<C>>, spare: Option<Spare<S, Req, Facts>>) -> Self {
        Self {
            first: Some(first),
            watch,
            spare,
            timer: None,
            second: Second::Waiting,
            failed: None,
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
        let this = self.as_mut().project();
        if let Some(first) = this.first.as_pin_mut()
            && let Poll::Ready(result) = first.poll(cx)
        {
            return match (result, &this.second) {
                (Ok(response), Second::Waiting) => {
                    if let Some(watch) = this.watch {
                        watch.learn();
                    }
                    Poll::Ready(Ok(response))
                }
                (Err(error), Second::Waiting) => Poll::Ready(Err(error)),
                (result, _) => self.first_ended(result, cx),
            };
        }
        match this.spare {
            Some(spare) if matches!(this.second, Second::Waiting) => {
                // Polled after the attempt, whose own limit has no timer until this one is over.
                if poll_once_until(this.timer, spare.at, cx).is_pending() {
                    return Poll::Pending;
                }
                self.due(cx)
            }
            Some(_) => self.poll_second(cx),
            None => Poll::Pending,
        }
    }
}

impl<C> Watch<C> {
    /// The first attempt took as long as until now, or longer.
    #[inline]
    fn learn(&self) {
        let took = clock::now().nanos_since(self.started);
        self.shared.learn(self.class, took);
    }

    fn count(&self, event: HedgeEvent) {
        self.shared.count(event);
    }
}

// Apart from the way of a call that needs no second attempt.
impl<S, C, Req> ResponseFuture<S, C, Req, C::Facts>
where
    S: Service<Req>,
    C: Classify<Req, S::Response, S::Error>,
    Req: Request + Clone,
{
    /// The delay has passed.
    #[cold]
    fn due(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<S::Response, S::Error>> {
        let mut this = self.as_mut().project();
        this.timer.set(None);
        // The attempt inside looks at the clock too, and must not see a moment before the delay's end.
        let _step = clock::new_step();
        let now = clock::now();
        *this.second = Second::Over;
        if let (Some(watch), Some(spare)) = (&this.watch, &this.spare)
            && now < spare.request.context().until().at
        {
            if watch.shared.pay(now) {
                *this.second = Second::Readying;
            } else {
                watch.count(HedgeEvent::NoBudget);
            }
        }
        // From here on its own limit has to have a timer.
        if let Some(first) = this.first.as_pin_mut()
            && let Poll::Ready(result) = first.poll(cx)
        {
            return self.first_ended(result, cx);
        }
        self.poll_second(cx)
    }

    #[cold]
    fn first_ended(
        mut self: Pin<&mut Self>,
        result: Result<S::Response, S::Error>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<S::Response, S::Error>> {
        let mut this = self.as_mut().project();
        let (Some(watch), Some(spare)) = (&this.watch, &this.spare) else {
            return Poll::Ready(result);
        };
        if matches!(this.second, Second::Readying) {
            // It was paid for and is not sent any more.
            watch.shared.savings.give_back();
        }
        let is_under_way = matches!(this.second, Second::Sent(_));
        match result {
            Ok(mut response) => {
                watch.learn();
                if is_under_way || this.failed.is_some() {
                    watch.count(HedgeEvent::Lost);
                    watch.shared.classifier.hedged(&mut response, false);
                }
                Poll::Ready(Ok(response))
            }
            Err(error) => {
                if !is_under_way && this.failed.is_none() {
                    return Poll::Ready(Err(error));
                }
                let error = join(watch, spare, this.failed.take(), error, watch.started);
                if !is_under_way {
                    return Poll::Ready(Err(error));
                }
                this.first.set(None);
                *this.failed = Some(error);
                self.poll_second(cx)
            }
        }
    }

    #[cold]
    fn poll_second(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<S::Response, S::Error>> {
        loop {
            let this = self.as_mut().project();
            let (Some(watch), Some(spare)) = (&this.watch, this.spare.as_mut()) else {
                return Poll::Pending;
            };
            match this.second {
                Second::Waiting | Second::Over => return Poll::Pending,
                Second::Readying => match spare.service.poll_ready(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(())) => {
                        let mut request = spare.request.clone();
                        let context = request.context_mut();
                        context.attempt = context.attempt.beside();
                        context.watched_until = Moment::EARLIEST;
                        *this.second = Second::Sent(Sent {
                            started: clock::now(),
                            attempt: Box::pin(spare.service.call(request)),
                            counted: false,
                        });
                    }
                    Poll::Ready(Err(_)) => {
                        watch.shared.savings.give_back();
                        *this.second = Second::Over;
                    }
                },
                Second::Sent(sent) => {
                    let polled = sent.attempt.as_mut().poll(cx);
                    let (is_new, started) = (!sent.counted, sent.started);
                    if let Poll::Ready(Err(error)) = &polled
                        && is_new
                        && was_not_sent(watch, spare, error)
                    {
                        watch.shared.savings.give_back();
                        watch.count(HedgeEvent::NoCandidate);
                        *this.second = Second::Over;
                        continue;
                    }
                    if is_new {
                        sent.counted = true;
                        watch.count(HedgeEvent::Sent);
                    }
                    match polled {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Ok(mut response)) => {
                            watch.learn();
                            watch.count(HedgeEvent::Won);
                            watch.shared.classifier.hedged(&mut response, true);
                            return Poll::Ready(Ok(response));
                        }
                        Poll::Ready(Err(error)) => {
                            *this.second = Second::Over;
                            let error = join(watch, spare, this.failed.take(), error, started);
                            if this.first.is_none() {
                                return Poll::Ready(Err(error));
                            }
                            *this.failed = Some(error);
                        }
                    }
                }
            }
        }
    }
}

/// Did nobody take it? The balancer knows of no node that is well, or a layer in between refused it.
fn was_not_sent<S, C, Req>(watch: &Watch<C>, spare: &Spare<S, Req, C::Facts>, error: &S::Error) -> bool
where
    S: Service<Req>,
    C: Classify<Req, S::Response, S::Error>,
{
    let classifier = &watch.shared.classifier;
    let outcome = classifier.classify(&spare.facts, Err(error));
    let is_unapplied = matches!(outcome, Outcome::Failure(failure) if failure.applied == Applied::No);
    is_unapplied && classifier.node(Err(error)).is_none()
}

/// The error of one attempt, joined to that of the other one if that has failed before.
fn join<S, C, Req>(
    watch: &Watch<C>,
    spare: &Spare<S, Req, C::Facts>,
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
    let Outcome::Failure(failure) = classifier.classify(&spare.facts, Err(&error)) else {
        return error;
    };
    let figures = AttemptFigures {
        number: spare.request.context().attempt.number(),
        node: classifier.node(Err(&error)),
        elapsed: clock::now().since(started),
        failure,
    };
    classifier.accumulate(earlier, error, &figures)
}

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};
use tower_service::Service;

use super::layer::Shared;
use super::second::{Ended, Second};
use crate::classify::Classify;
use crate::clock::{self, Moment};
use crate::metrics::HedgeEvent;
use crate::request::{HedgeClass, Request};
use crate::timer::{Wish, poll_set, wanting};

pin_project! {
    /// The future of [`Hedged`](super::Hedged).
    // What few calls have is in a place of its own: a future of this is moved several times.
    pub struct ResponseFuture<S, C, Req>
    where
        S: Service<Req>,
    {
        // None once it has failed beside a second one.
        #[pin]
        first: Option<S::Future>,
        // None: it must not have a second one, and nothing is learned from it.
        watch: Option<Watch<C>>,
        // None: there will be no second one.
        spare: Option<Spare<S, Req>>,
        // Only where no time limit inside has a timer for the delay.
        timer: Option<Pin<Box<Sleep>>>,
        // None before it is due.
        second: Option<Box<Second<S::Future, S::Error, C>>>,
    }
}

pub(super) struct Watch<C> {
    pub(super) shared: Arc<Shared<C>>,
    class: HedgeClass,
    /// A second one could not be paid for.
    pub(super) goes_without: bool,
    pub(super) started: Moment,
}

/// What a second attempt is made of.
pub(super) struct Spare<S, Req> {
    pub(super) service: S,
    pub(super) request: Req,
    /// When it is due.
    pub(super) at: Moment,
}

impl<S, C, Req> fmt::Debug for ResponseFuture<S, C, Req>
where
    S: Service<Req>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<S, C, Req> ResponseFuture<S, C, Req>
where
    S: Service<Req>,
{
    /// A call that has no second attempt, and from which is learned if it is watched.
    #[inline]
    pub(super) fn alone(first: S::Future, watch: Option<Watch<C>>) -> Self {
        Self {
            first: Some(first),
            watch,
            spare: None,
            timer: None,
            second: None,
        }
    }

    /// A call that may have one.
    #[inline]
    pub(super) fn armed(first: S::Future, watch: Watch<C>, spare: Spare<S, Req>) -> Self {
        Self {
            first: Some(first),
            watch: Some(watch),
            spare: Some(spare),
            timer: None,
            second: None,
        }
    }
}

impl<S, C, Req> Future for ResponseFuture<S, C, Req>
where
    S: Service<Req>,
    C: Classify<Req, S::Response, S::Error>,
    Req: Request + Clone,
{
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_mut().project();
        if this.second.is_some() {
            return self.poll_both(cx);
        }
        let Some(first) = this.first.as_pin_mut() else {
            return Poll::Pending;
        };
        let (polled, wish) = match this.spare {
            Some(spare) if this.timer.is_none() => wanting(spare.at, || first.poll(cx)),
            Some(_) => (first.poll(cx), Wish::Unheard),
            None => (first.poll(cx), Wish::Heard),
        };
        match (polled, wish) {
            (Poll::Ready(result), _) => {
                if let Some(watch) = this.watch {
                    watch.ended(result.is_ok());
                }
                Poll::Ready(result)
            }
            (Poll::Pending, Wish::Heard) => Poll::Pending,
            (Poll::Pending, wish) => self.poll_delay(wish, cx),
        }
    }
}

impl<C> Watch<C> {
    #[inline]
    pub(super) fn new(shared: &Arc<Shared<C>>, class: HedgeClass, started: Moment) -> Self {
        Self {
            shared: Arc::clone(shared),
            class,
            goes_without: false,
            started,
        }
    }

    /// The first attempt ended without a second one.
    #[inline]
    fn ended(&self, is_answered: bool) {
        if self.goes_without {
            let took = clock::now().nanos_since(self.started);
            self.shared.went_without(self.class, took);
        }
        // An error says nothing of how long an answer takes.
        if is_answered {
            self.learn();
        }
    }

    /// The first attempt was not waited for, rightly: that takes longer than the delay, and says no more. Were it to count for longer, a node
    /// that is slow for a while would make the delay so that nothing helps against it.
    pub(super) fn confirm(&self, due: Moment) {
        let delay = due.nanos_since(self.started);
        self.shared.learn(self.class, delay.saturating_sub(1));
    }

    /// The first attempt took as long as until now.
    #[inline]
    pub(super) fn learn(&self) {
        let took = clock::now().nanos_since(self.started);
        self.shared.learn(self.class, took);
    }
}

// Apart from the way of a call that needs no second attempt.
impl<S, C, Req> ResponseFuture<S, C, Req>
where
    S: Service<Req>,
    C: Classify<Req, S::Response, S::Error>,
    Req: Request + Clone,
{
    /// Waits for the delay with a timer of its own, unless it has passed.
    #[cold]
    fn poll_delay(
        mut self: Pin<&mut Self>,
        wish: Wish,
        cx: &mut Context<'_>,
    ) -> Poll<Result<S::Response, S::Error>> {
        let this = self.as_mut().project();
        let (Some(watch), Some(spare)) = (&this.watch, &this.spare) else {
            return Poll::Pending;
        };
        if wish == Wish::Unheard {
            let timer = this
                .timer
                .get_or_insert_with(|| Box::pin(sleep_until(spare.at.instant())));
            if poll_set(timer.as_mut(), spare.at, cx).is_pending() {
                return Poll::Pending;
            }
        }
        *this.timer = None;
        let now = clock::read();
        let until = spare.request.context().until().at;
        if now < until && watch.shared.has_other_nodes::<Req, S::Response, S::Error>() {
            if let Some(paid) = watch.shared.pay(now) {
                *this.second = Some(Box::new(Second::new(paid)));
                return self.poll_second(cx);
            }
            watch.shared.count(HedgeEvent::NoBudget);
        }
        *this.spare = None;
        Poll::Pending
    }

    #[cold]
    fn poll_both(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<S::Response, S::Error>> {
        let mut this = self.as_mut().project();
        if let Some(first) = this.first.as_mut().as_pin_mut()
            && let Poll::Ready(result) = first.poll(cx)
        {
            let (Some(watch), Some(spare), Some(second)) = (&this.watch, &this.spare, &mut this.second)
            else {
                return Poll::Ready(result);
            };
            match second.first_ended(result, watch, spare) {
                Some(result) => return Poll::Ready(result),
                None => this.first.set(None),
            }
        }
        self.poll_second(cx)
    }

    fn poll_second(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<S::Response, S::Error>> {
        let mut this = self.project();
        let (Some(watch), Some(spare), Some(second)) = (&this.watch, &mut this.spare, &mut this.second)
        else {
            return Poll::Pending;
        };
        match second.poll(watch, spare, cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ended::Answered(response)) => Poll::Ready(Ok(response)),
            Poll::Ready(Ended::NotSent) => {
                // As if it had never been due.
                *this.second = None;
                *this.spare = None;
                Poll::Pending
            }
            Poll::Ready(Ended::Failed(error)) if this.first.is_none() => Poll::Ready(Err(error)),
            Poll::Ready(Ended::Failed(error)) => {
                second.keep(error);
                Poll::Pending
            }
        }
    }
}

//! What one request has of the rate.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use super::open::Taken;
use super::turns::{Answer, Turns};
use crate::clock::{self, Moment};
use crate::limit::Reason;
use crate::limit::admitted::{self, Arrived, Gate};
use crate::limit::queue::{Arrival, Place};
use crate::limit::shared::Refusal;
use crate::metrics::InQueue;
use crate::request::{Request, Until};
use crate::timer::poll_until;

impl Gate for Turns {
    /// A turn that was taken is used, however the call ends.
    type Permit = ();
    type Claim = Claim;

    #[inline(always)]
    fn arrive(self: &Arc<Self>, request: &impl Request) -> Arrived<()> {
        let weight = request.weight();
        if weight == 0 {
            return Arrived::Admitted(());
        }
        let now = clock::now();
        let until = request.context().until();
        if until.at <= now {
            return Arrived::Refused(self.shared.counters.elapse(until, Duration::ZERO));
        }
        match self.take_at_once(now, weight) {
            Taken::Yes => {
                self.shared.counters.admit();
                Arrived::Admitted(())
            }
            Taken::No if self.shared.refuses(request.priority()) => {
                Arrived::Refused(self.refuse(Reason::RateQueueFull))
            }
            // Somebody waits: refused here as well, before anything is made ready for a wait that will not be.
            Taken::Ask if self.shared.refuses(request.priority()) => {
                match self.refusal(&arrival(request), now) {
                    Some(reason) => Arrived::Refused(self.refuse(reason)),
                    None => Arrived::HasToWait,
                }
            }
            Taken::No | Taken::Ask => Arrived::HasToWait,
        }
    }

    fn claim(self: &Arc<Self>) -> Claim {
        Claim {
            turns: Arc::clone(self),
            since: clock::now(),
            queued: None,
        }
    }
}

fn arrival(request: &impl Request) -> Arrival {
    Arrival {
        weight: request.weight(),
        priority: request.priority(),
        kind: 0,
    }
}

impl Turns {
    fn refuse(&self, reason: Reason) -> Refusal {
        self.shared.counters.reject(reason)
    }
}

/// Of a request that has to wait.
#[derive(Debug)]
pub(super) struct Claim {
    turns: Arc<Turns>,
    since: Moment,
    queued: Option<Queued>,
}

#[derive(Debug)]
struct Queued {
    place: Place,
    /// Counted as waiting until it goes.
    _gauge: Option<InQueue>,
}

type Admission = Poll<Result<(), Refusal>>;

impl Claim {
    /// Its turn has not come, or others were before it.
    fn join(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Option<Sleep>>,
        request: &impl Request,
    ) -> Admission {
        let now = clock::now();
        let until = request.context().until();
        match self.turns.join(arrival(request), now, until, cx.waker()) {
            Ok(Answer::Admitted) => {
                self.turns.shared.counters.admit();
                Poll::Ready(Ok(()))
            }
            Ok(Answer::Wait(place, at)) => {
                self.queued = Some(Queued {
                    place,
                    _gauge: self.turns.shared.counters.queue(),
                });
                // Its turn comes before its deadline: those that do not were refused.
                match poll_until(timer.as_mut(), at, cx) {
                    Poll::Ready(()) => self.poll_queued(cx, timer, until),
                    Poll::Pending => Poll::Pending,
                }
            }
            Ok(Answer::Evicted) => Poll::Ready(Err(self.turns.refuse(Reason::RateQueueFull))),
            Ok(Answer::TooHeavy) => Poll::Ready(Err(self.turns.refuse(Reason::TooHeavy))),
            Err(refusal) => Poll::Ready(Err(refusal)),
        }
    }

    fn poll_queued(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Option<Sleep>>,
        until: Until,
    ) -> Admission {
        // A second round only if the timer has fired: then its turn or its deadline has come, or its turn has been put
        // off to a later moment.
        while let Some(queued) = self.queued.take() {
            let now = clock::read();
            let at = match self.turns.ask(queued.place, now, cx.waker()) {
                Answer::Admitted => {
                    self.turns.shared.counters.admit_after(now.since(self.since));
                    return Poll::Ready(Ok(()));
                }
                Answer::Evicted => return Poll::Ready(Err(self.turns.refuse(Reason::RateQueueFull))),
                Answer::TooHeavy => return Poll::Ready(Err(self.turns.refuse(Reason::TooHeavy))),
                Answer::Wait(place, turn) => {
                    self.queued = Some(Queued { place, ..queued });
                    turn
                }
            };
            // The grant first, the clock second: a turn that came in time is not thrown away.
            if until.at <= now {
                self.leave();
                return Poll::Ready(Err(self
                    .turns
                    .shared
                    .counters
                    .elapse(until, now.since(self.since))));
            }
            if poll_until(timer.as_mut(), at.min(until.at), cx).is_pending() {
                break;
            }
        }
        Poll::Pending
    }

    fn leave(&mut self) {
        if let Some(Queued { place, .. }) = self.queued.take() {
            self.turns.leave(place);
        }
    }
}

impl admitted::Claim for Claim {
    type Permit = ();

    fn poll_admitted(
        &mut self,
        cx: &mut Context<'_>,
        timer: Pin<&mut Option<Sleep>>,
        request: &impl Request,
    ) -> Admission {
        if self.queued.is_some() {
            return self.poll_queued(cx, timer, request.context().until());
        }
        match Gate::arrive(&self.turns, request) {
            Arrived::Admitted(()) => Poll::Ready(Ok(())),
            Arrived::Refused(refusal) => Poll::Ready(Err(refusal)),
            Arrived::HasToWait => self.join(cx, timer, request),
        }
    }

    fn overdue(&self, until: Until) -> Refusal {
        self.turns.shared.counters.elapse(until, self.since.elapsed())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.leave();
    }
}

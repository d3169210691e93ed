//! What one request has of the rate.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::open::Taken;
use super::turns::{Answer, Turns};
use crate::limit::queue::{Arrival, Place};
use crate::limit::shared::Refusal;
use crate::limit::{Reason, admitted};
use crate::request::{Deadline, Request};

#[derive(Debug)]
pub(super) struct Claim {
    turns: Arc<Turns>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Outside,
    Queued { place: Place, since: Instant },
    Admitted,
}

type Admission = Poll<Result<(), Refusal>>;

impl Claim {
    pub(super) const fn new(turns: Arc<Turns>) -> Self {
        Self {
            turns,
            stage: Stage::Outside,
        }
    }

    fn elapse(&self, deadline: Deadline, waited: Duration) -> Admission {
        Poll::Ready(Err(self.turns.shared.counters.elapse(deadline, waited)))
    }

    fn reject(&self) -> Admission {
        Poll::Ready(Err(self.turns.shared.counters.reject(Reason::RateQueueFull)))
    }

    /// Its turn has not come, or others were before it.
    #[cold]
    fn arrive(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Option<Sleep>>,
        arrival: Arrival,
        now: Instant,
        deadline: Option<Deadline>,
    ) -> Admission {
        match self.turns.arrive(arrival, now, deadline, cx.waker()) {
            Ok(Answer::Admitted) => {
                self.stage = Stage::Admitted;
                self.turns.shared.counters.admit();
                Poll::Ready(Ok(()))
            }
            Ok(Answer::Wait(place, at)) => {
                self.stage = Stage::Queued { place, since: now };
                // Its turn comes before its deadline: those that do not were refused.
                match poll_timer(timer.as_mut(), at, cx) {
                    Poll::Ready(()) => self.poll_queued(cx, timer, deadline),
                    Poll::Pending => Poll::Pending,
                }
            }
            Ok(Answer::Evicted) => self.reject(),
            Err(refusal) => Poll::Ready(Err(refusal)),
        }
    }

    // Out of line, like all that only a waiting request needs, so that the way of the others is short.
    #[cold]
    fn poll_queued(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Option<Sleep>>,
        deadline: Option<Deadline>,
    ) -> Admission {
        // A second round only if the timer has fired: then its turn or its deadline has come, or its turn has been put
        // off to a later moment.
        while let Stage::Queued { place, since } = std::mem::replace(&mut self.stage, Stage::Outside) {
            let now = Instant::now();
            let mut at = match self.turns.ask(place, now, cx.waker()) {
                Answer::Admitted => {
                    self.stage = Stage::Admitted;
                    self.turns.shared.counters.admit_after(now - since);
                    return Poll::Ready(Ok(()));
                }
                Answer::Evicted => {
                    return self.reject();
                }
                Answer::Wait(place, turn) => {
                    self.stage = Stage::Queued { place, since };
                    turn
                }
            };
            // The grant first, the clock second: a turn that came in time is not thrown away.
            if let Some(deadline) = deadline {
                if deadline.at <= now {
                    self.let_go();
                    return self.elapse(deadline, now - since);
                }
                at = at.min(deadline.at);
            }
            if poll_timer(timer.as_mut(), at, cx).is_pending() {
                break;
            }
        }
        Poll::Pending
    }

    #[inline]
    fn let_go(&mut self) {
        if let Stage::Queued { .. } = self.stage {
            self.leave();
        }
    }

    #[cold]
    fn leave(&mut self) {
        if let Stage::Queued { place, .. } = std::mem::replace(&mut self.stage, Stage::Outside) {
            self.turns.leave(place);
        }
    }
}

#[cold]
fn poll_timer(mut timer: Pin<&mut Option<Sleep>>, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
    match timer.as_mut().as_pin_mut() {
        Some(timer) if timer.deadline() == at => {}
        Some(timer) => timer.reset(at),
        None => timer.set(Some(sleep_until(at))),
    }
    match timer.as_pin_mut() {
        Some(timer) => timer.poll(cx),
        None => Poll::Pending,
    }
}

impl admitted::Claim for Claim {
    #[inline(always)]
    fn poll_admitted(
        &mut self,
        cx: &mut Context<'_>,
        timer: Pin<&mut Option<Sleep>>,
        request: &impl Request,
    ) -> Admission {
        match self.stage {
            Stage::Admitted => return Poll::Ready(Ok(())),
            Stage::Queued { .. } => return self.poll_queued(cx, timer, request.context().deadline()),
            Stage::Outside => {}
        }
        let weight = request.weight();
        if weight == 0 {
            return Poll::Ready(Ok(()));
        }
        let now = Instant::now();
        let deadline = request.context().deadline();
        if let Some(deadline) = deadline
            && deadline.at <= now
        {
            return self.elapse(deadline, Duration::ZERO);
        }
        match self.turns.take_at_once(now, weight) {
            Taken::Yes => {
                self.stage = Stage::Admitted;
                self.turns.shared.counters.admit();
                Poll::Ready(Ok(()))
            }
            Taken::No if self.turns.shared.refuses(request.priority()) => self.reject(),
            Taken::No | Taken::Ask => {
                let arrival = Arrival {
                    weight,
                    priority: request.priority(),
                    kind: 0,
                };
                self.arrive(cx, timer, arrival, now, deadline)
            }
        }
    }

    #[inline]
    fn release(&mut self) {
        self.let_go();
    }
}

impl Drop for Claim {
    #[inline]
    fn drop(&mut self) {
        self.let_go();
    }
}

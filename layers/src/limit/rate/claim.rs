//! What one request has of the rate.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::turns::{Answer, Turns};
use crate::limit::admitted;
use crate::limit::queue::Place;
use crate::limit::shared::Refusal;
use crate::request::Deadline;

#[derive(Debug)]
pub(super) struct Claim {
    turns: Arc<Turns>,
    weight: u32,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Outside,
    Queued { place: Place, since: Instant },
    Admitted,
}

impl Claim {
    pub(super) const fn new(turns: Arc<Turns>, weight: u32) -> Self {
        Self {
            turns,
            weight,
            stage: Stage::Outside,
        }
    }

    fn admit(&mut self) -> Poll<Result<(), Refusal>> {
        self.stage = Stage::Admitted;
        self.turns.shared.counters.admit();
        Poll::Ready(Ok(()))
    }

    fn elapse(&self, deadline: Deadline, waited: Duration) -> Poll<Result<(), Refusal>> {
        Poll::Ready(Err(self.turns.shared.counters.elapse(deadline, waited)))
    }

    // Out of line, like all that only a waiting request needs, so that the way of the others is short.
    #[cold]
    fn poll_queued(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Option<Sleep>>,
        deadline: Option<Deadline>,
    ) -> Poll<Result<(), Refusal>> {
        // A second round only if the timer has fired: then its turn or its deadline has come, or its turn has been put
        // off to a later moment.
        while let Stage::Queued { place, since } = std::mem::replace(&mut self.stage, Stage::Outside) {
            let now = Instant::now();
            let mut at = match self.turns.ask(place, now, cx.waker()) {
                Answer::Admitted => return self.admit(),
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
    fn poll_admitted(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Option<Sleep>>,
        deadline: Option<Deadline>,
    ) -> Poll<Result<(), Refusal>> {
        match self.stage {
            Stage::Admitted => Poll::Ready(Ok(())),
            Stage::Queued { .. } => self.poll_queued(cx, timer, deadline),
            Stage::Outside if self.weight == 0 => Poll::Ready(Ok(())),
            Stage::Outside => {
                let now = Instant::now();
                if let Some(deadline) = deadline
                    && deadline.at <= now
                {
                    return self.elapse(deadline, Duration::ZERO);
                }
                match self.turns.arrive(self.weight, now, deadline, cx.waker()) {
                    Ok(Answer::Admitted) => self.admit(),
                    Ok(Answer::Wait(place, at)) => {
                        self.stage = Stage::Queued { place, since: now };
                        // Its turn comes before its deadline: those that do not were refused.
                        match poll_timer(timer.as_mut(), at, cx) {
                            Poll::Ready(()) => self.poll_queued(cx, timer, deadline),
                            Poll::Pending => Poll::Pending,
                        }
                    }
                    Err(refusal) => Poll::Ready(Err(refusal)),
                }
            }
        }
    }

    fn release(&mut self) {
        self.let_go();
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.let_go();
    }
}

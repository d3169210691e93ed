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
}

impl admitted::Claim for Claim {
    fn poll_admitted(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Option<Sleep>>,
        deadline: Option<Deadline>,
    ) -> Poll<Result<(), Refusal>> {
        if self.weight == 0 || matches!(self.stage, Stage::Admitted) {
            return Poll::Ready(Ok(()));
        }
        loop {
            let now = Instant::now();
            let (answer, since) = match std::mem::replace(&mut self.stage, Stage::Outside) {
                Stage::Queued { place, since } => (self.turns.ask(place, now, cx.waker()), since),
                Stage::Outside | Stage::Admitted => {
                    if let Some(deadline) = deadline
                        && deadline.at <= now
                    {
                        return Poll::Ready(Err(self.turns.shared.counters.elapse(deadline, Duration::ZERO)));
                    }
                    match self.turns.arrive(self.weight, now, deadline, cx.waker()) {
                        Ok(answer) => (answer, now),
                        Err(refusal) => return Poll::Ready(Err(refusal)),
                    }
                }
            };
            let Answer::Wait(place, turn) = answer else {
                self.stage = Stage::Admitted;
                self.turns.shared.counters.admit();
                return Poll::Ready(Ok(()));
            };
            self.stage = Stage::Queued { place, since };
            // The grant first, the clock second: a turn that came in time is not thrown away.
            let mut at = turn;
            if let Some(deadline) = deadline {
                if deadline.at <= now {
                    self.let_go();
                    let refusal = self.turns.shared.counters.elapse(deadline, now - since);
                    return Poll::Ready(Err(refusal));
                }
                at = at.min(deadline.at);
            }
            match timer.as_mut().as_pin_mut() {
                Some(timer) if timer.deadline() == at => {}
                Some(timer) => timer.reset(at),
                None => timer.set(Some(sleep_until(at))),
            }
            // When it fires, its turn or the deadline has come, or the turn has been put off: no second round without
            // a later moment.
            if let Some(timer) = timer.as_mut().as_pin_mut()
                && timer.poll(cx).is_pending()
            {
                return Poll::Pending;
            }
        }
    }

    fn release(&mut self) {
        self.let_go();
    }
}

impl Claim {
    fn let_go(&mut self) {
        if let Stage::Queued { place, .. } = std::mem::replace(&mut self.stage, Stage::Outside) {
            self.turns.leave(place);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.let_go();
    }
}

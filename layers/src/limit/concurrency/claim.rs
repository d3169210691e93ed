//! What one request has of the permits.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::permits::{Answer, Permits};
use crate::limit::Reason;
use crate::limit::admitted;
use crate::limit::queue::{Place, Verdict};
use crate::limit::shared::Refusal;
use crate::request::Deadline;

#[derive(Debug)]
pub(super) struct Claim {
    permits: Arc<Permits>,
    weight: u32,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Nothing, before or after.
    Outside,
    /// `since` is read only where there is a deadline.
    Queued { place: Place, since: Option<Instant> },
    /// `weight` permits, from admission until the call has ended.
    Holding,
}

impl Claim {
    pub(super) const fn new(permits: Arc<Permits>, weight: u32) -> Self {
        Self {
            permits,
            weight,
            stage: Stage::Outside,
        }
    }

    fn admit(&mut self) -> Poll<Result<(), Refusal>> {
        self.stage = Stage::Holding;
        self.permits.shared.counters.admit();
        Poll::Ready(Ok(()))
    }

    fn reject(&self, reason: Reason) -> Poll<Result<(), Refusal>> {
        Poll::Ready(Err(self.permits.shared.counters.reject(reason)))
    }

    fn elapse(&self, deadline: Deadline, waited: Duration) -> Poll<Result<(), Refusal>> {
        Poll::Ready(Err(self.permits.shared.counters.elapse(deadline, waited)))
    }

    // Out of line, like all that only a waiting request needs, so that the way of the others is short.
    #[cold]
    fn poll_queued(
        &mut self,
        cx: &mut Context<'_>,
        timer: Pin<&mut Option<Sleep>>,
        deadline: Option<Deadline>,
    ) -> Poll<Result<(), Refusal>> {
        if let Stage::Queued { place, since } = std::mem::replace(&mut self.stage, Stage::Outside) {
            match self.permits.ask(place, cx.waker()) {
                Answer::Wait(place) => self.stage = Stage::Queued { place, since },
                Answer::Settled(Verdict::Granted) => return self.admit(),
                Answer::Settled(Verdict::Refused | Verdict::Waiting) => return self.reject(Reason::TooHeavy),
            }
        }
        self.poll_clock(cx, timer, deadline)
    }

    /// The grant first, the clock second: a permit that came in time is not thrown away.
    #[cold]
    fn poll_clock(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Option<Sleep>>,
        deadline: Option<Deadline>,
    ) -> Poll<Result<(), Refusal>> {
        let Some(deadline) = deadline else {
            return Poll::Pending;
        };
        if timer.is_none() {
            timer.set(Some(sleep_until(deadline.at)));
        }
        if let Some(timer) = timer.as_pin_mut()
            && timer.poll(cx).is_pending()
        {
            return Poll::Pending;
        }
        let waited = match self.stage {
            Stage::Queued {
                since: Some(since), ..
            } => since.elapsed(),
            _ => Duration::ZERO,
        };
        self.let_go();
        self.elapse(deadline, waited)
    }

    fn let_go(&mut self) {
        match self.stage {
            Stage::Outside => {}
            Stage::Holding => {
                self.stage = Stage::Outside;
                self.permits.give_back(self.weight);
            }
            Stage::Queued { .. } => self.leave(),
        }
    }

    #[cold]
    fn leave(&mut self) {
        if let Stage::Queued { place, .. } = std::mem::replace(&mut self.stage, Stage::Outside) {
            self.permits.leave(place, self.weight);
        }
    }
}

impl admitted::Claim for Claim {
    fn poll_admitted(
        &mut self,
        cx: &mut Context<'_>,
        timer: Pin<&mut Option<Sleep>>,
        deadline: Option<Deadline>,
    ) -> Poll<Result<(), Refusal>> {
        match self.stage {
            Stage::Holding => Poll::Ready(Ok(())),
            Stage::Queued { .. } => self.poll_queued(cx, timer, deadline),
            Stage::Outside if self.weight == 0 => Poll::Ready(Ok(())),
            Stage::Outside => {
                let mut since = None;
                if let Some(deadline) = deadline {
                    let now = Instant::now();
                    if deadline.at <= now {
                        return self.elapse(deadline, Duration::ZERO);
                    }
                    since = Some(now);
                }
                match self.permits.arrive(self.weight, cx.waker()) {
                    Ok(None) => self.admit(),
                    Ok(Some(place)) => {
                        self.stage = Stage::Queued { place, since };
                        self.poll_clock(cx, timer, deadline)
                    }
                    Err(reason) => self.reject(reason),
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

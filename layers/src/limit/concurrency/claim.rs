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
}

impl admitted::Claim for Claim {
    fn poll_admitted(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Option<Sleep>>,
        deadline: Option<Deadline>,
    ) -> Poll<Result<(), Refusal>> {
        if self.weight == 0 {
            return Poll::Ready(Ok(()));
        }
        let since = match std::mem::replace(&mut self.stage, Stage::Outside) {
            Stage::Holding => {
                self.stage = Stage::Holding;
                return Poll::Ready(Ok(()));
            }
            Stage::Outside => {
                let now = deadline.map(|deadline| (deadline, Instant::now()));
                if let Some((deadline, now)) = now
                    && deadline.at <= now
                {
                    let refusal = self.permits.shared.counters.elapse(deadline, Duration::ZERO);
                    return Poll::Ready(Err(refusal));
                }
                let since = now.map(|(_, now)| now);
                match self.permits.arrive(self.weight, cx.waker()) {
                    Ok(None) => return self.admit(),
                    Ok(Some(place)) => self.stage = Stage::Queued { place, since },
                    Err(reason) => return self.reject(reason),
                }
                since
            }
            Stage::Queued { place, since } => {
                match self.permits.ask(place, cx.waker()) {
                    Answer::Wait(place) => self.stage = Stage::Queued { place, since },
                    Answer::Settled(Verdict::Granted) => return self.admit(),
                    Answer::Settled(Verdict::Refused | Verdict::Waiting) => {
                        return self.reject(Reason::TooHeavy);
                    }
                }
                since
            }
        };
        // The grant first, the clock second: a permit that came in time is not thrown away.
        let Some(deadline) = deadline else {
            return Poll::Pending;
        };
        if timer.is_none() {
            timer.set(Some(sleep_until(deadline.at)));
        }
        if let Some(timer) = timer.as_pin_mut()
            && timer.poll(cx).is_ready()
        {
            self.let_go();
            let waited = since.map_or(Duration::ZERO, |since| since.elapsed());
            let refusal = self.permits.shared.counters.elapse(deadline, waited);
            return Poll::Ready(Err(refusal));
        }
        Poll::Pending
    }

    fn release(&mut self) {
        self.let_go();
    }
}

impl Claim {
    fn let_go(&mut self) {
        match std::mem::replace(&mut self.stage, Stage::Outside) {
            Stage::Outside => {}
            Stage::Queued { place, .. } => self.permits.leave(place, self.weight),
            Stage::Holding => self.permits.give_back(self.weight),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.let_go();
    }
}

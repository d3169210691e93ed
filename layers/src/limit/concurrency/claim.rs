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
use crate::limit::queue::{Arrival, Place, Verdict};
use crate::limit::shared::Refusal;
use crate::request::{Deadline, Request};

#[derive(Debug)]
pub(super) struct Claim {
    permits: Arc<Permits>,
    weight: u32,
    kind: u8,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Nothing, before or after.
    Outside,
    Queued {
        place: Place,
        since: Instant,
    },
    /// `weight` permits, from admission until the call has ended.
    Holding,
}

type Admission = Poll<Result<(), Refusal>>;

impl Claim {
    pub(super) const fn new(permits: Arc<Permits>) -> Self {
        Self {
            permits,
            weight: 0,
            kind: 0,
            stage: Stage::Outside,
        }
    }

    fn reject(&self, reason: Reason) -> Admission {
        Poll::Ready(Err(self.permits.shared.counters.reject(reason)))
    }

    fn elapse(&self, deadline: Deadline, waited: Duration) -> Admission {
        Poll::Ready(Err(self.permits.shared.counters.elapse(deadline, waited)))
    }

    /// There is neither a permit nor a place in the queue.
    #[cold]
    fn refuse(&self) -> Admission {
        let too_heavy = self.weight > self.permits.counter.limit();
        self.reject(if too_heavy {
            Reason::TooHeavy
        } else {
            Reason::ConcurrencyQueueFull
        })
    }

    /// It has a share, or there are no permits, or others were before it. `now` is the time if it was needed before.
    #[cold]
    fn arrive(
        &mut self,
        cx: &mut Context<'_>,
        timer: Pin<&mut Option<Sleep>>,
        request: &impl Request,
        now: Option<Instant>,
    ) -> Admission {
        let since = now.unwrap_or_else(Instant::now);
        let arrival = Arrival {
            weight: self.weight,
            priority: request.priority(),
            kind: self.kind,
        };
        match self.permits.arrive(arrival, cx.waker()) {
            Ok(None) => {
                self.stage = Stage::Holding;
                self.permits.shared.counters.admit();
                Poll::Ready(Ok(()))
            }
            Ok(Some(place)) => {
                self.stage = Stage::Queued { place, since };
                self.poll_clock(cx, timer, request.context().deadline())
            }
            Err(reason) => self.reject(reason),
        }
    }

    // Out of line, like all that only a waiting request needs, so that the way of the others is short.
    #[cold]
    fn poll_queued(
        &mut self,
        cx: &mut Context<'_>,
        timer: Pin<&mut Option<Sleep>>,
        deadline: Option<Deadline>,
    ) -> Admission {
        if let Stage::Queued { place, since } = std::mem::replace(&mut self.stage, Stage::Outside) {
            match self.permits.ask(place, cx.waker()) {
                Answer::Wait(place) => self.stage = Stage::Queued { place, since },
                Answer::Settled(Verdict::Granted) => {
                    self.stage = Stage::Holding;
                    self.permits.shared.counters.admit_after(since.elapsed());
                    return Poll::Ready(Ok(()));
                }
                Answer::Settled(Verdict::Evicted) => return self.reject(Reason::ConcurrencyQueueFull),
                Answer::Settled(Verdict::Refused | Verdict::Waiting) => return self.reject(Reason::TooHeavy),
            }
        }
        self.poll_clock(cx, timer, deadline)
    }

    /// The grant first, the clock second: a permit that came in time is not thrown away.
    fn poll_clock(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Option<Sleep>>,
        deadline: Option<Deadline>,
    ) -> Admission {
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
            Stage::Queued { since, .. } => since.elapsed(),
            _ => Duration::ZERO,
        };
        self.let_go();
        self.elapse(deadline, waited)
    }

    #[inline]
    fn let_go(&mut self) {
        match self.stage {
            Stage::Outside => {}
            Stage::Holding => {
                self.stage = Stage::Outside;
                self.permits.give_back(self.weight, self.kind);
            }
            Stage::Queued { .. } => self.leave(),
        }
    }

    #[cold]
    fn leave(&mut self) {
        if let Stage::Queued { place, .. } = std::mem::replace(&mut self.stage, Stage::Outside) {
            self.permits.leave(place, self.weight, self.kind);
        }
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
            Stage::Holding => return Poll::Ready(Ok(())),
            Stage::Queued { .. } => return self.poll_queued(cx, timer, request.context().deadline()),
            Stage::Outside => {}
        }
        self.weight = request.weight();
        if self.weight == 0 {
            return Poll::Ready(Ok(()));
        }
        let mut now = None;
        if let Some(deadline) = request.context().deadline() {
            let time = Instant::now();
            if deadline.at <= time {
                return self.elapse(deadline, Duration::ZERO);
            }
            now = Some(time);
        }
        self.kind = self.permits.kind(request);
        if self.kind == 0 {
            if self.permits.counter.take_at_once(self.weight) {
                self.stage = Stage::Holding;
                self.permits.shared.counters.admit();
                return Poll::Ready(Ok(()));
            }
            if self.permits.is_shut(request.priority()) {
                return self.refuse();
            }
        }
        self.arrive(cx, timer, request, now)
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

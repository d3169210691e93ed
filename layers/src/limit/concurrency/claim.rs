//! What one request has of the permits.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use super::permits::{Answer, Permits};
use crate::clock::{self, Moment};
use crate::limit::Reason;
use crate::limit::admitted::{self, Arrived, Gate};
use crate::limit::queue::{Arrival, Place, Verdict};
use crate::limit::shared::Refusal;
use crate::metrics::InQueue;
use crate::request::{Request, Until};
use crate::timer::poll_until;

/// So many permits, from admission until the call has ended. A request of weight 0 holds none.
#[derive(Debug)]
pub(super) struct Permit {
    permits: Arc<Permits>,
    weight: u32,
    kind: u8,
}

impl Drop for Permit {
    #[inline]
    fn drop(&mut self) {
        if self.weight != 0 {
            self.permits.give_back(self.weight, self.kind);
        }
    }
}

impl Gate for Permits {
    type Permit = Permit;
    type Claim = Claim;

    #[inline(always)]
    fn arrive(self: &Arc<Self>, request: &impl Request) -> Arrived<Permit> {
        let weight = request.weight();
        if weight != 0 {
            let until = request.context().until();
            if until.ends() && until.at <= clock::now() {
                return Arrived::Refused(self.shared.counters.elapse(until, Duration::ZERO));
            }
            // What a share has taken is known under the lock only.
            if self.kind(request) != 0 {
                return Arrived::HasToWait;
            }
            if !self.counter.take_at_once(weight) {
                return self.without_permits(request);
            }
            self.shared.counters.admit();
        }
        Arrived::Admitted(Permit {
            permits: Arc::clone(self),
            weight,
            kind: 0,
        })
    }

    fn claim(self: &Arc<Self>) -> Claim {
        Claim {
            permits: Arc::clone(self),
            since: clock::now(),
            queued: None,
        }
    }
}

impl Permits {
    #[cold]
    fn without_permits(&self, request: &impl Request) -> Arrived<Permit> {
        if !self.is_shut(request.priority()) {
            return Arrived::HasToWait;
        }
        // There is neither a permit nor a place in the queue.
        let too_heavy = request.weight() > self.counter.limit();
        Arrived::Refused(self.shared.counters.reject(if too_heavy {
            Reason::TooHeavy
        } else {
            Reason::ConcurrencyQueueFull
        }))
    }
}

/// Of a request that has to wait.
#[derive(Debug)]
pub(super) struct Claim {
    permits: Arc<Permits>,
    since: Moment,
    queued: Option<Queued>,
}

#[derive(Debug)]
struct Queued {
    place: Place,
    weight: u32,
    kind: u8,
    /// Counted as waiting until it goes.
    _gauge: Option<InQueue>,
}

type Admission = Poll<Result<Permit, Refusal>>;

impl Claim {
    fn permit(&self, weight: u32, kind: u8) -> Permit {
        Permit {
            permits: Arc::clone(&self.permits),
            weight,
            kind,
        }
    }

    fn reject(&self, reason: Reason) -> Admission {
        Poll::Ready(Err(self.permits.shared.counters.reject(reason)))
    }

    /// It has a share, or there are no permits, or others were before it.
    fn join(
        &mut self,
        cx: &mut Context<'_>,
        timer: Pin<&mut Option<Sleep>>,
        request: &impl Request,
    ) -> Admission {
        let (weight, kind) = (request.weight(), self.permits.kind(request));
        let arrival = Arrival {
            weight,
            priority: request.priority(),
            kind,
        };
        match self.permits.join(arrival, cx.waker()) {
            Ok(None) => {
                self.permits.shared.counters.admit();
                Poll::Ready(Ok(self.permit(weight, kind)))
            }
            Ok(Some(place)) => {
                self.queued = Some(Queued {
                    place,
                    weight,
                    kind,
                    _gauge: self.permits.shared.counters.queue(),
                });
                self.poll_clock(cx, timer, request.context().until())
            }
            Err(reason) => self.reject(reason),
        }
    }

    fn poll_queued(
        &mut self,
        cx: &mut Context<'_>,
        timer: Pin<&mut Option<Sleep>>,
        queued: Queued,
        until: Until,
    ) -> Admission {
        match self.permits.ask(queued.place, cx.waker()) {
            Answer::Wait(place) => {
                self.queued = Some(Queued { place, ..queued });
                self.poll_clock(cx, timer, until)
            }
            Answer::Settled(Verdict::Granted) => {
                self.permits.shared.counters.admit_after(self.since.elapsed());
                Poll::Ready(Ok(self.permit(queued.weight, queued.kind)))
            }
            Answer::Settled(Verdict::Evicted) => self.reject(Reason::ConcurrencyQueueFull),
            Answer::Settled(Verdict::Refused | Verdict::Waiting) => self.reject(Reason::TooHeavy),
        }
    }

    /// The grant first, the clock second: a permit that came in time is not thrown away.
    fn poll_clock(
        &mut self,
        cx: &mut Context<'_>,
        timer: Pin<&mut Option<Sleep>>,
        until: Until,
    ) -> Admission {
        if !until.ends() {
            return Poll::Pending;
        }
        ready!(poll_until(timer, until.at, cx));
        self.leave();
        Poll::Ready(Err(admitted::Claim::overdue(self, until)))
    }

    fn leave(&mut self) {
        if let Some(Queued {
            place, weight, kind, ..
        }) = self.queued.take()
        {
            self.permits.leave(place, weight, kind);
        }
    }
}

impl admitted::Claim for Claim {
    type Permit = Permit;

    fn poll_admitted(
        &mut self,
        cx: &mut Context<'_>,
        timer: Pin<&mut Option<Sleep>>,
        request: &impl Request,
    ) -> Admission {
        if let Some(queued) = self.queued.take() {
            return self.poll_queued(cx, timer, queued, request.context().until());
        }
        match Gate::arrive(&self.permits, request) {
            Arrived::Admitted(permit) => Poll::Ready(Ok(permit)),
            Arrived::Refused(refusal) => Poll::Ready(Err(refusal)),
            Arrived::HasToWait => self.join(cx, timer, request),
        }
    }

    fn overdue(&self, until: Until) -> Refusal {
        self.permits.shared.counters.elapse(until, self.since.elapsed())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.leave();
    }
}

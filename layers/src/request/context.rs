use std::time::Duration;

use super::limits::{Deadline, Limit, OwnLimit, Packed, Until};
use super::{Attempt, NodeId};
use crate::balance::Ticket;
use crate::clock::Moment;

/// What the layers leave on a request for each other. A clone shares nothing: it has no ticket.
// Every layer moves it along with the request, so it is kept small.
#[derive(Debug)]
pub struct Context {
    // In two parts, which leaves room for the number of the call.
    until: Moment,
    until_by: Limit,
    /// Names the attempts that are made beside each other, as long as they are unanswered; 0 where there is but one.
    pub(crate) call: u32,
    call_limit: Packed,
    attempt_limit: Packed,
    /// The request's own number of retries, in place of that of the policy.
    pub max_retries: Option<u32>,
    /// Which attempt this is.
    pub attempt: Attempt,
    pub(crate) ticket: Option<Ticket>,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            until: Until::NEVER.at,
            until_by: Until::NEVER.limit,
            call: 0,
            call_limit: Packed::DEFAULT,
            attempt_limit: Packed::DEFAULT,
            max_retries: None,
            attempt: Attempt::default(),
            ticket: None,
        }
    }
}

impl Clone for Context {
    // A ticket stands for one attempt that is under way; the copy of a request kept for a retry is not under way.
    #[inline]
    fn clone(&self) -> Self {
        Self {
            until: self.until,
            until_by: self.until_by,
            call: self.call,
            call_limit: self.call_limit,
            attempt_limit: self.attempt_limit,
            max_retries: self.max_retries,
            attempt: self.attempt.clone(),
            ticket: None,
        }
    }
}

impl Context {
    /// The deadline that holds now.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        let until = self.until();
        until.ends().then(|| Deadline {
            at: until.at.instant(),
            limit: until.limit,
        })
    }

    /// Sets a deadline, unless there is an earlier one. A deadline can only be shortened.
    pub fn shorten(&mut self, deadline: Deadline) {
        self.shorten_to(Until {
            at: Moment::of(deadline.at),
            limit: deadline.limit,
        });
    }

    #[inline]
    pub(crate) const fn until(&self) -> Until {
        Until {
            at: self.until,
            limit: self.until_by,
        }
    }

    #[inline]
    pub(crate) fn shorten_to(&mut self, until: Until) {
        if until.at < self.until {
            self.until = until.at;
            self.until_by = until.limit;
        }
    }

    /// The request's own call limit.
    #[must_use]
    pub const fn call_limit(&self) -> OwnLimit {
        self.call_limit.unpack()
    }

    /// Sets the request's own call limit. More than 584 years count as off.
    pub const fn set_call_limit(&mut self, limit: OwnLimit) {
        self.call_limit = Packed::of(limit);
    }

    /// The request's own attempt limit.
    #[must_use]
    pub const fn attempt_limit(&self) -> OwnLimit {
        self.attempt_limit.unpack()
    }

    /// Sets the request's own attempt limit. More than 584 years count as off.
    pub const fn set_attempt_limit(&mut self, limit: OwnLimit) {
        self.attempt_limit = Packed::of(limit);
    }

    #[inline]
    pub(crate) const fn packed_limit(&self, limit: Limit) -> Packed {
        match limit {
            Limit::Attempt => self.attempt_limit,
            Limit::Call | Limit::Deadline => self.call_limit,
        }
    }

    /// How long limits have made this call wait so far, for their turn or for the service behind them: 0 for one that found everything free. Up
    /// to 71 minutes, in microseconds.
    #[must_use]
    pub const fn queue_wait(&self) -> Duration {
        self.attempt.queued()
    }

    /// Notes that a limit has made it wait. Every attempt from now on knows of it.
    pub fn add_queue_wait(&mut self, waited: Duration) {
        self.attempt.add_queued(waited);
    }

    /// The value of this type that a layer of one's own has left on the request; see [`set_extension`](Self::set_extension).
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.attempt.extensions()?.get()
    }

    /// Leaves a value for layers of one's own, in place of one of the same type: a tenant, a trace, a tag. It travels inwards with the
    /// request, and every repetition and every page has it too; those outside do not see it. `Debug` shows how many there are, and none of them.
    pub fn set_extension<T: Send + Sync + 'static>(&mut self, value: T) {
        self.attempt.extensions_mut().insert(value);
    }

    /// The node the balancer has chosen for this attempt.
    #[must_use]
    pub fn target(&self) -> Option<NodeId> {
        self.ticket.as_ref().map(|ticket| ticket.endpoint().id())
    }

    /// The ticket of this attempt, as long as the leaf has not taken it.
    #[must_use]
    pub const fn ticket(&self) -> Option<&Ticket> {
        self.ticket.as_ref()
    }

    /// Takes the ticket. The leaf keeps it until the node has answered, and no shorter.
    pub const fn take_ticket(&mut self) -> Option<Ticket> {
        self.ticket.take()
    }
}

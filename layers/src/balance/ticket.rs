//! One attempt under way on a node, and what is left of one that nobody waits for any more.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::endpoint::Endpoint;
use super::ledger::Entry;
use crate::classify::{Fault, Outcome};
use crate::clock;

impl Endpoint {
    /// Sends a request of this call at `sent`: counts it until the ticket is answered or dropped.
    #[inline]
    pub(crate) fn begin(self: &Arc<Self>, sent: u64, call: u32) -> Ticket {
        Ticket {
            endpoint: Arc::clone(self),
            entry: self.with_ledger(|ledger| ledger.enter(sent, call)),
        }
    }

    /// Is an attempt of this call still with the node, whether or not somebody waits for it?
    pub(crate) fn owes(&self, call: u32) -> bool {
        self.with_ledger(|ledger| ledger.has(call))
    }

    /// Counts one more abandoned request, unless there are `abandoned_limit` already.
    pub(crate) fn abandon(self: &Arc<Self>) -> Option<Abandoned> {
        let limit = self.shared.settings.abandoned_limit;
        let counted = self
            .abandoned
            .fetch_update(Relaxed, Relaxed, |count| (count < limit).then_some(count + 1));
        self.show_abandoned();
        counted.is_ok().then(|| Abandoned(Arc::clone(self)))
    }
}

/// Holds an abandoned request's place in the count.
#[derive(Debug)]
pub(crate) struct Abandoned(Arc<Endpoint>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.abandoned.fetch_sub(1, Relaxed);
        self.0.show_abandoned();
    }
}

/// One attempt under way on one node.
///
/// The balancer puts it on the request; the leaf takes it ([`Context::take_ticket`](crate::Context::take_ticket)) and keeps it until the
/// node has answered. Dropped without an answer it only gives its place back.
#[derive(Debug)]
pub struct Ticket {
    endpoint: Arc<Endpoint>,
    entry: Entry,
}

impl Ticket {
    /// The node it is for.
    #[must_use]
    pub const fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// The node has answered, or its connection is known to be lost. Says how long it took since the balancer chose it.
    // Inline, so that whoever does not ask for the time does not pay for it.
    #[inline]
    pub fn answered(self, outcome: &Outcome) -> Duration {
        Duration::from_nanos(self.answer(outcome))
    }

    fn answer(mut self, outcome: &Outcome) -> u64 {
        let now = clock::now().number();
        let fault = match outcome {
            Outcome::Success => None,
            Outcome::Failure(failure) => Some(failure.fault),
        };
        // What ended on our side says nothing of when it last answered.
        if fault != Some(Fault::Client) {
            self.endpoint.last_answer.store(now, Relaxed);
        }
        let Some(sent) = self.release() else {
            return 0;
        };
        let nanos = now.saturating_sub(sent);
        let endpoint = &*self.endpoint;
        match fault {
            None => {
                endpoint.speed.succeeded(nanos, now);
                endpoint.shared.latencies.record(nanos);
            }
            // Its error may come at once, and must not attract traffic. For failures of its own it is ejected, but not always: others may be out already. What is
            // wrong with the request says nothing of it.
            Some(Fault::Load | Fault::Replicas | Fault::Node) => endpoint.speed.failed(now),
            Some(Fault::Request | Fault::Client) => {}
        }
        nanos
    }

    // Out of line, because every request that is moved has a place for a ticket.
    #[cold]
    fn release_unanswered(&mut self) {
        self.release();
    }

    /// Gives its place back, once, and says when it was sent.
    #[inline]
    fn release(&mut self) -> Option<u64> {
        let entry = std::mem::replace(&mut self.entry, Entry::NONE);
        self.endpoint.with_ledger(|ledger| ledger.leave(entry))
    }
}

impl Drop for Ticket {
    #[inline]
    fn drop(&mut self) {
        if self.entry != Entry::NONE {
            self.release_unanswered();
        }
    }
}

//! The answers of the probe.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context as TaskContext, Poll};

use tower_cassandra_layers::balance::Ticket;
use tower_cassandra_layers::classify::{AttemptFigures, Classify, Stop};
use tower_cassandra_layers::{NodeId, Outcome};

use super::state::{Act, Count, Held, lock};
use crate::support::{Error, Judge, Req};

/// `!Sync`, as a row set may be.
#[derive(Debug)]
pub struct Reply {
    pub value: Cell<u32>,
    pub node: Option<NodeId>,
}

impl Classify<Req, Reply, Error> for Judge {
    type Facts = ();

    fn facts(&self, _: &Req) {}

    fn classify(&self, (): &(), result: Result<&Reply, &Error>) -> Outcome {
        result.map_or_else(|error| Outcome::Failure(error.judge()), |_| Outcome::Success)
    }

    fn node(&self, result: Result<&Reply, &Error>) -> Option<NodeId> {
        result.map_or_else(Error::node, |reply| reply.node)
    }

    fn has_alternatives(&self) -> bool {
        self.alternatives
    }

    fn accumulate(&self, earlier: Option<Error>, error: Error, attempt: &AttemptFigures) -> Error {
        error.after(earlier, attempt)
    }

    fn finish(&self, error: Error, why: Stop) -> Error {
        error.finished(why)
    }
}

/// Keeps its ticket until it answers or is dropped.
pub struct Answering {
    act: Act,
    held: Option<Arc<Held>>,
    ticket: Option<Ticket>,
    node: Option<NodeId>,
    value: u32,
    over: bool,
    alive: Count,
}

impl Answering {
    pub(super) fn new(
        act: Act,
        held: Option<Arc<Held>>,
        ticket: Option<Ticket>,
        value: u32,
        alive: Count,
    ) -> Self {
        Self {
            act,
            held,
            node: ticket.as_ref().map(|ticket| ticket.endpoint().id()),
            ticket,
            value,
            over: false,
            alive,
        }
    }
}

impl Future for Answering {
    type Output = Result<Reply, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let shared = &this.alive.0;
        shared.polls.fetch_add(1, SeqCst);
        if this.over {
            lock(&shared.violations).push("polled after its end");
        }
        let verdict = match (&this.act, &this.held) {
            (Act::Fail(error), _) => Err(error.clone()),
            (Act::PanicInCall | Act::PanicWhenPolled, _) => {
                this.over = true;
                panic!("planned: in poll");
            }
            (Act::Hold, Some(held)) => {
                let mut answer = lock(&held.0);
                match answer.0.take() {
                    Some(verdict) => verdict,
                    None => {
                        answer.1 = Some(cx.waker().clone());
                        return Poll::Pending;
                    }
                }
            }
            (Act::Answer | Act::Hold, _) => Ok(()),
        };
        this.over = true;
        let result = verdict.map(|()| Reply {
            value: Cell::new(this.value),
            node: this.node,
        });
        if let Some(ticket) = this.ticket.take() {
            ticket.answered(&crate::support::JUDGE.classify(&(), result.as_ref()));
        }
        Poll::Ready(result)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if let Some(held) = &self.held {
            lock(&self.alive.0.held).retain(|other| !Arc::ptr_eq(other, held));
        }
    }
}

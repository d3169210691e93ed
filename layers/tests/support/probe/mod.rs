//! An inner service that notes whatever is done to it that must not be done, and holds its answers until it is told.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

mod answering;
mod state;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context as TaskContext, Poll, Waker};

use tokio::time::Instant;
use tower_cassandra_layers::Request;
use tower_service::Service;

use crate::support::{Error, Req};
pub use answering::{Answering, Reply};
pub use state::{Act, Readiness};
use state::{Count, Held, Shared, Verdict, lock};

/// The service. Being ready is a reservation of one instance: a clone has none, and dropping gives it back.
pub struct Probe {
    shared: Arc<Shared>,
    reservation: Option<Count>,
}

impl Clone for Probe {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            reservation: None,
        }
    }
}

impl Probe {
    /// Always ready, answers everything at once.
    pub fn new() -> Self {
        Self {
            shared: Arc::default(),
            reservation: None,
        }
    }

    /// What it does with the next calls.
    pub fn next(&self, acts: impl IntoIterator<Item = Act>) -> &Self {
        lock(&self.shared.acts).next.extend(acts);
        self
    }

    /// What it does with all calls after those.
    pub fn usually(&self, act: Act) -> &Self {
        lock(&self.shared.acts).usual = act;
        self
    }

    /// Its answers to the next questions whether it is ready.
    pub fn next_ready(&self, answers: impl IntoIterator<Item = Readiness>) -> &Self {
        lock(&self.shared.readiness).next.extend(answers);
        self
    }

    /// Its answer after those. Wakes whoever waits for it.
    pub fn usually_ready(&self, answer: Readiness) -> &Self {
        lock(&self.shared.readiness).usual = answer;
        let waiting = std::mem::take(&mut *lock(&self.shared.unready));
        waiting.into_iter().for_each(Waker::wake);
        self
    }

    /// Gives the `nth` of the held answers, oldest first. False when there are not so many.
    pub fn release(&self, nth: usize, verdict: Verdict) -> bool {
        let mut held = lock(&self.shared.held);
        if nth >= held.len() {
            return false;
        }
        let held = held.remove(nth);
        let waker = {
            let mut answer = lock(&held.0);
            answer.0 = Some(verdict);
            answer.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
        true
    }

    /// How many answers are held.
    pub fn held(&self) -> usize {
        lock(&self.shared.held).len()
    }

    pub fn violations(&self) -> Vec<&'static str> {
        lock(&self.shared.violations).clone()
    }

    /// Instances that are ready and were not called since.
    pub fn reserved(&self) -> usize {
        self.shared.reserved.load(SeqCst)
    }

    /// Futures that were not dropped yet.
    pub fn alive(&self) -> usize {
        self.shared.alive.load(SeqCst)
    }

    pub fn calls(&self) -> usize {
        self.shared.calls.load(SeqCst)
    }

    /// How often it was asked whether it is ready.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(SeqCst)
    }

    /// How often its futures were polled.
    pub fn polls(&self) -> usize {
        self.shared.polls.load(SeqCst)
    }
}

impl Service<Req> for Probe {
    type Response = Reply;
    type Error = Error;
    type Future = Answering;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        self.shared.asked.fetch_add(1, SeqCst);
        if self.reservation.is_some() {
            return Poll::Ready(Ok(()));
        }
        let readiness = lock(&self.shared.readiness).step();
        match readiness {
            Readiness::Yes => {
                self.reservation = Some(Count::new(&self.shared, |shared| &shared.reserved));
                Poll::Ready(Ok(()))
            }
            Readiness::Never => {
                lock(&self.shared.unready).push(cx.waker().clone());
                Poll::Pending
            }
            Readiness::Fails(error) => Poll::Ready(Err(error)),
            Readiness::Panics => panic!("planned: in poll_ready"),
        }
    }

    fn call(&mut self, mut request: Req) -> Answering {
        let shared = &self.shared;
        shared.calls.fetch_add(1, SeqCst);
        if self.reservation.take().is_none() {
            lock(&shared.violations).push("called without having been polled ready");
        }
        let context = request.context_mut();
        if context.deadline().is_some_and(|limit| limit.at <= Instant::now()) {
            lock(&shared.violations).push("called after the deadline");
        }
        let ticket = context.take_ticket();
        let act = lock(&shared.acts).step();
        let held = match act {
            Act::Hold => {
                let held = Arc::<Held>::default();
                lock(&shared.held).push(Arc::clone(&held));
                Some(held)
            }
            Act::PanicInCall => panic!("planned: in call"),
            Act::Answer | Act::Fail(_) | Act::PanicWhenPolled => None,
        };
        let alive = Count::new(shared, |shared| &shared.alive);
        Answering::new(act, held, ticket, request.value, alive)
    }
}

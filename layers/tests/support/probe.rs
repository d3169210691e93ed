//! An inner service that notes whatever is done to it that must not be done, and holds its answers until it is told.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use tokio::time::Instant;
use tower_cassandra_layers::balance::Ticket;
use tower_cassandra_layers::classify::{AttemptFigures, Classify, Stop};
use tower_cassandra_layers::{NodeId, Outcome, Request};
use tower_service::Service;

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

/// How it answers when it is asked whether it is ready.
#[derive(Clone, Debug)]
pub enum Readiness {
    Yes,
    /// Not until that changes.
    Never,
    Fails(Error),
    Panics,
}

/// What it does with a call.
#[derive(Clone, Debug)]
pub enum Act {
    Answer,
    Fail(Error),
    /// Nothing, until [`Probe::release`].
    Hold,
    PanicInCall,
    PanicWhenPolled,
}

/// What comes next, and what comes when there is no next.
struct Script<T> {
    next: VecDeque<T>,
    usual: T,
}

impl<T: Clone> Script<T> {
    fn new(usual: T) -> Self {
        let next = VecDeque::new();
        Self { next, usual }
    }

    fn step(&mut self) -> T {
        self.next.pop_front().unwrap_or_else(|| self.usual.clone())
    }
}

type Verdict = Result<(), Error>;

/// An answer that is held back.
#[derive(Default)]
struct Held(Mutex<(Option<Verdict>, Option<Waker>)>);

struct Shared {
    readiness: Mutex<Script<Readiness>>,
    unready: Mutex<Vec<Waker>>,
    acts: Mutex<Script<Act>>,
    held: Mutex<Vec<Arc<Held>>>,
    violations: Mutex<Vec<&'static str>>,
    reserved: AtomicUsize,
    alive: AtomicUsize,
    calls: AtomicUsize,
    asked: AtomicUsize,
    polls: AtomicUsize,
}

// Planned panics go through here too; nothing is left half done by them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The service. Being ready is a reservation of one instance: a clone has none, and dropping gives it back.
pub struct Probe {
    shared: Arc<Shared>,
    reservation: Option<Count>,
}

/// Counts itself in a number of [`Shared`] as long as it lives.
struct Count(Arc<Shared>, fn(&Shared) -> &AtomicUsize);

impl Count {
    fn new(shared: &Arc<Shared>, number: fn(&Shared) -> &AtomicUsize) -> Self {
        number(shared).fetch_add(1, SeqCst);
        Self(Arc::clone(shared), number)
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, SeqCst);
    }
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
            shared: Arc::new(Shared {
                readiness: Mutex::new(Script::new(Readiness::Yes)),
                unready: Mutex::default(),
                acts: Mutex::new(Script::new(Act::Answer)),
                held: Mutex::default(),
                violations: Mutex::default(),
                reserved: AtomicUsize::new(0),
                alive: AtomicUsize::new(0),
                calls: AtomicUsize::new(0),
                asked: AtomicUsize::new(0),
                polls: AtomicUsize::new(0),
            }),
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
        Answering {
            act,
            held,
            node: ticket.as_ref().map(|ticket| ticket.endpoint().id()),
            ticket,
            value: request.value,
            over: false,
            alive: Count::new(shared, |shared| &shared.alive),
        }
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

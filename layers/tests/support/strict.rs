//! A strict inner service.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};
use tower_cassandra_layers::classify::Classify;
use tower_cassandra_layers::request::Attempt;
use tower_cassandra_layers::{Deadline, NodeId, Outcome, Request};
use tower_service::Service;

use super::{Answer, Error, JUDGE, Kind, Req};

/// What the inner service saw of one attempt.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Instant,
    pub value: u32,
    pub attempt: Attempt,
    pub deadline: Option<Deadline>,
    pub target: Option<NodeId>,
    /// How many futures of this service were alive at the call.
    pub alive: usize,
}

/// What the inner service does with one attempt.
#[derive(Clone, Debug)]
pub struct Plan {
    pub after: Duration,
    pub result: Result<(), Error>,
}

impl Plan {
    pub fn answer(after: Duration) -> Self {
        Self {
            after,
            result: Ok(()),
        }
    }

    pub fn fail(error: Error) -> Self {
        Self {
            after: Duration::ZERO,
            result: Err(error),
        }
    }

    /// For about a year.
    pub fn silence() -> Self {
        Self::answer(Duration::from_secs(31_000_000))
    }

    pub fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }
}

type Script = dyn Fn(&Seen) -> Plan + Send + Sync;

/// The inner service of the tests. It panics when it is called without having been polled ready, it forgets its readiness
/// when it is cloned, and it keeps its ticket until it answers or is dropped.
pub struct Strict {
    shared: Arc<Shared>,
    ready: bool,
}

struct Shared {
    script: Box<Script>,
    seen: Mutex<Vec<Seen>>,
    alive: Arc<AtomicUsize>,
    readied: AtomicUsize,
    readiness: Mutex<Vec<Result<(), Error>>>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            ready: false,
        }
    }
}

impl Strict {
    pub fn new(script: impl Fn(&Seen) -> Plan + Send + Sync + 'static) -> Self {
        Self {
            shared: Arc::new(Shared {
                script: Box::new(script),
                seen: Mutex::default(),
                alive: Arc::default(),
                readied: AtomicUsize::new(0),
                readiness: Mutex::default(),
            }),
            ready: false,
        }
    }

    /// Does the same with every attempt.
    pub fn always(plan: Plan) -> Self {
        Self::new(move |_| plan.clone())
    }

    /// Fails the first attempts, one after another, and answers every later one at once.
    pub fn failing_first<const N: usize>(errors: [Error; N]) -> Self {
        Self::new(move |seen| {
            errors
                .get(seen.attempt.number() as usize - 1)
                .map_or_else(|| Plan::answer(Duration::ZERO), |e| Plan::fail(e.clone()))
        })
    }

    /// The results of the next times it is polled ready; after that it always is.
    pub fn readiness(self, results: Vec<Result<(), Error>>) -> Self {
        *self.shared.readiness.lock().unwrap() = results;
        self
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub fn last(&self) -> Option<Seen> {
        self.shared.seen.lock().unwrap().last().cloned()
    }

    pub fn attempts(&self) -> usize {
        self.shared.seen.lock().unwrap().len()
    }

    pub fn alive(&self) -> usize {
        self.shared.alive.load(SeqCst)
    }

    /// How often it was polled ready and said yes.
    pub fn readied(&self) -> usize {
        self.shared.readied.load(SeqCst)
    }
}

impl Service<Req> for Strict {
    type Response = Answer;
    type Error = Error;
    type Future = Attempted;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        let mut readiness = self.shared.readiness.lock().unwrap();
        if !readiness.is_empty() {
            readiness.remove(0)?;
        }
        self.ready = true;
        self.shared.readied.fetch_add(1, SeqCst);
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Req) -> Attempted {
        assert!(
            std::mem::take(&mut self.ready),
            "called without having been polled ready"
        );
        let context = request.context_mut();
        let ticket = context.take_ticket();
        let seen = Seen {
            at: Instant::now(),
            attempt: context.attempt.clone(),
            deadline: context.deadline(),
            target: ticket.as_ref().map(|t| t.endpoint().id()),
            alive: self.shared.alive.load(SeqCst),
            value: request.value,
        };
        self.shared.seen.lock().unwrap().push(seen.clone());
        self.shared.alive.fetch_add(1, SeqCst);
        let Plan { after, mut result } = (self.shared.script)(&seen);
        if let Err(Error {
            kind: Kind::Scripted(_, node @ None),
            ..
        }) = &mut result
        {
            *node = seen.target;
        }
        Attempted {
            // Without a wait it needs no timer, and so no runtime that has one.
            sleep: (!after.is_zero()).then(|| Box::pin(sleep(after))),
            result: Some(result.map(|()| Answer {
                node: seen.target,
                attempts: 0,
            })),
            ticket,
            alive: Arc::clone(&self.shared.alive),
        }
    }
}

pub struct Attempted {
    sleep: Option<Pin<Box<Sleep>>>,
    result: Option<Result<Answer, Error>>,
    ticket: Option<tower_cassandra_layers::balance::Ticket>,
    alive: Arc<AtomicUsize>,
}

impl Future for Attempted {
    type Output = Result<Answer, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        if let Some(sleep) = &mut self.sleep {
            ready!(sleep.as_mut().poll(cx));
        }
        let result = self.result.take().expect("polled after it was ready");
        if let Some(ticket) = self.ticket.take() {
            ticket.answered(&JUDGE.classify(&(), result.as_ref()));
        }
        Poll::Ready(result)
    }
}

impl Drop for Attempted {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, SeqCst);
    }
}

//! A strict inner service, one error type for all layers, and its judge.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod rig;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};
use tower_cassandra_layers::balance::NoCandidate;
use tower_cassandra_layers::classify::{AttemptFigures, Classify, Stop};
use tower_cassandra_layers::limit::Rejected;
use tower_cassandra_layers::panic::Panicked;
use tower_cassandra_layers::request::Attempt;
use tower_cassandra_layers::timeout::Elapsed;
use tower_cassandra_layers::{
    Advice, Applied, Call, Deadline, Failure, Fault, Limit, NodeId, Outcome, Request,
};
use tower_service::Service;

pub fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub type Req = Call<u32>;

/// A request that may be repeated.
pub fn read() -> Req {
    Call::new(0).idempotent(true)
}

/// A request that may not be applied twice.
pub fn write() -> Req {
    Call::new(0).idempotent(false)
}

#[derive(Debug, Default)]
pub struct Answer {
    pub node: Option<NodeId>,
    /// Written by `Classify::succeeded`.
    pub attempts: u32,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Scripted(Failure, Option<NodeId>),
    Elapsed(Elapsed),
    Rejected(Rejected),
    NoCandidate,
    Panicked(Panicked),
}

/// What a call ended with, and all that the layers said about it on the way.
#[derive(Clone, Debug)]
pub struct Error {
    pub kind: Kind,
    pub history: Vec<AttemptFigures>,
    pub stop: Option<Stop>,
    pub finished: u32,
}

impl Error {
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            history: Vec::new(),
            stop: None,
            finished: 0,
        }
    }

    pub fn elapsed(&self) -> &Elapsed {
        match &self.kind {
            Kind::Elapsed(elapsed) => elapsed,
            other => panic!("not a time limit: {other:?}"),
        }
    }

    pub fn rejected(&self) -> &Rejected {
        match &self.kind {
            Kind::Rejected(rejected) => rejected,
            other => panic!("not refused: {other:?}"),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for Error {}

impl From<Elapsed> for Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::of(Kind::Elapsed(elapsed))
    }
}
impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        Self::of(Kind::Rejected(rejected))
    }
}
impl From<NoCandidate> for Error {
    fn from(_: NoCandidate) -> Self {
        Self::of(Kind::NoCandidate)
    }
}
impl From<Panicked> for Error {
    fn from(panicked: Panicked) -> Self {
        Self::of(Kind::Panicked(panicked))
    }
}

pub const fn failure(applied: Applied, advice: Advice, fault: Fault) -> Failure {
    Failure {
        applied,
        advice,
        fault,
        label: "scripted",
    }
}

/// The result of a node that failed.
pub fn fails(applied: Applied, advice: Advice) -> Error {
    Error::of(Kind::Scripted(failure(applied, advice, Fault::Node), None))
}

pub fn fault(fault: Fault) -> Error {
    Error::of(Kind::Scripted(failure(Applied::No, Advice::Never, fault), None))
}

impl Error {
    pub fn judge(&self) -> Failure {
        match &self.kind {
            Kind::Scripted(failure, _) => *failure,
            Kind::Elapsed(elapsed) => failure(elapsed.applied(), Advice::Next, Fault::Node),
            Kind::Rejected(_) => failure(Applied::No, Advice::Never, Fault::Load),
            Kind::NoCandidate => failure(Applied::No, Advice::Backoff, Fault::Client),
            Kind::Panicked(_) => failure(Applied::Maybe, Advice::Never, Fault::Client),
        }
    }

    pub fn after(mut self, earlier: Option<Self>, attempt: &AttemptFigures) -> Self {
        self.history = earlier.map_or_else(Vec::new, |earlier| earlier.history);
        self.history.push(*attempt);
        self
    }

    pub fn finished(mut self, why: Stop) -> Self {
        self.stop = Some(why);
        self.finished += 1;
        self
    }

    pub fn node(&self) -> Option<NodeId> {
        match &self.kind {
            Kind::Scripted(_, node) => *node,
            Kind::Elapsed(elapsed) => elapsed.node(),
            Kind::Rejected(_) | Kind::NoCandidate | Kind::Panicked(_) => None,
        }
    }
}

/// Judges by what the error says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    pub alternatives: bool,
}

pub const JUDGE: Judge = Judge { alternatives: true };

impl Classify<Req, Answer, Error> for Judge {
    type Facts = ();

    fn facts(&self, _: &Req) {}

    fn classify(&self, (): &(), result: Result<&Answer, &Error>) -> Outcome {
        result.map_or_else(|error| Outcome::Failure(error.judge()), |_| Outcome::Success)
    }

    fn node(&self, result: Result<&Answer, &Error>) -> Option<NodeId> {
        result.map_or_else(Error::node, |answer| answer.node)
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

    fn succeeded(&self, answer: &mut Answer, attempts: u32) {
        answer.attempts = attempts;
    }
}

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

/// Waits until the service is ready and calls that very service.
pub async fn send<S>(service: &mut S, request: Req) -> Result<S::Response, S::Error>
where
    S: Service<Req>,
{
    start(service, request).await.await
}

/// As [`send`], without waiting for the response.
pub async fn start<S>(service: &mut S, request: Req) -> S::Future
where
    S: Service<Req>,
{
    std::future::poll_fn(|cx| service.poll_ready(cx))
        .await
        .unwrap_or_else(|_| panic!("not ready"));
    service.call(request)
}

/// Polls a future once.
pub fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    let mut cx = TaskContext::from_waker(std::task::Waker::noop());
    Pin::new(future).poll(&mut cx)
}

pub fn limit_of(error: &Error) -> Limit {
    error.elapsed().limit()
}

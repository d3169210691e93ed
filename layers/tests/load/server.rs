//! A server with so many workers and one queue. What was sent to it is worked on, whether or not anybody still waits.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tower_cassandra_layers::Request;
use tower_service::Service;

use crate::by_hand::Random;
use crate::support::{Answer, Error, Kind, Req, ms};

/// The figures of an experiment, in microseconds and per second.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) workers: usize,
    /// Mean time of service; drawn evenly from half of it to one and a half.
    pub(crate) service: u64,
    /// Nothing is worked on in this time.
    pub(crate) stall: Range<u64>,
}

impl Plan {
    pub(crate) const fn capacity(&self) -> f64 {
        self.workers as f64 * 1e6 / self.service as f64
    }
}

#[derive(Clone)]
pub(crate) struct Server {
    start: Instant,
    plan: Plan,
    state: Arc<Mutex<State>>,
}

struct State {
    /// When each worker is free.
    free: BinaryHeap<Reverse<u64>>,
    random: Random,
    arrivals: Vec<u64>,
    late: usize,
}

impl Server {
    pub(crate) fn new(plan: Plan, seed: u64) -> Self {
        Self {
            start: Instant::now(),
            state: Arc::new(Mutex::new(State {
                free: vec![Reverse(0); plan.workers].into(),
                random: Random(seed),
                arrivals: Vec::new(),
                late: 0,
            })),
            plan,
        }
    }

    /// Attempts that arrived in this time.
    pub(crate) fn arrived(&self, time: &Range<u64>) -> usize {
        let state = self.state.lock().unwrap();
        state.arrivals.iter().filter(|at| time.contains(at)).count()
    }

    /// Attempts that were sent after their deadline.
    pub(crate) fn late(&self) -> usize {
        self.state.lock().unwrap().late
    }

    /// Takes a request into the queue. When will it be answered?
    fn take(&self, late: bool) -> Instant {
        let now = self.start.elapsed().as_micros() as u64;
        let mut state = self.state.lock().unwrap();
        state.arrivals.push(now);
        state.late += usize::from(late);
        let Reverse(free) = state.free.pop().expect("there are workers");
        let service = self.plan.service / 2 + state.random.below(self.plan.service);
        let (begin, stall) = (now.max(free), &self.plan.stall);
        let end = if begin >= stall.end || begin + service <= stall.start {
            begin + service
        } else if begin >= stall.start {
            stall.end + service
        } else {
            begin + service + (stall.end - stall.start)
        };
        state.free.push(Reverse(end));
        self.start + Duration::from_micros(end)
    }
}

impl Service<Req> for Server {
    type Response = Answer;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send + Sync>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Req) -> Self::Future {
        let context = request.context_mut();
        let late = context.deadline().is_some_and(|limit| limit.at <= Instant::now());
        let ticket = context.take_ticket();
        let answered = self.take(late);
        Box::pin(async move {
            sleep_until(answered).await;
            if let Some(ticket) = ticket {
                ticket.answered(&tower_cassandra_layers::Outcome::Success);
            }
            Ok(Answer::default())
        })
    }
}

/// When a call was made and ended, in microseconds, and how.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) made: u64,
    pub(crate) ended: u64,
    pub(crate) result: Result<(), Error>,
}

impl Call {
    pub(crate) fn is_rejected(&self) -> bool {
        matches!(
            &self.result,
            Err(Error {
                kind: Kind::Rejected(_),
                ..
            })
        )
    }
}

/// Makes `rate` calls a second at intended times, whatever becomes of them.
pub(crate) async fn open_loop<S>(server: &Server, service: S, rate: u64, time: Duration) -> Vec<Call>
where
    S: Service<Req, Error = Error, Future: Send, Response: Send> + Clone + Send + 'static,
{
    let start = server.start;
    let mut calls = Vec::new();
    let mut made = 0;
    while start.elapsed() < time {
        // The calls of one millisecond, which is as fine as the timer is.
        let due = start.elapsed().as_micros() as u64 * rate / 1_000_000;
        while made < due {
            made += 1;
            let mut service = service.clone();
            calls.push(tokio::spawn(async move {
                let made = start.elapsed().as_micros() as u64;
                let result = crate::support::send(&mut service, crate::support::read()).await;
                Call {
                    made,
                    ended: start.elapsed().as_micros() as u64,
                    result: result.map(drop),
                }
            }));
        }
        sleep(ms(1)).await;
    }
    let mut ended = Vec::new();
    for call in calls {
        ended.push(call.await.expect("nothing panics"));
    }
    ended
}

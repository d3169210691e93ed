//! What must not be made twice is not, under random faults: 30,000 operations, with `FULL=1` 10,000,000. `SEED=n` repeats a run.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::sleep;
use tower_cassandra_layers::balance::{AllNodes, BalanceLayer, Ticket};
use tower_cassandra_layers::classify::Classify;
use tower_cassandra_layers::health::{HealthSettings, Table};
use tower_cassandra_layers::hedge::{Hedge, HedgeLayer};
use tower_cassandra_layers::retry::{RetryLayer, RetryPolicy};
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_cassandra_layers::{Advice, Applied, NodeId, Request as _};
use tower_layer::Layer;
use tower_service::Service;

use crate::random::{Random, full};
use crate::support::{Answer, Error, JUDGE, Req, fails, ms, send};

/// Executes what it gets, or not, and says so, or not. Counts by the number of the operation.
#[derive(Clone)]
struct Ledger {
    executed: Arc<Vec<AtomicU8>>,
    random: Arc<Mutex<Random>>,
    second: Arc<AtomicU32>,
}

impl Service<Req> for Ledger {
    type Response = Answer;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Req) -> Self::Future {
        let ticket = request.context_mut().take_ticket();
        if request.context().attempt.is_hedge() {
            self.second.fetch_add(1, Relaxed);
        }
        let (fault, delay) = {
            let mut random = self.random.lock().unwrap();
            (random.below(100), random.below(40))
        };
        let count = |executes: bool| {
            if executes {
                self.executed[request.value as usize].fetch_add(1, Relaxed);
            }
        };
        let (executes, result) = match fault {
            0..=3 => (false, Err(fails(Applied::No, Advice::Next))),
            4..=5 => (false, Err(fails(Applied::Maybe, Advice::Next))),
            6..=9 => (true, Err(fails(Applied::Maybe, Advice::Next))),
            10..=11 => (fault == 10, Ok(None)),
            _ => (true, Ok(Some(Answer::default()))),
        };
        count(executes);
        // Most answer at once.
        let delay = if delay < 10 { delay } else { 0 };
        Box::pin(async move {
            if delay > 0 {
                sleep(ms(delay)).await;
            }
            match result {
                Ok(Some(answer)) => answered(ticket, Ok(answer)),
                Err(error) => answered(ticket, Err(error)),
                Ok(None) => std::future::pending().await,
            }
        })
    }
}

fn answered(ticket: Option<Ticket>, result: Result<Answer, Error>) -> Result<Answer, Error> {
    if let Some(ticket) = ticket {
        ticket.answered(&JUDGE.classify(&(), result.as_ref()));
    }
    result
}

/// Of all attempts.
fn worst(error: Error) -> Applied {
    let all = error.history.iter().map(|attempt| attempt.failure.applied);
    all.fold(Applied::No, Applied::worst)
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_made_twice_is_not_whatever_fails() {
    let total: u32 = if full() { 10_000_000 } else { 30_000 };
    let leaf = Ledger {
        executed: Arc::new((0..total).map(|_| AtomicU8::new(0)).collect()),
        random: Arc::new(Mutex::new(Random::from_env())),
        second: Arc::default(),
    };
    let table = Table::new(HealthSettings::default()).unwrap();
    let nodes = (0..3).map(|id| table.endpoint(NodeId(id), &format!("node {id}"), ()));
    table.replace(nodes.collect::<Vec<_>>());
    let retry = RetryLayer::new(RetryPolicy::default().without_budget(), JUDGE).unwrap();
    let hedge = HedgeLayer::new(Hedge::default().after(ms(2)).share(1.0), JUDGE).unwrap();
    let balance = BalanceLayer::new(table.clone(), AllNodes::new(table), JUDGE);
    let limit = TimeoutLayer::attempt(Duration::from_millis(50)).unwrap();
    let service = retry.layer(hedge.layer(balance.layer(limit.layer(leaf.clone()))));
    let mut running = FuturesUnordered::new();
    let mut ids = 0..total;
    // What was left open, by whether it was executed; what succeeded, and what was refused.
    let (mut outcomes, mut done, mut refused) = ([0_u32; 2], 0_u32, 0_u32);
    let start = |id: u32| {
        let mut service = service.clone();
        // Two of three may not be made twice.
        let request = Req::new(id).idempotent(id.is_multiple_of(3));
        async move { (id, send(&mut service, request).await.map_err(worst)) }
    };
    loop {
        while running.len() < 64
            && let Some(id) = ids.next()
        {
            running.push(start(id));
        }
        let Some((id, result)) = running.next().await else {
            break;
        };
        if id % 3 == 0 {
            continue;
        }
        let executed = leaf.executed[id as usize].load(Relaxed);
        assert!(executed <= 1, "{id} was made {executed} times");
        match result {
            Ok(_) => {
                assert_eq!(executed, 1, "{id}");
                done += 1;
            }
            Err(Applied::No) => {
                assert_eq!(executed, 0, "{id}");
                refused += 1;
            }
            Err(_) => outcomes[usize::from(executed)] += 1,
        }
    }
    let repeated = leaf
        .executed
        .iter()
        .step_by(3)
        .filter(|count| count.load(Relaxed) > 1)
        .count();
    let second = leaf.second.load(Relaxed);
    println!(
        "ledger: {total} operations. May not be made twice: {done} done, {refused} refused, {outcomes:?} left open (not executed, \
         executed). May be: {second} second attempts, {repeated} were"
    );
    assert!(
        outcomes[0] > 0 && outcomes[1] > 0,
        "what was left open was neither"
    );
    assert!(repeated > 0 && second > 0, "nothing was tested");
}

//! What one request costs in a limit, in instructions: `cargo build --release -p tower-cassandra-layers --example limit_cost`,
//! then `valgrind --tool=callgrind target/release/examples/limit_cost <case> <n>` for two values of n; the difference of the
//! two totals by the difference of n is the cost of one request, and that of the case `leaf` is the cost without a limit.

use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;
use tower::{Layer, Service};
use tower_cassandra_layers::Call;
use tower_cassandra_layers::limit::{
    ConcurrencyLimit, ConcurrencyLimitLayer, RateLimit, RateLimitLayer, Rejected,
};
use tower_cassandra_layers::timeout::Elapsed;

#[derive(Debug)]
struct Refused;

impl From<Rejected> for Refused {
    fn from(_: Rejected) -> Self {
        Self
    }
}

impl From<Elapsed> for Refused {
    fn from(_: Elapsed) -> Self {
        Self
    }
}

/// Ready at once, and so is its answer.
#[derive(Clone)]
struct Leaf;

impl Service<Call<u32>> for Leaf {
    type Response = u32;
    type Error = Refused;
    type Future = Ready<Result<u32, Refused>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, request: Call<u32>) -> Self::Future {
        // It wants the whole request, as a real one would.
        ready(Ok(black_box(&request).value))
    }
}

/// Never answers.
#[derive(Clone)]
struct Silent;

impl Service<Call<u32>> for Silent {
    type Response = u32;
    type Error = Refused;
    type Future = std::future::Pending<Result<u32, Refused>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, _: Call<u32>) -> Self::Future {
        std::future::pending()
    }
}

fn run<S>(mut service: S, n: u64, deadline: Option<Instant>)
where
    S: Service<Call<u32>, Error = Refused, Response = u32>,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut answered = 0_u64;
    for value in 0..n {
        let mut call = Call::new(value as u32);
        if let Some(deadline) = deadline {
            call = call.with_deadline(deadline);
        }
        let _ = service.poll_ready(&mut cx);
        let future = pin!(service.call(black_box(call)));
        answered += u64::from(matches!(black_box(future.poll(&mut cx)), Poll::Ready(Ok(_))));
    }
    println!("{answered} of {n} answered");
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let case = args.next().unwrap_or_else(|| "leaf".into());
    let n = args.next().map_or(Ok(1000), |n| n.parse())?;
    let far = Some(Instant::now() + Duration::from_secs(3600));
    let concurrency = ConcurrencyLimitLayer::new(ConcurrencyLimit::new(1024))?;
    let rate = RateLimitLayer::new(RateLimit::per_second(1_000_000))?;
    match case.as_str() {
        "leaf" => run(Leaf, n, None),
        "leaf_deadline" => run(Leaf, n, far),
        "concurrency" => run(concurrency.layer(Leaf), n, None),
        "concurrency_deadline" => run(concurrency.layer(Leaf), n, far),
        "rate" => run(rate.layer(Leaf), n, None),
        "rate_deadline" => run(rate.layer(Leaf), n, far),
        "concurrency_full" => {
            let full = ConcurrencyLimitLayer::new(ConcurrencyLimit::new(1).queue(0))?;
            let mut service = full.layer(Silent);
            let mut held = pin!(service.call(Call::new(0)));
            let _ = held.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            run(full.layer(Leaf), n, None);
        }
        "rate_full" => {
            let full = RateLimitLayer::new(RateLimit::per(1, Duration::from_secs(86_400)).queue(0))?;
            let mut service = full.layer(Leaf);
            let mut first = pin!(service.call(Call::new(0)));
            let _ = first.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            run(service.clone(), n, None);
        }
        _ => return Err(format!("no case `{case}`").into()),
    }
    Ok(())
}

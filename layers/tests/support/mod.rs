//! A strict inner service, one error type for all layers, and its judge.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each test file uses its part"
)]

mod error;
pub mod rig;
mod strict;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use tower_cassandra_layers::{Call, Limit, NodeId};
use tower_service::Service;

pub use self::error::{Error, JUDGE, Judge, Kind, fails, failure, fault};
pub use self::strict::{Attempted, Plan, Seen, Strict};

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

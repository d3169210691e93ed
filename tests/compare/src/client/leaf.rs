//! What somebody writes who lays tower's layers around the driver: a service of one attempt.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::BoxError;
use tower_cassandra::scylla::client::session::Session as Driver;
use tower_cassandra::scylla::response::query_result::QueryResult;
use tower_service::Service;

use super::bare::{Bare, Statements, one_page};

/// An attempt that may be made again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request {
    Read(i32),
    Write(i32),
}

#[derive(Clone)]
pub(crate) struct Leaf {
    driver: Arc<Driver>,
    statements: Arc<Statements>,
}

impl Leaf {
    pub(crate) fn new(bare: &Bare) -> Self {
        Self {
            driver: Arc::clone(&bare.driver),
            statements: Arc::clone(&bare.statements),
        }
    }
}

impl Service<Request> for Leaf {
    type Response = QueryResult;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<QueryResult, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Self { driver, statements } = self.clone();
        Box::pin(async move {
            let result = match request {
                Request::Read(id) => one_page(&driver, &statements.read, (id,)).await,
                Request::Write(id) => one_page(&driver, &statements.write, (id, super::VALUE)).await,
            };
            Ok(result?)
        })
    }
}

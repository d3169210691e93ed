//! tower's own layers, with the numbers of our defaults.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use tower::retry::Policy;
use tower::retry::budget::{Budget, TpsBudget};
use tower::{BoxError, ServiceBuilder};
use tower_cassandra::scylla::response::query_result::QueryResult;

use super::Client;
use super::bare::Bare;
use super::layered::Layered;
use super::leaf::{Leaf, Request};

pub(crate) const CALL: Duration = Duration::from_secs(10);
pub(crate) const ATTEMPT: Duration = Duration::from_secs(3);
/// More than any work has under way.
pub(crate) const AT_ONCE: usize = 12_000;

pub(crate) fn client(bare: Bare) -> impl Client {
    let service = ServiceBuilder::new()
        .load_shed()
        .timeout(CALL)
        .concurrency_limit(AT_ONCE)
        .retry(Attempts {
            left: 3,
            budget: Arc::default(),
        })
        .timeout(ATTEMPT)
        .service(Leaf::new(&bare));
    Layered::new(service, bare)
}

/// Three more attempts within a budget; all requests of the works may be sent twice.
#[derive(Clone, Debug)]
struct Attempts {
    left: u32,
    budget: Arc<TpsBudget>,
}

impl Policy<Request, QueryResult, BoxError> for Attempts {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request, result: &mut Result<QueryResult, BoxError>) -> Option<Ready<()>> {
        if result.is_ok() {
            self.budget.deposit();
            return None;
        }
        if self.left == 0 || !self.budget.withdraw() {
            return None;
        }
        self.left -= 1;
        Some(ready(()))
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        Some(*request)
    }
}

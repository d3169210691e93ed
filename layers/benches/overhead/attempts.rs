//! What tower's retry needs from its user: who decides.

use std::future::{Ready, ready};
use std::sync::Arc;

use tower::retry::Policy;
use tower::retry::budget::{Budget, TpsBudget};

/// Three more attempts within a budget, whatever the request: all of them may be sent twice.
#[derive(Clone, Debug)]
pub(crate) struct Attempts {
    left: u32,
    budget: Arc<TpsBudget>,
}

impl Attempts {
    pub(crate) fn new() -> Self {
        Self {
            left: 3,
            budget: Arc::default(),
        }
    }
}

impl<Req: Clone, Res, E> Policy<Req, Res, E> for Attempts {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Req, result: &mut Result<Res, E>) -> Option<Ready<()>> {
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

    fn clone_request(&mut self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}

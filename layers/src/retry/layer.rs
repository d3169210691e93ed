use std::sync::{Arc, OnceLock};

use tokio::time::Instant;
use tower_layer::Layer;

use super::budget::Budget;
use super::policy::{Account, RetryPolicy};
use super::service::Retry;
use crate::config::InvalidConfig;
use crate::metrics::Metrics;
use crate::random::Random;

/// Repeats what may be repeated. See the [module](crate::retry).
#[derive(Debug)]
pub struct RetryLayer<C> {
    shared: Arc<Shared<C>>,
}

#[derive(Debug)]
pub(super) struct Shared<C> {
    pub(super) policy: RetryPolicy,
    pub(super) classifier: C,
    pub(super) random: Random,
    pub(super) budget: Account,
    pub(super) metrics: OnceLock<Metrics>,
}

// By hand: the classifier is shared, it need not be `Clone`.
impl<C> Clone for RetryLayer<C> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<C> RetryLayer<C> {
    /// Retries by `policy` what `classifier` allows.
    ///
    /// # Errors
    /// [`InvalidConfig`] when the policy makes no sense.
    pub fn new(policy: RetryPolicy, classifier: C) -> Result<Self, InvalidConfig> {
        policy.validate()?;
        let random = policy.seed.map_or_else(Random::new, Random::seeded);
        let budget = policy.make_budget();
        let shared = Shared {
            policy,
            classifier,
            random,
            budget,
            metrics: OnceLock::new(),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Shows in the metrics how many retries the budget would allow now. To be called from time to time by whoever looks after the session. A budget of the
    /// user's own making, or none, shows nothing.
    pub fn refresh_metrics(&self) {
        if let (Some(metrics), Account::Ours(budget)) = (self.shared.metrics.get(), &self.shared.budget) {
            metrics.set_budget_left(budget.left(Instant::now()));
        }
    }

    /// The budget of this layer, for others that draw on it: a handle of the same ledger. None where the policy has a budget of the user's own
    /// making, or none at all.
    #[must_use]
    pub fn budget(&self) -> Option<Budget> {
        match &self.shared.budget {
            Account::Ours(budget) => Some(budget.clone()),
            Account::Given(_) | Account::None => None,
        }
    }

    /// Counts retries by the reason, and how often the budget refused one, for all services of this value. The first metrics
    /// given stay.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        let _ = self.shared.metrics.set(metrics);
        self
    }
}

impl<S, C> Layer<S> for RetryLayer<C> {
    type Service = Retry<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        Retry {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}

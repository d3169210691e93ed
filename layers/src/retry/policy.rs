use super::backoff::Backoff;
use super::budget::Budget;
use crate::config::InvalidConfig;

/// How often and how fast retries are made. What may be retried is the classifier's business.
///
/// Clones share the [`Budget`].
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    pub(super) max_retries: u32,
    pub(super) backoff: Backoff,
    pub(super) budget: Option<Budget>,
    pub(super) seed: Option<u64>,
}

impl Default for RetryPolicy {
    /// 3 retries, the default [`Backoff`], the default [`Budget`].
    fn default() -> Self {
        Self {
            max_retries: 3,
            backoff: Backoff::default(),
            budget: Some(Budget::default()),
            seed: None,
        }
    }
}

impl RetryPolicy {
    /// At most this many retries after the first attempt. Default 3; 0 fails at the first error.
    #[must_use]
    pub const fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// The pauses. Default: 10 ms to 1 s with full jitter.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// The budget. Default: max(50, 20 %) per 10 s.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Without a budget, a fault of everything multiplies the load by `1 + max_retries`. For experiments.
    #[must_use]
    pub fn without_budget(mut self) -> Self {
        self.budget = None;
        self
    }

    /// Makes the jitter repeatable.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The retries after the first attempt.
    #[must_use]
    pub const fn retries(&self) -> u32 {
        self.max_retries
    }

    pub(super) fn validate(&self) -> Result<(), InvalidConfig> {
        if self.max_retries > 100 {
            return Err(InvalidConfig::new(
                "retry.max_retries",
                self.max_retries,
                "at most 100 retries",
            ));
        }
        self.backoff.validate()
    }
}

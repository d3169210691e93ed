use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;
use super::budget::Budget;
use crate::clock::Moment;
use crate::config::InvalidConfig;
use crate::random::Random;

/// Pauses of one's own between attempts.
pub trait Pauses: fmt::Debug + Send + Sync + 'static {
    /// The pause before retry number `retry`, counted from 1. `random` is a fresh, evenly distributed number for jitter; with
    /// [`RetryPolicy::seed`] the sequence repeats.
    fn pause(&self, retry: u32, random: u64) -> Duration;
}

/// A budget of one's own. It is asked on every call and must not block.
pub trait RetryBudget: fmt::Debug + Send + Sync + 'static {
    /// Counts a call.
    fn deposit(&self, now: Instant);

    /// Takes one retry, if there is one left.
    fn withdraw(&self, now: Instant) -> bool;
}

/// How often and how fast retries are made. What may be retried is the classifier's business.
///
/// A budget that is given is shared by all layers made of clones of the policy; the default one is made anew for each layer.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    pub(super) max_retries: u32,
    pauses: PauseChoice,
    budget: BudgetChoice,
    pub(super) seed: Option<u64>,
}

#[derive(Clone, Debug)]
enum PauseChoice {
    Backoff(Backoff),
    Own(Arc<dyn Pauses>),
}

#[derive(Clone, Debug)]
enum BudgetChoice {
    Fresh { floor: u32, percent: u32 },
    Given(Arc<dyn RetryBudget>),
    None,
}

/// The budget of one layer.
#[derive(Debug)]
pub(super) enum Account {
    Ours(Budget),
    Given(Arc<dyn RetryBudget>),
    None,
}

impl Account {
    /// Counts a call.
    #[inline]
    pub(super) fn deposit(&self, now: Moment) {
        match self {
            Self::Ours(budget) => budget.count_call(now),
            Self::Given(budget) => budget.deposit(now.instant()),
            Self::None => {}
        }
    }

    /// Takes one retry, if there is one left.
    pub(super) fn withdraw(&self, now: Moment) -> bool {
        match self {
            Self::Ours(budget) => budget.withdraw(now.instant()),
            Self::Given(budget) => budget.withdraw(now.instant()),
            Self::None => true,
        }
    }
}

impl Default for RetryPolicy {
    /// 3 retries, the default [`Backoff`], a default [`Budget`].
    fn default() -> Self {
        Self {
            max_retries: Self::MAX_RETRIES,
            pauses: PauseChoice::Backoff(Backoff::default()),
            budget: BudgetChoice::Fresh {
                floor: Budget::FLOOR,
                percent: Budget::PERCENT,
            },
            seed: None,
        }
    }
}

impl RetryPolicy {
    /// The default: 3 retries.
    pub const MAX_RETRIES: u32 = 3;

    /// At most this many retries after the first attempt. Default 3, at most 100; 0 fails at the first error.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Is the budget still that of the default?
    #[must_use]
    pub const fn has_default_budget(&self) -> bool {
        matches!(
            self.budget,
            BudgetChoice::Fresh {
                floor: Budget::FLOOR,
                percent: Budget::PERCENT,
            }
        )
    }

    /// The pauses. Default: 10 ms to 1 s with full jitter.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.pauses = PauseChoice::Backoff(backoff);
        self
    }

    /// Pauses of one's own.
    #[must_use]
    pub fn pauses(mut self, pauses: impl Pauses) -> Self {
        self.pauses = PauseChoice::Own(Arc::new(pauses));
        self
    }

    /// The budget. Default: max(50, 20 %) per 10 s, one for each layer.
    #[must_use]
    pub fn budget(mut self, budget: impl RetryBudget) -> Self {
        self.budget = BudgetChoice::Given(Arc::new(budget));
        self
    }

    /// A budget of at least `floor` retries in 10 s and `percent` of the calls, from 0 to 100, made anew for each layer. Default:
    /// [`Budget::FLOOR`] and [`Budget::PERCENT`].
    #[must_use]
    pub fn budget_of(mut self, floor: u32, percent: u32) -> Self {
        self.budget = BudgetChoice::Fresh { floor, percent };
        self
    }

    /// Without a budget, a fault of everything multiplies the load by `1 + max_retries`. For experiments.
    #[must_use]
    pub fn without_budget(mut self) -> Self {
        self.budget = BudgetChoice::None;
        self
    }

    /// Makes the jitter repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The retries after the first attempt.
    #[must_use]
    pub const fn retries(&self) -> u32 {
        self.max_retries
    }

    pub(super) fn pause(&self, retry: u32, random: &Random) -> Duration {
        match &self.pauses {
            PauseChoice::Backoff(backoff) => backoff.pause(retry, random),
            PauseChoice::Own(pauses) => pauses.pause(retry, random.next()),
        }
    }

    pub(super) fn make_budget(&self) -> Account {
        match &self.budget {
            BudgetChoice::Fresh { floor, percent } => Account::Ours(Budget::unchecked(*floor, *percent)),
            BudgetChoice::Given(budget) => Account::Given(Arc::clone(budget)),
            BudgetChoice::None => Account::None,
        }
    }

    pub(super) fn validate(&self) -> Result<(), InvalidConfig> {
        if self.max_retries > 100 {
            return Err(InvalidConfig::new(
                "retry.max_retries",
                self.max_retries,
                "at most 100 retries",
            ));
        }
        if let BudgetChoice::Fresh { floor, percent } = self.budget {
            Budget::new(floor, percent)?;
        }
        match &self.pauses {
            PauseChoice::Backoff(backoff) => backoff.validate(),
            PauseChoice::Own(_) => Ok(()),
        }
    }
}

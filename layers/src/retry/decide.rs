//! Whether there is another attempt, and after which pause.

use std::time::Duration;

use super::layer::Shared;
use crate::classify::{Advice, AttemptFigures, Stop};
use crate::clock::Moment;
use crate::request::{Attempt, Idempotency, Request};

/// What may be used once per call, and was.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Once {
    same_node: bool,
    backoff: bool,
    reprepare: bool,
}

/// The pause before the next attempt, or why there is none.
pub(super) fn decide<C, Req: Request>(
    shared: &Shared<C>,
    attempt: &AttemptFigures,
    elsewhere: bool,
    once: &mut Once,
    request: &Req,
    now: Moment,
) -> Result<Duration, Stop> {
    let AttemptFigures { number, failure, .. } = attempt;
    if !failure.may_retry(request.idempotency() == Idempotency::Yes) {
        return Err(Stop::NotRetryable);
    }
    let once = match failure.advice {
        Advice::SameOnce => Some(&mut once.same_node),
        Advice::BackoffOnce => Some(&mut once.backoff),
        Advice::Reprepare => Some(&mut once.reprepare),
        Advice::Never | Advice::Next | Advice::Backoff | Advice::NextBackoff => None,
    };
    if once.as_ref().is_some_and(|used| **used) {
        return Err(Stop::NotRetryable);
    }
    let most = request.context().max_retries.unwrap_or(shared.policy.max_retries);
    if *number > most.min(Attempt::MOST - 1) {
        return Err(Stop::AttemptsExhausted);
    }
    let at_once = match failure.advice {
        Advice::SameOnce | Advice::Reprepare => true,
        Advice::Next => *number == 1 && elsewhere,
        Advice::Never | Advice::Backoff | Advice::BackoffOnce | Advice::NextBackoff => false,
    };
    let pause = if at_once {
        Duration::ZERO
    } else {
        shared.policy.pause(*number, &shared.random)
    };
    let until = request.context().until();
    if until.ends() && now.after(pause) >= until.at {
        return Err(Stop::NoTimeLeft(until.limit));
    }
    if !shared.budget.withdraw(now) {
        if let Some(metrics) = shared.metrics.get() {
            metrics.budget_exhausted();
        }
        return Err(Stop::BudgetExhausted);
    }
    if let Some(used) = once {
        *used = true;
    }
    if let Some(metrics) = shared.metrics.get() {
        metrics.retried(failure.label);
    }
    Ok(pause)
}

//! The one timer of a wait.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::coop::has_budget_remaining;
use tokio::time::{Sleep, sleep_until};

use crate::clock::{self, Moment};

/// Ready at this moment, which stays the same. The timer is made when it is first needed.
#[inline]
pub(crate) fn poll_once_until(
    mut timer: Pin<&mut Option<Sleep>>,
    at: Moment,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if timer.is_none() {
        timer.set(Some(sleep_until(at.instant())));
    }
    poll(timer, at, cx)
}

/// Ready at this moment. The timer is made when it is first needed, and set anew where it was set to another moment.
pub(crate) fn poll_until(mut timer: Pin<&mut Option<Sleep>>, at: Moment, cx: &mut Context<'_>) -> Poll<()> {
    let instant = at.instant();
    match timer.as_mut().as_pin_mut() {
        None => timer.set(Some(sleep_until(instant))),
        Some(timer) if timer.deadline() == instant => {}
        Some(timer) => timer.reset(instant),
    }
    poll(timer, at, cx)
}

#[inline]
fn poll(timer: Pin<&mut Option<Sleep>>, at: Moment, cx: &mut Context<'_>) -> Poll<()> {
    let Some(timer) = timer.as_pin_mut() else {
        return Poll::Pending;
    };
    // What always uses up the task's budget before leaves none to the timer, which would never fire.
    if timer.poll(cx).is_pending() && (has_budget_remaining() || clock::read() < at) {
        return Poll::Pending;
    }
    Poll::Ready(())
}

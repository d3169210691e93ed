//! The one timer of a wait.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::coop::has_budget_remaining;
use tokio::time::{Sleep, sleep_until};

use crate::clock::{self, Moment};

thread_local! {
    /// When whoever polls now wants to be polled again, as long as nobody has a timer for it.
    static WANTED: Cell<Moment> = const { Cell::new(Moment::NEVER) };
}

/// What became of the wish to be polled again at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Nobody has a timer for it.
    Unheard,
    /// Somebody has.
    Heard,
    /// That timer has fired.
    Fulfilled,
}

/// Polls what may have a timer of its own, which is to fire at `at` first: so there is one timer and not two. Whoever is polled in
/// another task does not hear of it.
#[inline]
pub(crate) fn wanting<T>(at: Moment, poll: impl FnOnce() -> T) -> (T, Wish) {
    let before = Before(WANTED.replace(at));
    let polled = poll();
    let wish = match WANTED.get() {
        Moment::NEVER => Wish::Heard,
        Moment::NOW => Wish::Fulfilled,
        _ => Wish::Unheard,
    };
    drop(before);
    (polled, wish)
}

/// Restores what was wanted further out, also after a panic.
struct Before(Moment);

impl Drop for Before {
    #[inline]
    fn drop(&mut self) {
        WANTED.set(self.0);
    }
}

/// Ready at this moment, which stays the same. The timer is made when it is first needed, and is lent to somebody further
/// out who [wants](wanting) to be polled before.
#[inline]
pub(crate) fn poll_limit(mut timer: Pin<&mut Option<Sleep>>, at: Moment, cx: &mut Context<'_>) -> Poll<()> {
    if WANTED.get() < at {
        return lend(timer, at, cx);
    }
    ready!(poll_once_until(timer.as_mut(), at, cx));
    fired(timer, at, cx)
}

/// Not before the limit, unless it had been lent.
#[cold]
fn fired(timer: Pin<&mut Option<Sleep>>, at: Moment, cx: &mut Context<'_>) -> Poll<()> {
    if clock::read() < at {
        return poll_until(timer, at, cx);
    }
    Poll::Ready(())
}

/// First for the one who wants it.
#[inline(never)]
fn lend(mut timer: Pin<&mut Option<Sleep>>, at: Moment, cx: &mut Context<'_>) -> Poll<()> {
    let polled = poll_until(timer.as_mut(), WANTED.get(), cx);
    // Those in between need not see to it any more.
    WANTED.set(match polled {
        Poll::Pending => Moment::NEVER,
        Poll::Ready(()) => Moment::NOW,
    });
    ready!(polled);
    poll_until(timer, at, cx)
}

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
    match timer.as_pin_mut() {
        Some(timer) => poll_set(timer, at, cx),
        None => Poll::Pending,
    }
}

/// Ready at this moment, which the timer was set to.
#[inline]
pub(crate) fn poll_set(timer: Pin<&mut Sleep>, at: Moment, cx: &mut Context<'_>) -> Poll<()> {
    // What always uses up the task's budget before leaves none to the timer, which would never fire.
    if timer.poll(cx).is_pending() && (has_budget_remaining() || clock::read() < at) {
        return Poll::Pending;
    }
    Poll::Ready(())
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_timer_of_a_limit_fires_first_for_who_wants_it() {
        let (now, cx) = (clock::now(), &mut Context::from_waker(std::task::Waker::noop()));
        let [early, late] = [10, 30].map(|ms| now.after(Duration::from_millis(ms)));
        let mut timer = std::pin::pin!(None);
        let mut poll = |limit| wanting(early, || poll_limit(timer.as_mut(), limit, cx));
        assert_eq!(
            poll(early),
            (Poll::Pending, Wish::Unheard),
            "a limit that ends first is not lent"
        );
        assert_eq!(poll(late), (Poll::Pending, Wish::Heard));
        advance(Duration::from_millis(9)).await;
        assert_eq!(poll(late), (Poll::Pending, Wish::Heard));
        advance(Duration::from_millis(1)).await;
        assert_eq!(poll(late), (Poll::Pending, Wish::Fulfilled));
        advance(Duration::from_millis(19)).await;
        assert!(poll_limit(timer.as_mut(), late, cx).is_pending());
        advance(Duration::from_millis(1)).await;
        assert!(poll_limit(timer.as_mut(), late, cx).is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_wanted_is_forgotten_with_the_poll_however_that_ends() {
        let at = clock::now();
        let (inner, outer) = wanting(at, || {
            wanting(at.after(Duration::from_secs(1)), || WANTED.set(Moment::NEVER))
        });
        assert_eq!((inner.1, outer), (Wish::Heard, Wish::Unheard), "each for itself");
        let panicked = catch_unwind(AssertUnwindSafe(|| wanting(at, || panic!("as it should"))));
        assert!(panicked.is_err());
        assert_eq!(WANTED.get(), Moment::NEVER);
    }
}

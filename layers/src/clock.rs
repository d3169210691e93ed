//! Moments as one number, and one reading of the clock for all layers of one step.
//!
//! A request passes several layers that each want to know when it came, or when its answer did, in one go and on one thread. The
//! outermost of them begins a [`step`] around its call of the next one, and around each poll; the first one inside that looks at the
//! clock decides for all of them. The moment ends with the step, so what waits in between and goes on in a later poll reads the clock
//! anew. What looks again and again in one poll, until enough time has passed, [`read`]s the clock.

use std::cell::Cell;
use std::num::NonZeroU64;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::time::Instant;

/// A moment in nanoseconds. Compared, subtracted and kept in a few instructions, unlike an [`Instant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

/// What the numbers are counted from: the moment at which the first one was made has the number [`MIDDLE`].
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
/// 146 years on either side, and 0 and `u64::MAX` are no moments of any program.
const MIDDLE: u64 = 1 << 62;
const SECOND: u64 = 1_000_000_000;
/// Thirty years in seconds: further away than any process lives.
const FAR: u64 = 30 * 365 * 24 * 60 * 60;

impl Moment {
    /// After all moments.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// No moment, but a sign that one has come. After all moments.
    pub(crate) const NOW: Self = Self(u64::MAX - 1);

    /// Moments that are further than thirty years away are never.
    #[inline]
    pub(crate) fn of(at: Instant) -> Self {
        match at.checked_duration_since(*EPOCH) {
            Some(since) if since.as_secs() < FAR => {
                Self(MIDDLE + since.as_secs() * SECOND + u64::from(since.subsec_nanos()))
            }
            Some(_) => Self::NEVER,
            None => Self::before_epoch(&at),
        }
    }

    /// A paused clock may show a moment before the one at which the first was made.
    // By reference, because the moment lies in memory already.
    #[cold]
    fn before_epoch(at: &Instant) -> Self {
        Self(MIDDLE.saturating_sub(nanos(EPOCH.saturating_duration_since(*at))))
    }

    /// For a timer.
    #[inline]
    pub(crate) fn instant(self) -> Instant {
        match self.0.checked_sub(MIDDLE) {
            Some(after) => *EPOCH + Duration::from_nanos(after.min(FAR * SECOND)),
            None => EPOCH
                .checked_sub(Duration::from_nanos(MIDDLE - self.0))
                .unwrap_or(*EPOCH),
        }
    }

    /// As a number that grows with time.
    #[inline]
    pub(crate) const fn number(self) -> u64 {
        self.0
    }

    /// The moment so long after this one; [`NEVER`](Self::NEVER) where that is beyond the range.
    #[inline]
    pub(crate) const fn after_nanos(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// As [`after_nanos`](Self::after_nanos).
    #[inline]
    pub(crate) fn after(self, time: Duration) -> Self {
        self.after_nanos(nanos(time))
    }

    /// How long after `earlier` it is.
    #[inline]
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(earlier))
    }

    /// As [`since`](Self::since).
    #[inline]
    pub(crate) const fn nanos_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    #[inline]
    pub(crate) fn elapsed(self) -> Duration {
        now().since(self)
    }
}

/// In nanoseconds, of which a number has room for 584 years.
#[inline]
pub(crate) const fn nanos(time: Duration) -> u64 {
    match time.as_secs().checked_mul(SECOND) {
        Some(nanos) => nanos.saturating_add(time.subsec_nanos() as u64),
        None => u64::MAX,
    }
}

/// One reading of the clock, and its number once somebody has asked for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    instant: Instant,
    number: Option<NonZeroU64>,
}

impl Reading {
    /// Takes its number over, if somebody has asked for it meanwhile. For the end of the step that it was made in.
    #[inline]
    pub(crate) fn settle(&mut self) {
        self.number = STEP.with(|step| step.number.get());
    }

    /// How long after `earlier` it is.
    #[inline]
    pub(crate) fn seconds_since(&self, earlier: &Self) -> f64 {
        match (self.number, earlier.number) {
            (Some(now), Some(then)) => now.get().saturating_sub(then.get()) as f64 / SECOND as f64,
            _ => self
                .instant
                .saturating_duration_since(earlier.instant)
                .as_secs_f64(),
        }
    }
}

/// What is known of the step that is running.
struct Current {
    is_running: Cell<bool>,
    /// Once somebody has looked at the clock.
    instant: Cell<Option<Instant>>,
    /// Once somebody has asked for it.
    number: Cell<Option<NonZeroU64>>,
}

thread_local! {
    static STEP: Current = const {
        Current {
            is_running: Cell::new(false),
            instant: Cell::new(None),
            number: Cell::new(None),
        }
    };
}

/// The moment of the step, which is what the clock says if nobody has looked before.
#[inline]
pub(crate) fn reading() -> Reading {
    STEP.with(|step| {
        let instant = step.instant.get().unwrap_or_else(|| {
            let instant = Instant::now();
            if step.is_running.get() {
                step.instant.set(Some(instant));
            }
            instant
        });
        Reading {
            instant,
            number: step.number.get(),
        }
    })
}

/// As [`reading`], as a number, which is computed once for a step.
#[inline]
pub(crate) fn now() -> Moment {
    STEP.with(|step| match step.number.get() {
        Some(number) => Moment(number.get()),
        None if step.is_running.get() => number(step),
        None => read(),
    })
}

#[inline(never)]
fn number(step: &Current) -> Moment {
    let instant = step.instant.get().unwrap_or_else(Instant::now);
    let now = Moment::of(instant);
    step.instant.set(Some(instant));
    step.number.set(NonZeroU64::new(now.0));
    now
}

/// What the clock says, in a step as well.
#[inline(never)]
pub(crate) fn read() -> Moment {
    Moment::of(Instant::now())
}

/// Begins a step that lasts until the result is dropped, also by a panic, unless one is running.
#[inline]
pub(crate) fn step() -> Step {
    Step {
        is_outermost: STEP.with(|step| !step.is_running.replace(true)),
    }
}

/// As [`step`], but what was seen before is forgotten: for what begins anew in the middle of a poll.
#[cold]
pub(crate) fn new_step() -> Step {
    forget();
    step()
}

#[inline]
fn forget() {
    STEP.with(|step| {
        step.instant.set(None);
        step.number.set(None);
    });
}

/// Made by [`step`]. Kept for one call or for one poll.
#[must_use]
pub(crate) struct Step {
    is_outermost: bool,
}

impl Drop for Step {
    #[inline]
    fn drop(&mut self) {
        if self.is_outermost {
            STEP.with(|step| step.is_running.set(false));
            forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_moment_ends_with_its_step_however_that_ends() {
        let second = Duration::from_secs(1);
        let start = now();
        advance(second).await;
        assert_eq!(
            now(),
            start.after(second),
            "outside of a step the clock is read anew"
        );
        let outer = step();
        // The first one to look decides.
        let moment = now();
        let inner = step();
        advance(second).await;
        assert_eq!((now(), reading().number), (moment, NonZeroU64::new(moment.0)));
        assert_eq!(read(), moment.after(second));
        drop(inner);
        assert_eq!(now(), moment);
        drop(new_step());
        assert_eq!(now(), moment.after(second), "what begins anew looks anew");
        drop(outer);
        assert_eq!(now(), moment.after(second));
        let panicked = std::panic::catch_unwind(|| {
            let _step = step();
            let _ = now();
            panic!("as it should")
        });
        assert!(panicked.is_err());
        advance(second).await;
        assert_eq!(now(), moment.after(2 * second));
    }

    #[test]
    fn moments_are_exact_before_and_after_the_first_one() {
        let first = *EPOCH;
        for nanos in [0, 1, 999_999_999, 1_000_000_000, 3_600_000_000_123] {
            let time = Duration::from_nanos(nanos);
            let after = Moment::of(first + time);
            assert_eq!((after.0, after.instant()), (MIDDLE + nanos, first + time));
            let before = Moment::of(first - time);
            assert_eq!((before.0, before.instant()), (MIDDLE - nanos, first - time));
            assert_eq!(after.since(before), 2 * time);
        }
        assert_eq!(Moment::of(first).after(Duration::MAX), Moment::NEVER);
        assert!(Moment::NEVER.instant() > first + Duration::from_secs(365 * 24 * 60 * 60));
    }
}

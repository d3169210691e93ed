//! One reading of the clock for all layers of one step.
//!
//! A request passes several layers that each want to know when it came, in one go and on one thread. The first of them reads the
//! clock and calls the next one [`at`] that moment; the others find it by [`now`]. The moment ends with the call, so what
//! waits in between and goes on in a later poll reads the clock anew.

use std::cell::Cell;

use tokio::time::Instant;

thread_local! {
    static STEP: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The moment of the step, or what the clock says where nobody has named one.
#[inline]
pub(crate) fn now() -> Instant {
    STEP.get().unwrap_or_else(Instant::now)
}

/// Makes `now` the moment of everything that `step` does before it returns.
#[inline]
pub(crate) fn at<T>(now: Instant, step: impl FnOnce() -> T) -> T {
    // Also when `step` panics: nothing must believe in this moment afterwards.
    struct End(Option<Instant>);
    impl Drop for End {
        fn drop(&mut self) {
            STEP.set(self.0);
        }
    }
    let _end = End(STEP.replace(Some(now)));
    step()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_moment_ends_with_its_step_however_that_ends() {
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        assert_eq!(now(), start);
        at(later, || {
            assert_eq!(now(), later);
            at(start, || assert_eq!(now(), start));
            assert_eq!(now(), later);
        });
        assert_eq!(now(), start);
        let panicked = std::panic::catch_unwind(|| at(later, || panic!("as it should")));
        assert!(panicked.is_err());
        assert_eq!(now(), start);
    }
}

//! Where the time of a request went.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use crate::error::ErrorKind;

/// Where the time of a request went: waiting for a PREPARE, in the queues of limits, in pauses between attempts, and in the attempts themselves. From
/// [`Response::timings`](crate::Response::timings) and [`Error::timings`](crate::Error::timings); put together when it is asked for, without allocating.
///
/// What is not in it is the time the layers themselves take, some microseconds, and what layers of the user's own waited for.
///
/// `Display` is one line for logs: `queued 2ms; 50ms on 7c3… (timeout), paused 11ms, 1.2ms on 8a0…`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    prepare_wait: Duration,
    queue_wait: Duration,
    back_off: Duration,
    working: Duration,
    made: u32,
    kept: [AttemptTiming; Self::KEPT],
}

/// One attempt among [`Timings`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptTiming {
    /// The node it was sent to, where one was chosen.
    pub node: Option<Uuid>,
    /// How long it was waited between the attempt before and this one.
    pub pause: Duration,
    /// From sending it to its end.
    pub elapsed: Duration,
    /// How it failed. None if it succeeded, or was overtaken.
    pub error: Option<ErrorKind>,
    /// It had no answer yet when the one that was made beside it ([`ClusterBuilder::hedge`](crate::ClusterBuilder::hedge)) had.
    pub overtaken: bool,
}

impl Timings {
    /// So many attempts are kept, the last ones: 4.
    pub const KEPT: usize = 4;

    /// How long it waited for its text to be prepared, before the call.
    #[must_use]
    pub const fn prepare_wait(&self) -> Duration {
        self.prepare_wait
    }

    /// How long limits made it wait.
    #[must_use]
    pub const fn queue_wait(&self) -> Duration {
        self.queue_wait
    }

    /// How long it paused between attempts, all together.
    #[must_use]
    pub const fn back_off(&self) -> Duration {
        self.back_off
    }

    /// How long the attempts took, all together. While one that succeeded and another one were under way beside each other, time counts once.
    #[must_use]
    pub const fn in_attempts(&self) -> Duration {
        self.working
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> Duration {
        [self.prepare_wait, self.queue_wait, self.back_off, self.working]
            .into_iter()
            .fold(Duration::ZERO, Duration::saturating_add)
    }

    /// How many attempts there were.
    #[must_use]
    pub const fn attempt_count(&self) -> u32 {
        self.made
    }

    /// The attempts in their order; of more than [`KEPT`](Self::KEPT) the last ones. The sums above are of all.
    #[must_use]
    pub fn attempts(&self) -> &[AttemptTiming] {
        let kept = (self.made as usize).min(Self::KEPT);
        self.kept.get(..kept).unwrap_or_default()
    }

    pub(crate) fn wait(&mut self, prepare: Duration, queue: Duration) {
        self.prepare_wait = self.prepare_wait.saturating_add(prepare);
        self.queue_wait = self.queue_wait.saturating_add(queue);
    }

    /// For so long, what was noted twice was the same time.
    pub(crate) const fn passed_twice(&mut self, time: Duration) {
        self.working = self.working.saturating_sub(time);
    }

    pub(crate) fn push(&mut self, attempt: AttemptTiming) {
        let made = self.made as usize;
        if made >= Self::KEPT {
            self.kept.rotate_left(1);
        }
        if let Some(place) = self.kept.get_mut(made.min(Self::KEPT - 1)) {
            *place = attempt;
        }
        self.made = self.made.saturating_add(1);
        self.back_off = self.back_off.saturating_add(attempt.pause);
        self.working = self.working.saturating_add(attempt.elapsed);
    }
}

impl fmt::Display for Timings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "";
        for (what, time) in [("prepared", self.prepare_wait), ("queued", self.queue_wait)] {
            if !time.is_zero() {
                write!(f, "{before}{what} {time:?}")?;
                before = "; ";
            }
        }
        let omitted = (self.made as usize).saturating_sub(Self::KEPT);
        if omitted > 0 {
            write!(f, "{before}{omitted} attempts before")?;
            before = ", ";
        }
        for attempt in self.attempts() {
            write!(f, "{before}{attempt}")?;
            before = ", ";
        }
        Ok(())
    }
}

impl fmt::Display for AttemptTiming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.pause.is_zero() {
            write!(f, "paused {:?}, ", self.pause)?;
        }
        write!(f, "{:?}", self.elapsed)?;
        if let Some(node) = self.node {
            write!(f, " on {node}")?;
        }
        if self.overtaken {
            f.write_str(" (overtaken)")?;
        }
        match self.error {
            Some(error) => write!(f, " ({error})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_four_attempts_are_kept_and_all_are_added_up() {
        let mut timings = Timings::default();
        timings.wait(Duration::from_millis(1), Duration::from_millis(2));
        for n in 1..=6 {
            timings.push(AttemptTiming {
                pause: Duration::from_millis(10),
                elapsed: Duration::from_millis(n),
                error: (n < 6).then_some(ErrorKind::Overloaded),
                ..AttemptTiming::default()
            });
        }
        let kept: Vec<u128> = timings
            .attempts()
            .iter()
            .map(|it| it.elapsed.as_millis())
            .collect();
        assert_eq!(kept, [3, 4, 5, 6]);
        assert_eq!((timings.attempt_count(), timings.back_off().as_millis()), (6, 60));
        assert_eq!(
            (timings.in_attempts().as_millis(), timings.total().as_millis()),
            (21, 84)
        );
        let shown = timings.to_string();
        assert!(
            shown.starts_with("prepared 1ms; queued 2ms; 2 attempts before, paused 10ms, 3ms ("),
            "{shown}"
        );
        assert!(shown.ends_with("paused 10ms, 6ms"), "{shown}");
        assert_eq!(Timings::default().to_string(), "");
    }
}

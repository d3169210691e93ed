//! How a page came here.

use std::time::Duration;

use tower_cassandra_layers::classify::Beside;
use uuid::Uuid;

use crate::error::Error;
use crate::timings::{AttemptTiming, Timings};

/// Of one page, beside it.
#[derive(Default)]
pub(crate) struct Figures {
    pub(super) took: Took,
    /// Before the attempt that succeeded.
    pub(super) pause: Duration,
    /// What the attempts before it left behind.
    pub(super) earlier: Option<Error>,
    /// The one that was made beside it. Few have one.
    pub(super) beside: Option<Box<Overtaken>>,
}

/// An attempt that was made beside the one that succeeded.
pub(crate) struct Overtaken {
    pub(super) beside: Beside<Error>,
    /// The node that still owes its answer.
    pub(super) owing: Option<Uuid>,
}

impl Overtaken {
    fn add_to(&self, timings: &mut Timings) {
        match &self.beside.failed {
            Some(error) => error.add_attempts_to(timings),
            None => timings.push(AttemptTiming {
                node: self.owing,
                elapsed: self.beside.elapsed,
                overtaken: true,
                ..AttemptTiming::default()
            }),
        }
        timings.passed_twice(self.beside.together);
    }
}

/// What the leaf knows of the attempt that succeeded.
#[derive(Clone, Copy, Default)]
pub(crate) struct Took {
    pub(crate) prepare_wait: Duration,
    pub(crate) queue_wait: Duration,
    pub(crate) elapsed: Duration,
}

impl Figures {
    pub(super) fn add_to(&self, timings: &mut Timings, coordinator: Option<Uuid>) {
        timings.wait(self.took.prepare_wait, self.took.queue_wait);
        if let Some(earlier) = &self.earlier {
            earlier.add_attempts_to(timings);
        }
        let (before, after) = match &self.beside {
            Some(other) if other.beside.won => (Some(other), None),
            other => (None, other.as_ref()),
        };
        if let Some(first) = before {
            first.add_to(timings);
        }
        timings.push(AttemptTiming {
            node: coordinator,
            pause: self.pause,
            elapsed: self.took.elapsed,
            ..AttemptTiming::default()
        });
        if let Some(second) = after {
            second.add_to(timings);
        }
    }
}

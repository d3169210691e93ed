//! How a page came here.

use std::time::Duration;

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
        timings.push(AttemptTiming {
            node: coordinator,
            pause: self.pause,
            elapsed: self.took.elapsed,
            error: None,
        });
    }
}

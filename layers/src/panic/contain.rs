use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Panicked;

/// Runs `work` and catches its panic.
///
/// `AssertUnwindSafe` is a promise that nobody looks at what a panic has left half done. It is kept here because every
/// caller throws away what `work` was working on: a future that panicked is dropped and never polled again, a recording
/// that panicked has no result. What is shared with other requests lies behind atomics and locks, and the locks of this
/// crate are taken over, not given up, when they are poisoned.
#[inline]
pub(crate) fn contain<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Ok(done),
        Err(payload) => Err(describe(payload)),
    }
}

#[cold]
fn describe(payload: Box<dyn Any + Send>) -> Panicked {
    let panicked = Panicked::new(&*payload);
    // The payload is any value at all, so its destructor may panic as well, and so may the payload of *that* panic.
    // The second one is leaked: there is no end to this otherwise.
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
    panicked
}

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Panicked;

/// Runs `work`, which may be foreign code, and catches its panic. The panic hook runs as always.
///
/// # Errors
///
/// [`Panicked`], with the text of the panic. That its payload may panic when it is dropped is taken care of.
///
/// ```
/// use tower_cassandra_layers::panic::contain;
///
/// assert_eq!(contain(|| 1), Ok(1));
/// assert_eq!(contain(|| panic!("no")).unwrap_err().message(), "no");
/// ```
#[inline]
pub fn contain<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    // `AssertUnwindSafe` is a promise that nobody looks at what a panic has left half done. It is kept here because every
    // caller throws away what `work` was working on: a future that panicked is dropped and never polled again, a recording
    // that panicked has no result. What is shared with other requests lies behind atomics and locks, and the locks of this
    // crate are taken over, not given up, when they are poisoned.
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

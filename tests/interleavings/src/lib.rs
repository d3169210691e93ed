//! Stands in the place of `std` for the files under test, which then use loom's atomics without knowing it. Files that bring tests of their own are
//! tried in here, where those are left out: loom cannot run them.
#![no_std]

// The files under test say `std::sync::atomic`.
#[cfg(not(test))]
extern crate self as std;
#[cfg(not(test))]
extern crate std as real;

#[cfg(not(test))]
pub mod rate;
#[cfg(not(test))]
pub mod saving;

/// As in `std`.
pub mod sync {
    /// As in `std`.
    pub mod atomic {
        pub use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
    }
}

/// All interleavings with at most three places where one thread takes over from another that could go on: more find nothing more and take hours.
pub fn all_interleavings(model: impl Fn() + Send + Sync + 'static) {
    interleavings_with(3, model);
}

/// With at most so many of these places, for models that would take minutes otherwise.
pub fn interleavings_with(places: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(places);
    builder.check(model);
}

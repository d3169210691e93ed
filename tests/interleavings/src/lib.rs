//! Stands in the place of `std` for the files under test, which then use loom's atomics without knowing it.
#![no_std]

/// As in `std`.
pub mod sync {
    /// As in `std`.
    pub mod atomic {
        pub use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
    }
}

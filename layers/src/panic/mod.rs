//! Panic isolation.
mod error;
pub use error::Panicked;

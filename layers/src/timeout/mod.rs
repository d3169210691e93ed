//! Time limits.
mod error;
pub use error::Elapsed;

//! Limits.
mod error;
pub use error::{Reason, Rejected};

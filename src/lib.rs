//! Being built.

#[cfg(feature = "prometheus")]
pub mod prometheus;

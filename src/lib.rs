//! Being built.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

// Many constructors wait for their first caller.
#[allow(dead_code)]
mod error;
mod nature;

pub use error::{AttemptError, Error, ErrorKind};
pub use nature::Nature;

#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod balance;
pub mod classify;
mod clock;
pub mod config;
pub mod health;
pub mod hedge;
pub mod limit;
mod macros;
pub mod metrics;
pub mod panic;
mod random;
pub mod request;
pub mod retry;
pub mod timeout;
mod timer;
pub mod trace;

pub use classify::{Advice, Applied, Classify, Failure, Fault, Outcome};
pub use config::InvalidConfig;
pub use request::{Call, Context, Deadline, Idempotency, Limit, NodeId, Priority, Request};

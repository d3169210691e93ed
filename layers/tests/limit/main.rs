//! Rate and concurrency limits, on a paused clock.

mod concurrency;
mod model;
mod priority;
mod rate;
mod shares;
mod support;
mod threads;
mod waits;

#[path = "../metrics/support.rs"]
#[allow(dead_code, reason = "only the recorder is used here")]
mod recorder;

//! Rate and concurrency limits, on a paused clock.

mod concurrency;
mod rate;
mod support;

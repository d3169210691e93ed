//! The stack under load, on a paused clock. `-- --nocapture` prints the figures; `FULL=1` runs more and larger ones.

mod overload;
mod schedules;
mod server;
mod storm;

#[path = "../limit/support.rs"]
#[allow(dead_code, reason = "the task and the random numbers are used here")]
mod by_hand;
#[path = "../support/probe/mod.rs"]
mod probe;
#[path = "../metrics/support.rs"]
#[allow(dead_code, reason = "only the recorder is used here")]
mod recorder;
#[path = "../support/stack.rs"]
mod stack;
#[path = "../support/mod.rs"]
mod support;

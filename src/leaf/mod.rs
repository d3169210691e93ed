//! The leaf: one attempt on one node.
//!
//! What it does not do: retry, hedge, wait for a turn, give up after a time. The driver's own retries, timeout and speculative execution
//! are off; layers above do all that. It takes the ticket the balancer left on the statement, sends to that node by a policy that knows
//! no other, and keeps the ticket until the node has answered, even when nobody waits any more.

mod attempt;
mod room;
mod run;
mod service;
mod slot;
mod target;

pub(crate) use service::LeafReaper;
pub use service::{AttemptFuture, SessionService};
pub(crate) use slot::DriverSlot;
pub(crate) use target::Target;

//! The balancer among simulated nodes: the real layers on an exact clock, beside other ways to choose a node.
//!
//! ```text
//! cargo test -p tower-cassandra-layers --test simulation -- --nocapture        a smaller form, a few seconds
//! FULL=1 cargo test --release -p tower-cassandra-layers --test simulation -- --nocapture --test-threads 1
//! SEED=7 …                                                                      repeats a run
//! ```
//!
//! **Nodes** have workers and one queue, first come first served, and pause, freeze or limp by a plan that the seed decides. What was
//! sent is worked on whether or not anybody still waits. **Clients** are complete stacks with a health table each. Requests come at
//! random times that do not depend on answers, and every way to choose sees the same requests, the same work and the same pauses.
//!
//! **Time.** Nothing is scaled. The harness keeps its own queue of arrivals and answers, in nanoseconds, and advances tokio's paused clock
//! from one to the next; so every moment that a layer reads is exact, and all layers run with the constants they have for users. Only their
//! timers are rounded, up to a millisecond, as they are in reality.

mod dice;
mod drive;
mod figures;
mod goals;
mod hedged;
mod leaf;
mod plan;
mod rivals;
mod stack;
mod world;

#[path = "../limit/support.rs"]
#[allow(dead_code, reason = "only the random numbers are used here")]
mod by_hand;
#[path = "../support/mod.rs"]
mod support;

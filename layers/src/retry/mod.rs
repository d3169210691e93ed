//! Retries that never apply a request twice against its will, never outlive their deadline and never become a storm.
//!
//! This layer is the one owner of attempts. After each failure it asks the classifier for a judgement and retries only if
//! [`Failure::may_retry`](crate::Failure::may_retry) allows it, that is: nothing was applied, or the request is idempotent. Then four bounds hold:
//!
//! | bound | default | why |
//! |---|---|---|
//! | retries per call | 3 | a fourth rarely helps |
//! | pause between attempts | exponential from 10 ms to 1 s, full jitter | repeats must not arrive together |
//! | budget of the session | retries of the last 10 s < max(50, 20 % of the calls of the last 10 s) | when everything fails, the load must not multiply (the share is Finagle's and tower's) |
//! | time | an attempt or a pause that does not fit into the deadline is not started | nobody would see its answer |
//!
//! [`Advice`](crate::Advice) decides where the next attempt goes: it travels to the balancer in
//! [`Context::attempt`](crate::Context). A pause is skipped before the first repetition when there is another node to go to and the
//! advice does not ask for one.
//!
//! It stands outside of balancing and of the attempt limit, and inside of admission: a call is admitted once, and its permit
//! covers all attempts. Outside of it stands the call limit; elsewhere each attempt would get the time of the whole call.
//!
//! Each attempt goes to an inner service that was polled ready for that attempt; waiting for that ends at the deadline. The attempt before is dropped before the pause
//! starts. Dropping the future drops the attempt or the pause that is under way, nothing else is held. Services made by one layer
//! value share its budget; clones of a service do too.
//!
//! ```
//! use tower_cassandra_layers::classify::classify_fn;
//! use tower_cassandra_layers::retry::{Backoff, RetryLayer, RetryPolicy};
//! use tower_cassandra_layers::{Advice, Applied, Failure, Fault, Outcome};
//! use std::time::Duration;
//!
//! let policy = RetryPolicy::default()
//!     .max_retries(2)
//!     .backoff(Backoff::exponential(Duration::from_millis(20), Duration::from_secs(1)));
//! let layer = RetryLayer::new(policy, classify_fn(|result: Result<&(), &std::io::Error>| match result {
//!     Ok(()) => Outcome::Success,
//!     Err(_) => Outcome::Failure(Failure {
//!         applied: Applied::Maybe,
//!         advice: Advice::Next,
//!         fault: Fault::Node,
//!         label: "io",
//!     }),
//! }))?;
//! # let _ = layer;
//! # Ok::<(), tower_cassandra_layers::InvalidConfig>(())
//! ```

mod backoff;
mod budget;
mod decide;
mod future;
mod layer;
mod policy;
mod service;

pub use backoff::Backoff;
pub use budget::{Budget, BudgetUsage};
pub use future::ResponseFuture;
pub use layer::RetryLayer;
pub use policy::{Pauses, RetryBudget, RetryPolicy};
pub use service::Retry;

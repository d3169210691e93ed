//! Time limits that know what they are for: one call, one attempt, or a whole operation.
//!
//! [`TimeoutLayer::call`] stands outside of everything that waits. It writes the deadline into the request, and every layer
//! below that waits (a queue, a back-off, an attempt) watches that deadline itself. So only one timer is registered at a
//! time, and the layer that waited makes the error and can say what it was waiting for.
//! [`TimeoutLayer::attempt`] stands directly around the leaf and bounds one attempt by its own limit and the deadline,
//! whichever comes first.
//!
//! Elsewhere it goes wrong: a call limit *inside* the retry bounds each attempt and not what the caller waits for; an
//! attempt limit *outside* leaves no time for the next attempt when a node is silent.
//!
//! | | default | unit | why |
//! |---|---|---|---|
//! | limit | none, it is always given | any duration above zero, up to thirty years; a request's own [`OwnLimit`](crate::request::OwnLimit) wins | only the caller knows how long an answer is worth having; zero would fail every call, and a longer one is beyond what tokio's timer can hold |
//! | own timer | on for `attempt` and `call`; [`without_timer`](TimeoutLayer::without_timer) turns it off for `call` | | a limit must hold around any service; where every layer below watches the deadline itself, as ours do, a second timer would only cost its registration |
//!
//! The future polls the inner future first and looks at the clock second: an answer that is there in time is never thrown
//! away. Errors: [`Elapsed`], with [`Applied::No`](crate::Applied::No) only when the inner service was not called because the time had
//! passed before. Dropping the future drops the inner future. Clones share nothing but the limit.
//!
//! ```
//! use std::time::Duration;
//! use tower_cassandra_layers::timeout::TimeoutLayer;
//!
//! let outside = TimeoutLayer::call(Duration::from_secs(2))?;
//! let inside = TimeoutLayer::attempt(Duration::from_millis(500))?;
//! assert!(TimeoutLayer::call(Duration::ZERO).is_err());
//! # let _ = (outside, inside);
//! # Ok::<(), tower_cassandra_layers::InvalidConfig>(())
//! ```

mod error;
mod future;
mod layer;
mod service;

pub use error::Elapsed;
pub use future::ResponseFuture;
pub use layer::TimeoutLayer;
pub use service::Timeout;

//! A second attempt beside a first one that takes unusually long: the slow tail goes, the load stays.
//!
//! A request that is already with a node when that node stops would wait for its attempt limit, however well later requests are sent
//! elsewhere. This layer waits for a delay that only about one of a hundred attempts exceeds, and then sends the request to another
//! node as well. The first answer is the answer.
//!
//! What keeps it from doing harm:
//!
//! | rule | default | why |
//! |---|---|---|
//! | only requests that may be applied twice ([`Request::hedge`](crate::Request::hedge)) | | a second attempt is a repetition |
//! | the delay is a quantile of the session's own first attempts, for reads and writes apart | 0.99, from 1,000 samples on, at least 2 ms | below that it would hedge what is usual |
//! | a sample counts for no more than 1.5 times the delay, the delay grows by no more than a quarter at a time, and a first attempt that lost counts for the delay alone | | otherwise the delay learns from the slowness it is to cure, and runs away |
//! | a share of the calls, saved up to a small burst; none at the beginning | 1 %, 64 | when everything is slow nothing may be added to it |
//! | the retry budget of the session pays as well, where it is [given](HedgeLayer::with_budget) | | all that comes on top of the calls has one bound |
//! | one second attempt for each attempt | | a third made the tail longer in simulation |
//! | never to a node that was tried or has the first attempt, nor to one that is gated or full | | it would wait there too |
//! | only while the deadline allows | | nobody would see the answer |
//!
//! The numbers are those of a simulation of pauses, frozen and limping nodes, total outage and overload on this very code: see
//! `layers/tests/simulation/hedged.rs`. Where one of these says no, the first attempt goes on alone: a second one is never waited for, and its
//! budget is given back. With one node it is idle, and says so once in the log.
//!
//! It stands inside of the retry, so that each attempt may have a second one, and outside of the balancer, which chooses another node for
//! it. Outside of the retry it would send whole calls again, with all their attempts; inside of the balancer both would go to the
//! same node. Without a balancer it works too, but nothing keeps it from sending both to one place.
//!
//! An error of one attempt does not end the call as long as the other one is under way. If both fail, their errors are joined by the
//! classifier ([`Classify::accumulate`](crate::Classify::accumulate)) into one: the worst of what may have been applied, and both
//! attempts in its history; a retry goes to [neither of their nodes](crate::Classify::node_beside). The attempt that loses is dropped, and what becomes of it is the
//! leaf's business: with a [`Reaper`](crate::balance::Reaper) it stays counted on its node until that has answered, so a frozen node does not look idle.
//!
//! **One timer at a time.** The delay borrows the timer of the [attempt limit](crate::timeout) inside, which has it back afterwards. Where
//! there is none, or where it is polled in another task, the layer makes one of its own, in a box. The second attempt is boxed when it is made. Other calls
//! allocate nothing here. The future keeps a clone of the request and of the service.
//!
//! Dropping the future drops both attempts. Services made by one layer value share what was learned and saved; clones of a service do too.
//!
//! The events of the counter `cassandra_hedges_total` are `sent`, `won` (the second attempt was faster), `lost` (the first one was),
//! `no_budget` (an attempt took longer than the delay, and there was nothing to pay a second one with), `no_candidate` (no other node was well) and
//! `not_eligible` (the request must not be sent twice). What was sent and neither won nor lost failed, or nobody waited for it. The gauge
//! `cassandra_hedge_delay_seconds` shows the delay of each class once it is known; the debug log of a call says when a second attempt was made, and when it won.
//!
//! ```
//! use tower_cassandra_layers::classify::classify_fn;
//! use tower_cassandra_layers::hedge::{Hedge, HedgeLayer};
//! use tower_cassandra_layers::Outcome;
//!
//! let classifier = classify_fn(|_: Result<&(), &std::io::Error>| Outcome::Success);
//! let layer = HedgeLayer::new(Hedge::default().share(0.02), classifier)?;
//! # let _ = layer;
//! # Ok::<(), tower_cassandra_layers::InvalidConfig>(())
//! ```

mod delay;
mod future;
mod handle;
mod layer;
mod savings;
mod second;
mod service;
mod settings;

pub use future::ResponseFuture;
pub use handle::HedgeHandle;
pub use layer::HedgeLayer;
pub use service::Hedged;
pub use settings::Hedge;

//! Panic isolation: a panic below becomes an error, and the service stays usable.
//!
//! A panic in one request must not take down what it shares with others: the task of a server that answers many
//! clients, the service that is cloned into every handler. [`CatchPanic`] catches a panic of anything below it (in `call`,
//! in polling, in getting ready, in dropping the future) and gives it back as a [`Panicked`], turned into the error of
//! the stack by `From`.
//!
//! ```
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! use tower_cassandra_layers::panic::{CatchPanicLayer, Panicked};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let mut service = ServiceBuilder::new()
//!     .layer(CatchPanicLayer::new())
//!     .service(service_fn(|n: u32| async move {
//!         assert_ne!(n, 0, "no zero");
//!         Ok::<_, Panicked>(n)
//!     }));
//!
//! assert!(service.ready().await.unwrap().call(0).await.is_err());
//! assert_eq!(service.ready().await.unwrap().call(1).await, Ok(1));
//! # }
//! ```
//!
//! # Where it stands
//!
//! Outside everything that runs foreign code (user layers, classifiers, the driver) and inside the metrics, so that a
//! panic is measured as the failure that it is. Further inside, it would leave the layers above it unprotected.
//! Outside the metrics, the panic passes through them; they count it as a failure all the same, under the error type
//! `panic`.
//!
//! Retry must not stand outside it: what a panicking attempt has sent is unknown, so its classifier has to answer
//! [`Applied::Maybe`](crate::Applied::Maybe) and [`Advice::Never`](crate::Advice::Never) for a [`Panicked`].
//!
//! # Details
//!
//! * **Default**: nothing is counted; [`CatchPanicLayer::with_metrics`] counts each panic once.
//! * **Readiness.** A panic in `poll_ready` is reported as ready; the `call` that follows returns the error without
//!   touching the inner service. An error out of `poll_ready` would be terminal, and a panic is not.
//! * **Clones** share nothing but what clones of the inner service share. A clone does not inherit a panic in `poll_ready`.
//! * **Cancellation.** Dropping the future drops the inner one; a panic in doing so ends here, because a second panic
//!   while a thread is unwinding aborts the process.
//! * The panic hook runs as always; by default it prints the panic and its place to standard error.
//! * With `panic = "abort"` in the profile there is nothing to catch.
//!
//! # Why not another crate's
//!
//! tower has no such layer. `tower_http::catch_panic` answers a panic with an HTTP response and accepts no other kind.
//! `futures_util::FutureExt::catch_unwind` covers polling only: not `call`, not getting ready, not dropping, and it panics
//! again when the payload of the panic panics in its own destructor.

mod contain;
mod error;
mod future;
mod layer;
mod service;

pub use contain::contain;
pub use error::Panicked;
pub use future::ResponseFuture;
pub use layer::CatchPanicLayer;
pub use service::CatchPanic;

//! Write your own layer: from nothing to a tested layer, outside and inside of retry.
//!
//! # What a layer is
//!
//! A service is an `async fn(Request) -> Result<Response, Error>` that can say whether it is ready. A layer takes a service and gives a
//! service back. Here the request is a [`Statement`](crate::Statement) and the response a [`Response`](crate::Response), and there are two places for your own:
//!
//! | place | sees | good for |
//! |---|---|---|
//! | [`ClusterBuilder::layer`](crate::ClusterBuilder::layer) | each call once, before admission and retry | auditing, tenancy, caching, tagging, refusing |
//! | [`ClusterBuilder::attempt_layer`](crate::ClusterBuilder::attempt_layer) | each attempt, before its node is chosen | counting attempts, injecting faults in tests |
//!
//! # A layer that does not wait
//!
//! This one refuses statements while a switch is off. It is generic over the request: it would fit around any service.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicBool, Ordering};
//! use std::task::{Context, Poll};
//!
//! use futures_util::future::{Either, Ready, ready};
//! use tower::{Layer, Service};
//!
//! #[derive(Clone)]
//! struct SwitchLayer {
//!     on: Arc<AtomicBool>,
//! }
//!
//! impl<S> Layer<S> for SwitchLayer {
//!     type Service = Switch<S>;
//!
//!     fn layer(&self, inner: S) -> Switch<S> {
//!         // What the layer value holds, all its services share.
//!         Switch { inner, on: Arc::clone(&self.on) }
//!     }
//! }
//!
//! #[derive(Clone)]
//! struct Switch<S> {
//!     inner: S,
//!     on: Arc<AtomicBool>,
//! }
//!
//! #[derive(Debug)]
//! struct SwitchedOff;
//!
//! impl std::fmt::Display for SwitchedOff {
//!     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
//!         f.write_str("switched off")
//!     }
//! }
//!
//! impl std::error::Error for SwitchedOff {}
//!
//! type BoxError = Box<dyn std::error::Error + Send + Sync>;
//!
//! impl<S, R> Service<R> for Switch<S>
//! where
//!     S: Service<R>,
//!     S::Error: Into<BoxError>,
//! {
//!     type Response = S::Response;
//!     type Error = BoxError;
//!     type Future = Either<Ready<Result<S::Response, BoxError>>, MapErr<S::Future>>;
//!
//!     // This layer waits for nothing of its own, so it is as ready as what is inside. Being off is not an error of
//!     // `poll_ready`: that would say that the service is broken for good.
//!     fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
//!         self.inner.poll_ready(cx).map_err(Into::into)
//!     }
//!
//!     fn call(&mut self, request: R) -> Self::Future {
//!         if self.on.load(Ordering::Relaxed) {
//!             // The very service that was polled ready, and no clone of it.
//!             Either::Right(MapErr { inner: self.inner.call(request) })
//!         } else {
//!             Either::Left(ready(Err(SwitchedOff.into())))
//!         }
//!     }
//! }
//!
//! // The future has a name, so nothing is boxed.
//! pin_project_lite::pin_project! {
//!     struct MapErr<F> {
//!         #[pin]
//!         inner: F,
//!     }
//! }
//!
//! impl<F, T, E: Into<BoxError>> Future for MapErr<F>
//! where
//!     F: Future<Output = Result<T, E>>,
//! {
//!     type Output = Result<T, BoxError>;
//!
//!     fn poll(self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
//!         self.project().inner.poll(cx).map_err(Into::into)
//!     }
//! }
//!
//! # use tower_cassandra::{Error, ErrorKind, Response, Session, Statement};
//! # use tower::ServiceBuilder;
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! // The test needs no database: a mock is a service.
//! let mock = tower::service_fn(|_: Statement| async { Ok::<_, Error>(Response::empty()) });
//! let on = Arc::new(AtomicBool::new(true));
//! let service = ServiceBuilder::new().layer(SwitchLayer { on: Arc::clone(&on) }).service(mock);
//! let session = Session::from_service(service);
//! assert!(session.execute("SELECT a FROM t").await.is_ok());
//!
//! on.store(false, Ordering::Relaxed);
//! let error = session.execute("SELECT a FROM t").await.unwrap_err();
//! // An error that is not ours arrives as `Internal`, with yours as its source, and is not retried.
//! assert_eq!(error.kind(), ErrorKind::Internal);
//! assert!(std::error::Error::source(&error).unwrap().is::<SwitchedOff>());
//! # });
//! ```
//!
//! To put it into the whole stack: `ClusterBuilder::new().layer(SwitchLayer { on })`. Two more ways for your own errors: return our
//! [`Error`](crate::Error) and it comes out unchanged, or tower's `Elapsed` and `Overloaded`, which become `Timeout` and `Rejected`.
//!
//! # A layer that calls more than once, or later
//!
//! Then the future needs a service of its own. Take the one that was polled ready, leave a clone in its place, and poll it ready anew
//! before each further call:
//!
//! ```
//! # use std::task::{Context, Poll};
//! # use futures_util::future::BoxFuture;
//! # use tower::{Service, ServiceExt};
//! #[derive(Clone)]
//! struct Twice<S> {
//!     inner: S,
//! }
//!
//! impl<S, R> Service<R> for Twice<S>
//! where
//!     S: Service<R> + Clone + Send + 'static,
//!     S::Future: Send,
//!     S::Response: Send,
//!     S::Error: Send,
//!     R: Clone + Send + 'static,
//! {
//!     type Response = (S::Response, S::Response);
//!     type Error = S::Error;
//!     type Future = BoxFuture<'static, Result<Self::Response, S::Error>>;
//!
//!     fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
//!         self.inner.poll_ready(cx)
//!     }
//!
//!     fn call(&mut self, request: R) -> Self::Future {
//!         let clone = self.inner.clone();
//!         let mut ready = std::mem::replace(&mut self.inner, clone);
//!         Box::pin(async move {
//!             let first = ready.call(request.clone());
//!             let first = first.await?;
//!             let second = ready.ready().await?.call(request).await?;
//!             Ok((first, second))
//!         })
//!     }
//! }
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! # let service = Twice { inner: tower::service_fn(|n: u32| async move { Ok::<_, ()>(n) }) };
//! # let pair: (u32, u32) = service.oneshot(1).await.unwrap();
//! # assert_eq!(pair, (1, 1));
//! # });
//! ```
//!
//! The clone is not ready, even if the original was: readiness may be a permit, and it belongs to the one that was asked.
//!
//! # Inside of retry
//!
//! An attempt layer sees every attempt as a statement of its own. Which one it is says the context of the request:
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use std::sync::{Arc, Mutex};
//! use tower::{Service, ServiceBuilder, ServiceExt};
//! use tower_cassandra::layers::Request;
//! use tower_cassandra::layers::retry::{RetryLayer, RetryPolicy};
//! use tower_cassandra::test_util::error;
//! use tower_cassandra::{CqlClassifier, ErrorKind, Response, Statement};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let seen = Arc::new(Mutex::new(Vec::new()));
//! let attempts = Arc::clone(&seen);
//! // In a service of yours: `ClusterBuilder::new().attempt_layer(look)`.
//! let look = tower::util::MapRequestLayer::new(move |statement: Statement| {
//!     attempts.lock().unwrap().push(statement.context().attempt.number());
//!     statement
//! });
//! // A database that is overloaded once.
//! let calls = Arc::new(AtomicU32::new(0));
//! let mock = tower::service_fn(move |_: Statement| {
//!     let first = calls.fetch_add(1, Ordering::Relaxed) == 0;
//!     async move { if first { Err(error(ErrorKind::Overloaded)) } else { Ok(Response::empty()) } }
//! });
//! let mut service = ServiceBuilder::new()
//!     .layer(RetryLayer::new(RetryPolicy::default(), CqlClassifier::new())?)
//!     .layer(look)
//!     .service(mock);
//! let select = Statement::new("SELECT a FROM t");
//! service.ready().await.unwrap().call(select.clone()).await.unwrap();
//! assert_eq!(*seen.lock().unwrap(), [1, 2]);
//!
//! // One that is dropped before it was polled was not an attempt.
//! drop(service.ready().await.unwrap().call(select));
//! # Ok::<(), tower_cassandra::InvalidConfig>(())
//! # }).unwrap();
//! ```
//!
//! A deadline that an attempt layer shortens bounds this attempt; outside of retry it bounds the call
//! ([`Context::shorten`](crate::layers::Context::shorten)). A deadline can never be lengthened.
//!
//! # Rules that tests should check
//!
//! * The inner service is called only after it was polled ready.
//! * A future that is dropped (before its first poll, half way, at the end) holds nothing any more.
//! * `poll_ready` gives no error for what passes.
//! * What two clones share is what you meant them to share.
//! * A panic of the inner service leaves nothing locked.

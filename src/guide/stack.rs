//! The order of the stack: what a request passes through, and what goes wrong in another order.
//!
//! # From the outside in
//!
//! | layer | why it stands there | option |
//! |---|---|---|
//! | [trace](crate::trace) | the span covers everything | |
//! | [observe](crate::observe) | collectors are told of what the caller got | [`collector`](crate::ClusterBuilder::collector), [`slow_log`](crate::ClusterBuilder::slow_log) |
//! | [metrics](crate::layers::metrics) | they count what callers felt, waiting included | [`metrics`](crate::ClusterBuilder::metrics) |
//! | [panic](crate::layers::panic) | a panic of anything below becomes an error, which the metrics see | |
//! | [timeout](crate::layers::timeout) | bounds waiting, pauses and attempts together | [`timeout`](crate::ClusterBuilder::timeout) |
//! | *your layers* | see each call once; what they refuse costs no permit | [`layer`](crate::ClusterBuilder::layer) |
//! | [concurrency](crate::layers::limit) | a call is admitted once, with all its attempts | [`concurrency_limit`](crate::ClusterBuilder::concurrency_limit) |
//! | [rate](crate::layers::limit) | behind it nothing waits but the attempts, so what has its turn goes out at once | [`rate_limit`](crate::ClusterBuilder::rate_limit) |
//! | [retry](crate::layers::retry) | inside of admission: a refusal by our own queue is not repeated, which would be more load | [`retry`](crate::ClusterBuilder::retry) |
//! | [hedge](crate::layers::hedge) | each attempt may have a second one, on another node | [`hedge`](crate::ClusterBuilder::hedge) |
//! | *your layers* | see every attempt | [`attempt_layer`](crate::ClusterBuilder::attempt_layer) |
//! | [balance](crate::layers::balance) | inside of retry: every attempt chooses a node anew | [`health`](crate::ClusterBuilder::health) |
//! | attempt metrics | inside of the balancer: now there is a node to name | |
//! | attempt [timeout](crate::layers::timeout) | bounds one attempt; outside of the balancer a node that is silent would not be blamed | [`attempt_timeout`](crate::ClusterBuilder::attempt_timeout) |
//! | [leaf](crate::SessionService) | one attempt, one node, one future of the driver | |
//!
//! The order is written down in one place of the code, and `Debug` of a session prints it:
//!
//! ```
//! use tower_cassandra::test_util::Script;
//! use tower_cassandra::{ClusterBuilder, RateLimit};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! // The stack of a builder over answers by a script, which need no server.
//! let builder = ClusterBuilder::new().rate_limit(RateLimit::per_second(5_000)).concurrency_limit(256);
//! let session = Script::new().session_under(builder)?;
//! let shown = format!("{session:?}");
//! let place = |name: &str| shown.find(name);
//! assert!(place("concurrency") < place("rate") && place("rate") < place("retry"));
//! # Ok::<(), tower_cassandra::Error>(())
//! # }).unwrap();
//! ```
//!
//! # Another order
//!
//! Each layer says on its page what happens elsewhere, and all in one table stand in [`layers`](crate::layers). Who wants another order, or leaves parts out, stacks them
//! by hand: the [front page](crate) shows the whole stack with `ServiceBuilder`, and [`Session::from_service`](crate::Session::from_service) makes a
//! session of it. The layers know nothing of CQL and serve around any service.
//!
//! # What an order cannot do
//!
//! A layer of yours outside of retry cannot see attempts, but it can read them afterwards:
//! [`Response::timings`](crate::Response::timings) and [`Error::attempts`](crate::Error::attempts). One inside sees the number of the attempt in its
//! [context](crate::layers::Context), not the attempts to come. Both are shown in [Your own layer](super::own_layer).

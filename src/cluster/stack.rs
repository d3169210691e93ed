//! The order of the stack, written once.

use std::sync::Arc;

use tower::ServiceBuilder;
use tower::layer::util::Identity;
use tower::util::{BoxCloneSyncService, Either, option_layer};
use tower_cassandra_layers::balance::BalanceLayer;
use tower_cassandra_layers::health::Table;
use tower_cassandra_layers::hedge::HedgeLayer;
use tower_cassandra_layers::limit::{ConcurrencyLimitLayer, RateLimitLayer};
use tower_cassandra_layers::metrics::{AttemptMetricsLayer, Metrics, MetricsLayer};
use tower_cassandra_layers::panic::CatchPanicLayer;
use tower_cassandra_layers::retry::RetryLayer;
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_layer::Layer;
use tower_service::Service;

use super::directory::ClusterDirectory;
use super::seam::between;
use crate::classifier::CqlClassifier;
use crate::error::{BoxError, Error};
use crate::observe::ObserveLayer;
use crate::response::Response;
use crate::session::{Stack, stack_of};
use crate::statement::Statement;

/// A service at an insertion point, its type forgotten.
///
/// This is what a user's layer given to [`ClusterBuilder::layer`](super::ClusterBuilder::layer) is laid around.
pub type BoxService = BoxCloneSyncService<Statement, Response, Error>;

type Wrap = Arc<dyn Fn(BoxService) -> BoxService + Send + Sync>;

/// A user's layers at one insertion point, outermost first. Without any of them nothing is boxed.
#[derive(Clone, Default)]
pub(super) struct UserLayers(Vec<Wrap>);

impl UserLayers {
    pub(super) fn push<L, S>(&mut self, layer: L)
    where
        L: Layer<BoxService, Service = S> + Send + Sync + 'static,
        S: Service<Statement, Response = Response> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.0.push(Arc::new(move |inner| {
            BoxService::new(between(|inner| layer.layer(inner), inner))
        }));
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }
}

impl<S> Layer<S> for UserLayers
where
    S: Service<Statement, Response = Response, Error = Error> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    type Service = Either<BoxService, S>;

    fn layer(&self, inner: S) -> Self::Service {
        if self.is_empty() {
            return Either::Right(inner);
        }
        let boxed = BoxService::new(inner);
        Either::Left(self.0.iter().rev().fold(boxed, |inner, wrap| wrap(inner)))
    }
}

/// The layers of one session, each as it was configured.
pub(super) struct Layers {
    pub(super) observe: ObserveLayer,
    pub(super) metrics: Option<Metrics>,
    pub(super) timeout: TimeoutLayer,
    pub(super) user: UserLayers,
    pub(super) concurrency: Option<ConcurrencyLimitLayer>,
    pub(super) rate: Option<RateLimitLayer>,
    pub(super) retry: Option<RetryLayer<CqlClassifier>>,
    pub(super) hedge: Option<HedgeLayer<CqlClassifier>>,
    pub(super) user_attempt: UserLayers,
    pub(super) balance: Option<(Table, ClusterDirectory)>,
    pub(super) attempt_timeout: TimeoutLayer,
    pub(super) classifier: CqlClassifier,
}

impl Layers {
    /// The layers that are there, outermost first, for `Debug`.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let there = [
            (!self.observe.is_idle(), "observe"),
            (self.metrics.is_some(), "metrics"),
            (true, "catch panic"),
            (true, "timeout"),
            (!self.user.is_empty(), "user layers"),
            (self.concurrency.is_some(), "concurrency limit"),
            (self.rate.is_some(), "rate limit"),
            (self.retry.is_some(), "retry"),
            (self.hedge.is_some(), "hedge"),
            (!self.user_attempt.is_empty(), "user attempt layers"),
            (self.balance.is_some(), "balance"),
            (self.metrics.is_some(), "attempt metrics"),
            (true, "attempt timeout"),
            (true, "leaf"),
        ];
        there
            .into_iter()
            .filter(|(there, _)| *there)
            .map(|(_, name)| name)
            .collect()
    }
}

/// The order of the stack, from top to bottom as in the picture on the front page.
macro_rules! in_order {
    (
        $observe:expr, $metrics:expr, $catch_panic:expr, $timeout:expr, $user:expr, $concurrency:expr, $rate:expr,
        $retry:expr, $hedge:expr, $user_attempt:expr, $balance:expr, $attempt_metrics:expr, $attempt_timeout:expr, $leaf:expr $(,)?
    ) => {
        ServiceBuilder::new()
            // Who is told of single requests sees what the caller sees.
            .layer($observe)
            // What the caller felt: outside of everything that can refuse, wait or fail.
            .layer($metrics)
            // A panic in anything below becomes an error of kind `Internal`.
            .layer($catch_panic)
            // Writes the deadline; what waits below watches it.
            .layer($timeout)
            // The user's layers see logical calls.
            .layer($user)
            // Admission: a call is admitted once, its permit covers all attempts.
            .layer($concurrency)
            .layer($rate)
            // The one owner of attempts.
            .layer($retry)
            // A second attempt beside a slow first one; an attempt like any other for all that is further inside.
            .layer($hedge)
            // The user's attempt layers see every attempt, before its node is chosen.
            .layer($user_attempt)
            // Chooses the node of the attempt and watches what becomes of it.
            .layer($balance)
            // Per node.
            .layer($attempt_metrics)
            // Bounds one attempt; inside of the balancer, so that a silent node is held responsible.
            .layer($attempt_timeout)
            // The leaf: one attempt, one node, one boxed future of the driver.
            .service($leaf)
    };
}

/// Builds the stack over a leaf.
pub(super) fn stack<L>(layers: Layers, leaf: L) -> Arc<dyn Stack>
where
    L: Service<Statement, Response = Response, Error = Error> + Clone + Send + Sync + 'static,
    L::Future: Send + 'static,
{
    let classifier = layers.classifier;
    // Where there is nobody to tell, it is not there.
    let observe = Some(layers.observe).filter(|observe| !observe.is_idle());
    let metrics = layers
        .metrics
        .clone()
        .map(|metrics| MetricsLayer::new(metrics, classifier.clone()));
    let catch_panic = match &layers.metrics {
        Some(metrics) => CatchPanicLayer::new().with_metrics(metrics.clone()),
        None => CatchPanicLayer::new(),
    };
    let attempt_metrics = layers
        .metrics
        .map(|_| AttemptMetricsLayer::new(classifier.clone()));
    let balance = layers
        .balance
        .map(|(table, directory)| BalanceLayer::new(table, directory, classifier));
    // The stack of those who change nothing, without a branch and a move for each layer that could be there or not.
    match (
        observe,
        metrics,
        &layers.concurrency,
        &layers.rate,
        layers.retry,
        layers.hedge,
        balance,
        attempt_metrics,
    ) {
        (None, Some(metrics), None, None, Some(retry), None, Some(balance), Some(attempt_metrics))
            if layers.user.is_empty() && layers.user_attempt.is_empty() =>
        {
            stack_of(in_order!(
                Identity::new(),
                metrics,
                catch_panic,
                layers.timeout,
                Identity::new(),
                Identity::new(),
                Identity::new(),
                retry,
                Identity::new(),
                Identity::new(),
                balance,
                attempt_metrics,
                layers.attempt_timeout,
                leaf,
            ))
        }
        (observe, metrics, _, _, retry, hedge, balance, attempt_metrics) => {
            macro_rules! with_hedge {
                ($hedge:expr) => {
                    in_order!(
                        option_layer(observe),
                        option_layer(metrics),
                        catch_panic,
                        layers.timeout,
                        layers.user,
                        option_layer(layers.concurrency),
                        option_layer(layers.rate),
                        option_layer(retry),
                        $hedge,
                        layers.user_attempt,
                        option_layer(balance),
                        option_layer(attempt_metrics),
                        layers.attempt_timeout,
                        leaf,
                    )
                };
            }
            // Its future is large: those without second attempts have no room for them.
            match hedge {
                Some(hedge) => stack_of(with_hedge!(hedge)),
                None => stack_of(with_hedge!(Identity::new())),
            }
        }
    }
}

//! The layers under test, one way to make each, and what must be zero when nothing is under way.

use std::time::Duration;

use tower::util::BoxCloneSyncService;
use tower_cassandra_layers::balance::{AllNodes, BalanceLayer};
use tower_cassandra_layers::health::HealthSettings;
use tower_cassandra_layers::hedge::{Hedge, HedgeLayer};
use tower_cassandra_layers::limit::{ConcurrencyLimit, ConcurrencyLimitLayer, RateLimit, RateLimitLayer};
use tower_cassandra_layers::metrics::{AttemptMetricsLayer, Metrics, MetricsLayer};
use tower_cassandra_layers::panic::CatchPanicLayer;
use tower_cassandra_layers::retry::{Backoff, Budget, RetryLayer, RetryPolicy};
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_layer::Layer;
use tower_service::Service;

use crate::by_hand::Task;
use crate::probe::{Probe, Reply};
use crate::recorder::Ledger;
use crate::stack::{self, Layers, Settings, ended, node_levels};
use crate::support::{Error, JUDGE, Req, ms};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Call,
    Attempt,
    Concurrency,
    Rate,
    Retry,
    Hedge,
    Balance,
    Metrics,
    AttemptMetrics,
    CatchPanic,
    Stack,
}

pub(crate) type Boxed = BoxCloneSyncService<Req, Reply, Error>;
pub(crate) type Called = Task<<Boxed as Service<Req>>::Future>;

/// One value of a layer.
pub(crate) struct Value {
    lay: Box<dyn Fn(Probe) -> Boxed>,
    levels: Box<dyn Fn(&Probe) -> Levels>,
}

type Levels = Vec<(&'static str, f64)>;

/// Forgets the type, once it is known to go anywhere although the response is not `Sync`.
fn boxed<S>(service: S) -> Boxed
where
    S: Service<Req, Response = Reply, Error = Error> + Clone + Send + Sync + 'static,
    S::Future: Send + Sync + 'static,
{
    BoxCloneSyncService::new(service)
}

fn value<L>(layer: L, levels: impl Fn(&Probe) -> Levels + 'static) -> Value
where
    L: Layer<Probe> + 'static,
    L::Service: Service<Req, Response = Reply, Error = Error, Future: Send + Sync> + Clone + Send + Sync,
{
    Value {
        lay: Box::new(move |probe| boxed(layer.layer(probe))),
        levels: Box::new(levels),
    }
}

pub(crate) const DELAY: Duration = Duration::from_millis(20);

/// 10, 20, 40 ms and two retries in all 10 s.
fn retries() -> RetryPolicy {
    RetryPolicy::default()
        .backoff(Backoff::exponential(ms(10), ms(1_000)).without_jitter())
        .budget(Budget::new(2, 0).unwrap())
        .seed(1)
}

impl Subject {
    pub(crate) const ALL: [Self; 11] = [
        Self::Call,
        Self::Attempt,
        Self::Concurrency,
        Self::Rate,
        Self::Retry,
        Self::Hedge,
        Self::Balance,
        Self::Metrics,
        Self::AttemptMetrics,
        Self::CatchPanic,
        Self::Stack,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Call => "timeout(call)",
            Self::Attempt => "timeout(attempt)",
            Self::Concurrency => "concurrency",
            Self::Rate => "rate",
            Self::Retry => "retry",
            Self::Hedge => "hedge",
            Self::Balance => "balance",
            Self::Metrics => "metrics",
            Self::AttemptMetrics => "attempt metrics",
            Self::CatchPanic => "catch panic",
            Self::Stack => "full stack",
        }
    }

    /// Does it wait in its future, and is ready at once?
    pub(crate) const fn waits(self) -> bool {
        matches!(self, Self::Concurrency | Self::Rate | Self::Stack)
    }

    pub(crate) const fn retries(self) -> bool {
        matches!(self, Self::Retry | Self::Stack)
    }

    /// Does it make a second attempt, [`DELAY`] after the first one?
    pub(crate) const fn hedges(self) -> bool {
        matches!(self, Self::Hedge)
    }

    pub(crate) const fn catches(self) -> bool {
        matches!(self, Self::CatchPanic | Self::Stack)
    }

    /// A value that shares nothing with any other. Limits admit one, and two more may wait.
    pub(crate) fn value(self) -> Value {
        let none = |_: &Probe| Vec::new();
        match self {
            Self::Call => value(TimeoutLayer::call(ms(1_000)).unwrap(), none),
            Self::Attempt => value(TimeoutLayer::attempt(ms(500)).unwrap(), none),
            Self::Concurrency => {
                let layer = ConcurrencyLimitLayer::new(ConcurrencyLimit::new(1).queue(2)).unwrap();
                let limit = layer.handle();
                value(layer, move |_| {
                    vec![
                        ("permits taken", limit.active() as f64),
                        ("queued", limit.queued() as f64),
                    ]
                })
            }
            Self::Rate => {
                let layer = RateLimitLayer::new(RateLimit::per_second(10).burst(1).queue(2)).unwrap();
                let limit = layer.handle();
                value(layer, move |_| vec![("queued", limit.queued() as f64)])
            }
            Self::Retry => value(RetryLayer::new(retries(), JUDGE).unwrap(), none),
            Self::Hedge => {
                let hedge = Hedge::default().after(DELAY).share(1.0).burst(3);
                value(HedgeLayer::new(hedge, JUDGE).unwrap(), none)
            }
            Self::Balance => {
                let settings = HealthSettings::default().node_limit(2).seed(1);
                let table = stack::nodes(&Metrics::disabled(), settings, 8).unwrap();
                let layer = BalanceLayer::new(table.clone(), AllNodes::new(table.clone()), JUDGE);
                value(layer, move |_| node_levels(&table).into())
            }
            Self::Metrics => {
                let (ledger, metrics) = Ledger::metrics();
                value(MetricsLayer::new(metrics, JUDGE), move |probe| {
                    let open = probe.calls() as f64 - ended(&ledger).0 as f64;
                    vec![("in flight", ledger.in_flight()), ("not ended", open)]
                })
            }
            Self::AttemptMetrics => {
                let (ledger, metrics) = Ledger::metrics();
                let layer = AttemptMetricsLayer::new(JUDGE).only_node(metrics.node("node"));
                value(layer, move |probe| {
                    vec![("not ended", probe.calls() as f64 - ended(&ledger).1 as f64)]
                })
            }
            Self::CatchPanic => value(CatchPanicLayer::new(), none),
            Self::Stack => {
                let layers = Layers::new(Settings {
                    concurrency: Some(ConcurrencyLimit::new(1).queue(2)),
                    rate: RateLimit::per_second(1_000).burst(1_000),
                    retry: retries(),
                    ..Settings::default()
                });
                let layers = std::rc::Rc::new(layers.unwrap());
                let seen = layers.clone();
                Value {
                    lay: Box::new(move |probe| boxed(layers.lay(probe))),
                    levels: Box::new(move |probe| {
                        let mut levels = seen.levels();
                        let open = probe.calls() as f64 - ended(&seen.ledger).1 as f64;
                        levels.push(("attempts not ended", open));
                        levels
                    }),
                }
            }
        }
    }
}

impl Value {
    pub(crate) fn lay(&self, probe: &Probe) -> Boxed {
        (self.lay)(probe.clone())
    }

    /// The sum of everything that counts what is under way.
    pub(crate) fn level(&self, probe: &Probe) -> f64 {
        (self.levels)(probe).iter().map(|(_, level)| level).sum()
    }

    /// Nothing is under way, and nothing was done that must not be.
    pub(crate) fn assert_at_rest(&self, probe: &Probe) {
        assert_eq!(probe.violations(), Vec::<&str>::new());
        assert_eq!(probe.reserved(), 0, "readiness was not given back");
        assert_eq!(probe.alive(), 0, "inner futures were not dropped");
        for (what, level) in (self.levels)(probe) {
            assert_eq!(level, 0.0, "{what}");
        }
    }

    /// As `assert_at_rest`, and the next request gets through.
    pub(crate) async fn assert_usable(&self, service: &mut Boxed, probe: &Probe) {
        self.assert_at_rest(probe);
        crate::support::send(service, crate::support::read())
            .await
            .expect("the next request gets through");
        self.assert_at_rest(probe);
    }
}

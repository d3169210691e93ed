//! The full static stack, in the order of the architecture, over any leaf.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use std::sync::Arc;
use std::time::Duration;

use tower::ServiceBuilder;
use tower_cassandra_layers::balance::{AllNodes, BalanceLayer};
use tower_cassandra_layers::classify::Classify;
use tower_cassandra_layers::health::{HealthSettings, Table};
use tower_cassandra_layers::limit::{
    ConcurrencyHandle, ConcurrencyLimit, ConcurrencyLimitLayer, RateLimit, RateLimitHandle, RateLimitLayer,
};
use tower_cassandra_layers::metrics::{AttemptMetricsLayer, Metrics, MetricsLayer};
use tower_cassandra_layers::panic::CatchPanicLayer;
use tower_cassandra_layers::retry::{RetryLayer, RetryPolicy};
use tower_cassandra_layers::timeout::TimeoutLayer;
use tower_cassandra_layers::{InvalidConfig, NodeId};
use tower_service::Service;

use crate::recorder::Ledger;
use crate::support::{Error, JUDGE, Judge, Req, ms};

/// The numbers of a stack.
#[derive(Clone, Debug)]
pub struct Settings {
    pub call_limit: Option<Duration>,
    pub attempt_limit: Option<Duration>,
    pub concurrency: Option<ConcurrencyLimit>,
    pub rate: RateLimit,
    pub retry: RetryPolicy,
    pub health: HealthSettings,
    pub nodes: u128,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            call_limit: Some(ms(1_000)),
            attempt_limit: Some(ms(500)),
            concurrency: Some(ConcurrencyLimit::new(1_024)),
            rate: RateLimit::per_second(1_000_000).burst(1_000_000),
            retry: RetryPolicy::default().seed(1),
            health: HealthSettings::default().seed(1),
            nodes: 3,
        }
    }
}

/// One value of each layer.
pub struct Layers {
    pub ledger: Arc<Ledger>,
    metrics: Metrics,
    call_limit: TimeoutLayer,
    attempt_limit: TimeoutLayer,
    concurrency: Option<ConcurrencyLimitLayer>,
    rate: RateLimitLayer,
    retry: RetryLayer<Judge>,
    pub table: Table,
}

impl Layers {
    pub fn new(settings: Settings) -> Result<Self, InvalidConfig> {
        let (ledger, metrics) = Ledger::metrics();
        let table = nodes(&metrics, settings.health, settings.nodes)?;
        Ok(Self {
            ledger,
            call_limit: TimeoutLayer::call(settings.call_limit)?.without_timer(),
            attempt_limit: TimeoutLayer::attempt(settings.attempt_limit)?,
            concurrency: settings
                .concurrency
                .map(ConcurrencyLimitLayer::new)
                .transpose()?
                .map(|layer| layer.with_metrics(metrics.clone())),
            rate: RateLimitLayer::new(settings.rate)?.with_metrics(metrics.clone()),
            retry: RetryLayer::new(settings.retry, JUDGE)?.with_metrics(metrics.clone()),
            table,
            metrics,
        })
    }

    pub fn concurrency(&self) -> Option<ConcurrencyHandle> {
        self.concurrency.as_ref().map(ConcurrencyLimitLayer::handle)
    }

    pub fn rate(&self) -> RateLimitHandle {
        self.rate.handle()
    }

    /// Lays them around a leaf.
    pub fn lay<L, Res>(
        &self,
        leaf: L,
    ) -> impl Service<Req, Response = Res, Error = Error, Future: Send + Sync + 'static>
    + Clone
    + Send
    + Sync
    + 'static
    + use<L, Res>
    where
        L: Service<Req, Response = Res, Error = Error, Future: Send + Sync + 'static>
            + Clone
            + Send
            + Sync
            + 'static,
        Judge: Classify<Req, Res, Error, Facts = ()>,
        Res: 'static,
    {
        ServiceBuilder::new()
            .layer(MetricsLayer::new(self.metrics.clone(), JUDGE))
            .layer(CatchPanicLayer::new().with_metrics(self.metrics.clone()))
            .layer(self.call_limit)
            .option_layer(self.concurrency.clone())
            .layer(self.rate.clone())
            .layer(self.retry.clone())
            .layer(BalanceLayer::new(
                self.table.clone(),
                AllNodes::new(self.table.clone()),
                JUDGE,
            ))
            .layer(AttemptMetricsLayer::new(JUDGE))
            .layer(self.attempt_limit)
            .service(leaf)
    }

    /// What has to be zero when nothing is under way.
    pub fn levels(&self) -> Vec<(&'static str, f64)> {
        let mut levels = vec![
            ("queued for the rate", self.rate().queued() as f64),
            ("requests in flight", self.ledger.in_flight()),
        ];
        if let Some(limit) = self.concurrency() {
            levels.push(("permits taken", limit.active() as f64));
            levels.push(("queued for a permit", limit.queued() as f64));
        }
        levels.extend(node_levels(&self.table));
        levels
    }
}

/// A table of nodes with the ids from 0.
pub fn nodes(metrics: &Metrics, settings: HealthSettings, nodes: u128) -> Result<Table, InvalidConfig> {
    let table = Table::new(settings)?.with_metrics(metrics.clone());
    table.replace((0..nodes).map(|id| table.endpoint(NodeId(id), &format!("node {id}"), ())));
    Ok(table)
}

pub fn node_levels(table: &Table) -> [(&'static str, f64); 2] {
    let nodes = table.endpoints();
    [
        (
            "in flight to nodes",
            nodes.iter().map(|node| f64::from(node.in_flight())).sum(),
        ),
        (
            "abandoned on nodes",
            nodes.iter().map(|node| f64::from(node.abandoned())).sum(),
        ),
    ]
}

/// How many requests and how many attempts these metrics saw end: with a result, or cancelled.
pub fn ended(ledger: &Ledger) -> (u64, u64) {
    let sum = |name: &str| ledger.counted(name).iter().map(|(_, n)| n).sum::<u64>();
    (
        sum("cassandra_queries_total") + sum("cassandra_requests_cancelled_total"),
        sum("cassandra_attempts_total") + sum("cassandra_attempts_cancelled_total"),
    )
}

//! The stack of one client, with any way to choose a node and room for one more layer.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tower::{Layer, ServiceBuilder};
use tower_cassandra_layers::NodeId;
use tower_cassandra_layers::balance::{Balance, BalanceLayer, Directory, Endpoint, Group, Reaper};
use tower_cassandra_layers::classify::{AttemptFigures, Classify, Stop};
use tower_cassandra_layers::health::{HealthCheck, HealthSettings, Prober, Table};
use tower_cassandra_layers::hedge::{Hedge, HedgeLayer};
use tower_cassandra_layers::limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
use tower_cassandra_layers::retry::{Budget, RetryLayer, RetryPolicy};
use tower_cassandra_layers::timeout::{Timeout, TimeoutLayer};
use tower_cassandra_layers::{Call, Outcome};
use tower_service::Service;

use crate::dice::Dice;
use crate::leaf::Leaf;
use crate::support::{Answer, Error};
use crate::world::{Job, Req, World};

/// The limits of a stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    call: Duration,
    attempt: Duration,
    /// Requests of one client at a time.
    concurrency: usize,
}

impl Limits {
    /// So far out that only the choice of the node decides.
    pub(crate) const WIDE: Self = Self {
        call: Duration::from_secs(300),
        attempt: Duration::from_secs(120),
        concurrency: 100_000,
    };
    /// The defaults of a session.
    pub(crate) const SHIPPED: Self = Self {
        call: Duration::from_secs(10),
        attempt: Duration::from_secs(3),
        concurrency: 1_024,
    };

    /// The leaf with the limit of an attempt: what a balancer is laid around.
    pub(crate) fn attempts(self, leaf: &Leaf) -> Timeout<Leaf> {
        TimeoutLayer::attempt(Some(self.attempt))
            .unwrap()
            .layer(leaf.clone())
    }

    /// Lays the other layers around a balancer; `between` stands between it and retry, where hedging belongs.
    pub(crate) fn lay<S, B>(
        self,
        balanced: S,
        between: B,
        retry: RetryLayer<Judge>,
    ) -> impl Service<Req, Response = Answer, Error = Error, Future: 'static> + use<S, B>
    where
        B: Layer<S>,
        B::Service: Service<Req, Response = Answer, Error = Error, Future: 'static> + Clone + 'static,
    {
        ServiceBuilder::new()
            .layer(TimeoutLayer::call(Some(self.call)).unwrap().without_timer())
            .layer(ConcurrencyLimitLayer::new(ConcurrencyLimit::new(self.concurrency)).unwrap())
            .layer(retry)
            .layer(between)
            .service(balanced)
    }
}

/// Retries of a session, with the budget that holds beside second attempts or without them.
pub(crate) fn retries(saves: bool, seed: u64) -> RetryLayer<Judge> {
    let mut policy = RetryPolicy::default().seed(seed);
    if saves {
        policy = policy.budget_of(Budget::FLOOR, Budget::PERCENT_WITH_HEDGES);
    }
    RetryLayer::new(policy, Judge).unwrap()
}

/// Second attempts that draw on the budget of these retries.
pub(crate) fn hedges(hedge: Hedge, retries: &RetryLayer<Judge>) -> HedgeLayer<Judge> {
    let layer = HedgeLayer::new(hedge, Judge).unwrap();
    layer.with_budget(retries.budget().expect("a budget of ours"))
}

/// The nodes of one client as its balancer knows them.
#[derive(Clone)]
pub(crate) struct Replicas(Arc<[Arc<Endpoint>]>);

// Nobody but a replica may answer: a coordinator without the data would have to ask one anyway.
impl Directory<Req> for Replicas {
    fn visit(
        &self,
        request: &Req,
        group: Group,
        each: &mut dyn FnMut(&Arc<Endpoint>, bool) -> ControlFlow<()>,
    ) {
        if group == Group::Preferred {
            let nodes = request.value.nodes(self.0.len() as u16);
            let _ = { nodes }.try_for_each(|node| each(&self.0[usize::from(node)], true));
        }
    }
}

/// Judges by what the error says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge;

impl Classify<Req, Answer, Error> for Judge {
    type Facts = ();

    fn facts(&self, _: &Req) {}

    fn classify(&self, (): &(), result: Result<&Answer, &Error>) -> Outcome {
        result.map_or_else(|error| Outcome::Failure(error.judge()), |_| Outcome::Success)
    }

    fn node(&self, result: Result<&Answer, &Error>) -> Option<NodeId> {
        result.map_or_else(Error::node, |answer| answer.node)
    }

    fn node_beside(&self, error: &Error) -> Option<NodeId> {
        let mut others = error.history.iter().filter_map(|attempt| attempt.node);
        others.find(|other| Some(*other) != error.node())
    }

    fn accumulate(&self, earlier: Option<Error>, error: Error, attempt: &AttemptFigures) -> Error {
        error.after(earlier, attempt)
    }

    fn finish(&self, error: Error, why: Stop) -> Error {
        error.finished(why)
    }
}

/// One client's table, its balancer, and the prober that belongs to them.
pub(crate) struct Ours {
    pub(crate) table: Table,
    replicas: Replicas,
    _prober: Prober,
}

impl Ours {
    pub(crate) fn new(world: &World, leaf: &Leaf, client: u16) -> Self {
        let seed = Dice::new(world.seed, 4, u64::from(client)).next();
        let table = Table::new(HealthSettings::default().seed(seed)).unwrap();
        let endpoint = |node| table.endpoint(NodeId(u128::from(node)), &format!("node {node}"), ());
        let endpoints: Vec<_> = (0..world.plan.nodes).map(endpoint).collect();
        table.replace(endpoints.iter().cloned());
        let asks = leaf.clone();
        let probe = move |endpoint: Arc<Endpoint>| {
            let answer = asks.probe(endpoint.id().0 as u16);
            async move {
                answer
                    .await
                    .map(|_| Arc::from("5.0.4"))
                    .map_err(|e| Arc::from(e.to_string()))
            }
        };
        Self {
            _prober: Prober::spawn(table.clone(), HealthCheck::default(), probe).unwrap(),
            replicas: Replicas(endpoints.into()),
            table,
        }
    }

    pub(crate) fn balance<S>(&self, inner: S) -> Balance<S, Replicas, Judge> {
        BalanceLayer::new(self.table.clone(), self.replicas.clone(), Judge).layer(inner)
    }
}

pub(crate) fn request(job: Job) -> Req {
    Call::new(job).idempotent(true)
}

pub(crate) fn leaf(world: &World) -> Leaf {
    Leaf {
        world: world.clone(),
        reaper: Reaper::spawn(),
    }
}

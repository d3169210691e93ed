//! Other ways to choose a node: at random, tower's own balancer, and one that sees into the nodes.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tower::balance::p2c::Balance;
use tower::discover::ServiceList;
use tower::load::{CompleteOnResponse, Load, PeakEwma};
use tower::util::rng::Rng;
use tower_cassandra_layers::Request as _;
use tower_service::Service;

use crate::dice::Dice;
use crate::support::{Answer, Error, Kind};
use crate::world::{Req, World};

impl Rng for Dice {
    fn next_u64(&mut self) -> u64 {
        self.next()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Sees {
    /// Any replica: what the driver does.
    Nothing,
    /// Where it could begin first, then the fewest in flight.
    Everything,
}

/// Writes the chosen node into the job.
#[derive(Clone)]
pub(crate) struct Chooser<S> {
    inner: S,
    world: World,
    sees: Sees,
    dice: Arc<Mutex<Dice>>,
    /// By request, for the second attempt that is made beside a first one.
    chosen: Arc<Mutex<Vec<Option<u16>>>>,
}

impl<S> Chooser<S> {
    pub(crate) fn new(inner: S, world: World, sees: Sees, client: u16) -> Self {
        let dice = Arc::new(Mutex::new(Dice::new(world.seed, 2, u64::from(client))));
        let chosen = Arc::new(Mutex::new(vec![None; world.plan.requests as usize]));
        Self {
            inner,
            world,
            sees,
            dice,
            chosen,
        }
    }
}

impl<S: Service<Req>> Service<Req> for Chooser<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Req) -> S::Future {
        let is_hedge = request.context().attempt.is_hedge();
        let job = &mut request.value;
        let mut dice = self.dice.lock().unwrap();
        let chosen = &mut self.chosen.lock().unwrap()[job.id as usize];
        let taken = chosen.filter(|_| is_hedge);
        let mut candidates = job
            .nodes(self.world.plan.nodes)
            .filter(|node| Some(*node) != taken);
        job.target = match self.sees {
            Sees::Nothing => candidates.nth(dice.below(u64::from(job.replicas)) as usize),
            Sees::Everything => candidates.min_by_key(|node| (self.world.outlook(*node), dice.next())),
        };
        *chosen = job.target;
        drop(dice);
        self.inner.call(request)
    }
}

/// A node with the moving average of its latency, shared by the sets of replicas it belongs to.
struct Shared<S>(Arc<Mutex<PeakEwma<ToNode<S>>>>);

impl<S: Service<Req>> Service<Req> for Shared<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = <PeakEwma<ToNode<S>> as Service<Req>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.lock().unwrap().poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        self.0.lock().unwrap().call(request)
    }
}

impl<S> Load for Shared<S> {
    type Metric = <PeakEwma<ToNode<S>> as Load>::Metric;

    fn load(&self) -> Self::Metric {
        self.0.lock().unwrap().load()
    }
}

struct ToNode<S> {
    node: u16,
    inner: S,
}

impl<S: Service<Req>> Service<Req> for ToNode<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Req) -> S::Future {
        request.value.target = Some(self.node);
        self.inner.call(request)
    }
}

type OneSet<S> = Balance<ServiceList<Vec<Shared<S>>>, Req>;

/// Tower's choice of the better of two by peak latency, one balancer for each set of replicas.
pub(crate) struct Ewma<S: Service<Req>> {
    sets: Arc<Vec<Mutex<OneSet<S>>>>,
}

impl<S: Service<Req>> Clone for Ewma<S> {
    fn clone(&self) -> Self {
        Self {
            sets: Arc::clone(&self.sets),
        }
    }
}

impl<S> Ewma<S>
where
    S: Service<Req, Error = Error> + Clone,
{
    pub(crate) fn new(inner: &S, world: &World, client: u16) -> Self {
        // The figures of tower's own example.
        let (rtt, decay) = (Duration::from_millis(30), Duration::from_secs(10));
        let of = world.plan.nodes;
        let nodes: Vec<_> = (0..of)
            .map(|node| {
                let inner = inner.clone();
                let service = ToNode { node, inner };
                let measured = PeakEwma::new(
                    service,
                    rtt,
                    decay.as_nanos() as f64,
                    CompleteOnResponse::default(),
                );
                Arc::new(Mutex::new(measured))
            })
            .collect();
        let set = |first: u16| {
            let members = (0..world.plan.replicas).map(|i| usize::from((first + i) % of));
            let members: Vec<_> = members.map(|node| Shared(Arc::clone(&nodes[node]))).collect();
            let index = u64::from(client) << 16 | u64::from(first);
            let dice = Dice::new(world.seed, 3, index);
            Mutex::new(Balance::from_rng(ServiceList::new(members), dice))
        };
        let sets = if world.plan.replicas == of { 1 } else { of };
        Self {
            sets: Arc::new((0..sets).map(set).collect()),
        }
    }
}

impl<S> Service<Req> for Ewma<S>
where
    S: Service<Req, Response = Answer, Error = Error> + Clone + 'static,
{
    type Response = Answer;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Error>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let mut set = self.sets[usize::from(request.value.first)].lock().unwrap();
        // It is ready once it has one of its services, and all of them always are.
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(set.poll_ready(&mut cx).is_ready());
        let attempt = set.call(request);
        Box::pin(async move {
            attempt.await.map_err(|error| {
                *error
                    .downcast()
                    .unwrap_or_else(|_| Box::new(Error::of(Kind::NoCandidate)))
            })
        })
    }
}

//! A balancer over nodes that do as they are told.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use tower_cassandra_layers::NodeId;
use tower_cassandra_layers::balance::{Balance, BalanceLayer, Directory, Endpoint, Group};
use tower_cassandra_layers::health::{EndpointHealth, HealthSettings, State, Table};
use tower_layer::Layer;
use tower_service::Service;

use super::{Answer, Attempted, Error, JUDGE, Judge, Plan, Req, Strict, ms, read, send};

/// The candidates of every request, by group, and what was asked of them.
#[derive(Clone, Default)]
pub struct Candidates(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    groups: [Vec<(Arc<Endpoint>, bool)>; 4],
    ordered: bool,
    no_replicas: bool,
    asked: Vec<Group>,
    shown: usize,
}

fn index(group: Group) -> usize {
    match group {
        Group::Preferred => 0,
        Group::OtherReplicas => 1,
        Group::Nearby => 2,
        Group::Remote => 3,
    }
}

impl Candidates {
    pub fn set(&self, group: Group, endpoints: Vec<(Arc<Endpoint>, bool)>) {
        self.0.lock().unwrap().groups[index(group)] = endpoints;
    }

    pub fn ordered(&self) {
        self.0.lock().unwrap().ordered = true;
    }

    /// What stands first is preferred for another reason than that the data is there.
    pub fn no_replicas(&self) {
        self.0.lock().unwrap().no_replicas = true;
    }

    /// The groups that were asked for and the number of candidates shown since the last time.
    pub fn take_asked(&self) -> (Vec<Group>, usize) {
        let mut inner = self.0.lock().unwrap();
        (std::mem::take(&mut inner.asked), std::mem::take(&mut inner.shown))
    }
}

impl Directory<Req> for Candidates {
    fn visit(&self, _: &Req, group: Group, each: &mut dyn FnMut(&Arc<Endpoint>, bool) -> ControlFlow<()>) {
        let inner = &mut *self.0.lock().unwrap();
        // It may be shown a second time for a closer look.
        if inner.asked.last() != Some(&group) {
            inner.asked.push(group);
        }
        for (endpoint, connected) in &inner.groups[index(group)] {
            inner.shown += 1;
            if each(endpoint, *connected).is_break() {
                return;
            }
        }
    }

    fn is_ordered(&self, _: &Req) -> bool {
        self.0.lock().unwrap().ordered
    }

    fn has_replicas(&self, _: &Req) -> bool {
        !self.0.lock().unwrap().no_replicas
    }
}

type Plans = Arc<Mutex<HashMap<NodeId, Plan>>>;

pub struct Rig {
    pub table: Table,
    pub nodes: Vec<Arc<Endpoint>>,
    pub candidates: Candidates,
    pub inner: Strict,
    pub service: Balance<Strict, Candidates, Judge>,
    plans: Plans,
}

impl Rig {
    /// Nodes with the ids from 0, all of them preferred, connected, and answering at once.
    pub fn new(nodes: u128) -> Self {
        Self::with(nodes, HealthSettings::default())
    }

    pub fn with(nodes: u128, settings: HealthSettings) -> Self {
        let table = Table::new(settings.seed(7)).unwrap();
        let nodes: Vec<_> = (0..nodes)
            .map(|id| table.endpoint(NodeId(id), &format!("node {id}"), ()))
            .collect();
        table.replace(nodes.iter().cloned());
        let plans = Plans::default();
        let by_node = Arc::clone(&plans);
        let inner = Strict::new(move |seen| {
            let plans = by_node.lock().unwrap();
            seen.target
                .and_then(|node| plans.get(&node).cloned())
                .unwrap_or_else(|| Plan::answer(ms(0)))
        });
        let candidates = Candidates::default();
        let layer = BalanceLayer::new(table.clone(), candidates.clone(), JUDGE);
        let rig = Self {
            table,
            service: layer.layer(inner.clone()),
            nodes,
            candidates,
            inner,
            plans,
        };
        rig.prefer_all();
        rig
    }

    pub fn plan(&self, node: usize, plan: Plan) {
        self.plans.lock().unwrap().insert(NodeId(node as u128), plan);
    }

    pub fn connected(&self, nodes: &[usize]) -> Vec<(Arc<Endpoint>, bool)> {
        nodes
            .iter()
            .map(|n| (Arc::clone(&self.nodes[*n]), true))
            .collect()
    }

    pub fn prefer(&self, nodes: &[usize]) {
        self.candidates.set(Group::Preferred, self.connected(nodes));
    }

    pub fn prefer_all(&self) {
        self.prefer(&(0..self.nodes.len()).collect::<Vec<_>>());
    }

    /// Sends a request that is waited for, and says which node got it.
    pub async fn send(&mut self) -> usize {
        let _ = send(&mut self.service, read()).await;
        self.last_target()
    }

    /// Sends a request to this node, whatever the node's condition.
    pub async fn send_to(&mut self, node: usize) -> Result<Answer, Error> {
        self.prefer(&[node]);
        let result = send(&mut self.service, read()).await;
        self.prefer_all();
        result
    }

    /// Sends a request that is not waited for.
    pub fn start(&mut self) -> (usize, Flight) {
        let flight = self.try_start();
        (self.last_target(), flight)
    }

    pub fn try_start(&mut self) -> Flight {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(self.service.poll_ready(&mut cx).is_ready());
        let mut flight = Box::pin(self.service.call(read()));
        let _ = super::poll_once(&mut flight);
        flight
    }

    /// Sends a request to this node that the node does not answer.
    pub fn occupy(&mut self, node: usize) -> Flight {
        let id = NodeId(node as u128);
        let before = self.plans.lock().unwrap().insert(id, Plan::silence());
        self.prefer(&[node]);
        let (_, flight) = self.start();
        self.prefer_all();
        let mut plans = self.plans.lock().unwrap();
        match before {
            Some(plan) => plans.insert(id, plan),
            None => plans.remove(&id),
        };
        drop(plans);
        flight
    }

    pub async fn fail(&mut self, node: usize, error: Error, times: usize) {
        self.plan(node, Plan::fail(error));
        for _ in 0..times {
            self.send_to(node).await.unwrap_err();
        }
        self.plan(node, Plan::answer(ms(0)));
    }

    pub fn health(&self, node: usize) -> EndpointHealth {
        let id = self.nodes[node].id();
        let snapshot = self.table.snapshot();
        snapshot
            .into_iter()
            .find(|h| h.id == id)
            .expect("the node is in the table")
    }

    pub fn state(&self, node: usize) -> State {
        self.health(node).state
    }

    fn last_target(&self) -> usize {
        let seen = self.inner.last().expect("something was sent");
        seen.target.expect("it had a ticket").0 as usize
    }
}

pub type Flight = std::pin::Pin<
    Box<tower_cassandra_layers::balance::ResponseFuture<Attempted, Candidates, Judge, Req, (), Error>>,
>;

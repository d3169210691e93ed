//! What the tests have in common: a scripted cluster with a session, and the look around at their end.

use std::time::Duration;

use scripted_cassandra::{Builder, Frame, Match, Node, Opcode, ScriptedCluster, Table, Type};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use tower_cassandra::{
    Backoff, ClusterBuilder, Error, Health, NodeHealth, Prepared, RetryPolicy, Session, Statement,
};

pub(crate) const INSERT: &str = "INSERT INTO ks.t (id, v) VALUES (?, ?)";
pub(crate) const SELECT: &str = "SELECT id, v FROM ks.t WHERE id = ?";
pub(crate) const CONDITIONAL: &str = "INSERT INTO ks.t (id, v) VALUES (?, ?) IF NOT EXISTS";
pub(crate) const ADD: &str = "UPDATE ks.counts SET n = n + ? WHERE id = ?";

/// Longer than anything takes on a busy machine. What is shorter than that is a limit that has to be reached, or one of three seconds or so
/// that a machine which stands still for two must not reach.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Nodes that all have a copy of a small table and of one with a counter.
pub(crate) fn server(nodes: usize) -> Builder {
    let small = Table::new("ks", "t").partition_key("id", Type::Int);
    let counts = Table::new("ks", "counts").partition_key("id", Type::Int);
    ScriptedCluster::builder()
        .nodes(nodes)
        .keyspace("ks", nodes)
        .table(small.column("v", Type::Text))
        .table(counts.column("n", Type::Counter))
        .rate_limit_error(0x7000)
}

/// Pauses as short as they get, and no budget: the policy alone decides how often.
pub(crate) fn quick(retries: u32) -> RetryPolicy {
    RetryPolicy::default()
        .max_retries(retries)
        .backoff(Backoff::exponential(ms(1), ms(1)).without_jitter())
        .without_budget()
}

/// The default stack with quick retries. Nothing is sent but what the test asks for.
pub(crate) fn client(cluster: &ScriptedCluster) -> ClusterBuilder {
    ClusterBuilder::new()
        .contact_points(cluster.contact_points())
        .no_health_check()
        .retry(quick(3))
}

/// A cluster and a session that is connected to all its nodes.
pub(crate) struct Bed {
    pub(crate) cluster: ScriptedCluster,
    pub(crate) session: Session,
}

impl Bed {
    pub(crate) async fn make(nodes: usize) -> Self {
        Self::with(nodes, |client| client).await
    }

    pub(crate) async fn with(nodes: usize, change: impl FnOnce(ClusterBuilder) -> ClusterBuilder) -> Self {
        let cluster = server(nodes).start().await.unwrap();
        let session = change(client(&cluster)).connect().await.unwrap();
        let bed = Self { cluster, session };
        bed.connected().await;
        bed
    }

    /// Waits until there is a connection to every node.
    pub(crate) async fn connected(&self) {
        let nodes = self.cluster.nodes().len();
        let all = |health: Health| health.nodes.iter().filter(|node| node.connected).count() == nodes;
        until("all nodes are connected", || all(self.session.health())).await;
    }

    pub(crate) async fn prepare(&self, text: &str) -> Prepared {
        self.session.prepare(text).await.unwrap()
    }

    /// What the session knows of the node with that index.
    pub(crate) fn health(&self, node: usize) -> NodeHealth {
        let id = self.cluster.node(node).host_id();
        let nodes = self.session.health().nodes;
        nodes.into_iter().find(|node| node.host_id == id).unwrap()
    }

    /// The requests that came, without PREPARE.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        self.cluster
            .ledger()
            .filter(|frame| frame.opcode != Opcode::Prepare)
    }

    /// The nodes they came to.
    pub(crate) fn nodes(&self) -> Vec<usize> {
        self.frames().iter().map(|frame| frame.node).collect()
    }

    /// Forgets rules and frames.
    pub(crate) fn clear(&self) {
        self.cluster.clear_rules();
        self.cluster.ledger().clear();
    }

    /// Runs a statement that has to fail, with the ledger empty before.
    pub(crate) async fn fails(&self, statement: impl Into<Statement>) -> Error {
        self.cluster.ledger().clear();
        self.session.execute(statement).await.unwrap_err()
    }

    /// Ends what is still unanswered by closing all connections, and waits until they are there again.
    pub(crate) async fn hang_up(&self) {
        self.cluster.clear_rules();
        // One for each node and one for control: what is still being replaced would be counted twice.
        let open = || self.cluster.nodes().iter().map(Node::connections).sum::<usize>();
        let nodes = self.cluster.nodes().len();
        until("no connection is being replaced", || open() == nodes + 1).await;
        let accepted = || self.cluster.nodes().iter().map(Node::accepted).sum::<u64>();
        let before = accepted();
        let closed: usize = self.cluster.nodes().iter().map(Node::close_connections).sum();
        until("the connections are back", || {
            accepted() >= before + closed as u64
        })
        .await;
        self.connected().await;
    }

    /// Nothing runs, no node owes an answer, and one more query succeeds.
    pub(crate) async fn at_rest(&self) {
        self.at_rest_within(PATIENCE).await;
    }

    pub(crate) async fn at_rest_within(&self, limit: Duration) {
        self.cluster.clear_rules();
        assert_eq!(self.session.running(), 0);
        let rests = |node: &NodeHealth| node.in_flight == 0 && node.abandoned == 0;
        until_within(limit, "no node owes an answer", || {
            self.session.health().nodes.iter().all(rests)
        })
        .await;
        let response = self
            .session
            .execute("SELECT key FROM system.local")
            .await
            .unwrap();
        assert_eq!(response.len(), 1);
        assert_eq!(self.session.running(), 0);
    }
}

/// How many tasks there are, as soon as that no longer changes: those that connected something end on their own.
pub(crate) async fn tasks_at_rest() -> usize {
    let alive = || Handle::current().metrics().num_alive_tasks();
    let (mut last, mut same) = (alive(), 0);
    until("no task comes or goes", || {
        same = if alive() == last { same + 1 } else { 0 };
        last = alive();
        same == 20
    })
    .await;
    last
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, holds: impl FnMut() -> bool) {
    until_within(PATIENCE, what, holds).await;
}

async fn until_within(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < limit, "waited in vain until {what}");
        sleep(ms(2)).await;
    }
}

/// QUERY, EXECUTE and BATCH, without PREPARE.
pub(crate) fn requests() -> Match {
    Match::opcode(Opcode::Execute)
        .or_opcode(Opcode::Query)
        .or_opcode(Opcode::Batch)
}

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use crate::builder::Builder;
use crate::events::Event;
use crate::ledger::Recording;
use crate::matching::Match;
use crate::node::Node;
use crate::records::Records;
use crate::rows::Rows;
use crate::rules::RuleBuilder;
use crate::server::Server;
use crate::shared::{Logins, Open, Shared};

/// A running cluster. Dropping it ends its thread and closes its sockets.
#[derive(Debug)]
pub struct ScriptedCluster {
    nodes: Vec<Node>,
    shared: Arc<Shared>,
    server: Server,
    // Released after the server has ended, since fields are dropped in this order.
    _mark: TcpListener,
}

impl ScriptedCluster {
    /// Options for a cluster; with none changed, one node without keyspaces.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(shared: Arc<Shared>, server: Server, mark: TcpListener) -> Self {
        let identities: Vec<_> = shared.lock().identities.clone();
        let nodes = identities.iter().enumerate();
        let nodes = nodes.map(|(index, identity)| Node::new(&shared, index, identity));
        Self {
            nodes: nodes.collect(),
            shared,
            server,
            _mark: mark,
        }
    }

    /// The address of each node with its port.
    #[must_use]
    pub fn contact_points(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.address().to_string()).collect()
    }

    /// The nodes, in the order of their addresses.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node at that place, counted from 0.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    #[must_use]
    pub fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }

    /// Begins a rule for these frames. Of the rules that match, the first that applies decides.
    pub fn on(&self, frames: Match) -> RuleBuilder {
        RuleBuilder::new(Arc::clone(&self.shared), frames)
    }

    /// Takes all rules away.
    pub fn clear_rules(&self) {
        self.shared.lock().rules.clear();
    }

    /// From now on, this is the answer to that text, page by page if the client asks for pages. It goes
    /// before the store.
    pub fn answer_rows(&self, text: &str, rows: Rows) {
        let mut state = self.shared.lock();
        state.statements.set_answer(text, rows);
        state.schema.epoch += 1;
    }

    /// What the nodes have received.
    #[must_use]
    pub fn ledger(&self) -> Records {
        Records::new(Arc::clone(&self.shared))
    }

    /// Changes how much the ledger keeps from now on.
    pub fn set_recording(&self, recording: Recording) {
        self.shared.lock().ledger.recording = recording;
    }

    /// Sends an event from all nodes to the connections that have asked for it, and returns how many those
    /// are.
    pub fn push(&self, event: &Event) -> usize {
        self.shared.lock().push(event, None)
    }

    /// Gives every statement another id, which no node knows.
    pub fn renew_prepared_ids(&self) {
        self.shared.lock().statements.renew_ids();
    }

    /// How often clients have logged in.
    #[must_use]
    pub fn logins(&self) -> Logins {
        self.shared.lock().logins
    }

    /// The frames whose answers are delayed, now and at most.
    #[must_use]
    pub fn open_frames(&self) -> Open {
        self.shared.lock().open
    }

    /// How long the server's thread has run on a processor. Only Linux tells.
    #[must_use]
    pub fn thread_time(&self) -> Option<Duration> {
        let statistics = std::fs::read_to_string(&self.server.statistics).ok()?;
        let nanoseconds = statistics.split_whitespace().next()?.parse().ok()?;
        Some(Duration::from_nanos(nanoseconds))
    }
}

//! What the nodes of a cluster and the handles to them share.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::events::Event;
use crate::ledger::Ledger;
use crate::metadata::View;
use crate::prepared::Statements;
use crate::rules::Rules;
use crate::schema::Schema;
use crate::store::Store;
use crate::topology::Identity;

/// One lock for all, which the server's thread takes once for all frames of a read.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self {
            state: Mutex::new(state),
        }
    }

    /// A panic elsewhere leaves nothing half done that would matter to a test.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) cluster_name: String,
    pub(crate) identities: Vec<Identity>,
    pub(crate) nodes: Vec<NodeState>,
    pub(crate) schema: Schema,
    pub(crate) statements: Statements,
    /// `None` if writes are only acknowledged.
    pub(crate) store: Option<Store>,
    pub(crate) rules: Rules,
    pub(crate) ledger: Ledger,
    pub(crate) supported: Vec<(String, Vec<String>)>,
    pub(crate) login: Option<(String, String)>,
    pub(crate) logins: Logins,
    pub(crate) open: Open,
    pub(crate) next_connection: u64,
}

/// How often clients have logged in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Logins {
    /// With the right name and password.
    pub accepted: u64,
    /// With others.
    pub refused: u64,
}

/// Frames whose answer is on its way, since a rule delays it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Open {
    /// How many there are.
    pub now: u64,
    /// The most there have been at once.
    pub most: u64,
}

#[derive(Debug)]
pub(crate) struct NodeState {
    pub(crate) frozen: bool,
    pub(crate) accepted: u64,
    pub(crate) connections: HashMap<u64, Link>,
    pub(crate) control: mpsc::UnboundedSender<Control>,
}

/// A connection as the others see it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    /// The events it has asked for.
    pub(crate) events: Vec<String>,
}

/// What a connection is told to do.
#[derive(Debug)]
pub(crate) enum Order {
    Send(Vec<u8>),
    Close,
    Reset,
    /// To read on after [`Action::StopReading`](crate::Action::StopReading).
    Resume,
    /// To look whether the node is frozen.
    Look,
}

/// What the listener of a node is told to do.
#[derive(Debug)]
pub(crate) enum Control {
    Stop(oneshot::Sender<std::io::Result<()>>),
    Listen(oneshot::Sender<std::io::Result<()>>),
    Look,
}

impl State {
    pub(crate) fn view(&self) -> View<'_> {
        View {
            cluster_name: &self.cluster_name,
            nodes: &self.identities,
            schema: &self.schema,
        }
    }

    /// Tells all connections of a node, or of all nodes.
    pub(crate) fn order(&self, node: Option<usize>, order: impl Fn() -> Order) -> usize {
        let nodes = self.nodes.iter().enumerate();
        let nodes = nodes.filter(|(index, _)| node.is_none_or(|node| node == *index));
        let links = nodes.flat_map(|(_, node)| node.connections.values());
        links.filter(|link| link.orders.send(order()).is_ok()).count()
    }

    /// Sends an event to the connections that have asked for it, and returns how many those are.
    pub(crate) fn push(&self, event: &Event, node: Option<usize>) -> usize {
        let frame = event.frame();
        let wanted = |link: &&Link| match event.kind() {
            Some(kind) => link.events.iter().any(|of| of == kind),
            None => !link.events.is_empty(),
        };
        let nodes = self.nodes.iter().enumerate();
        let nodes = nodes.filter(|(index, _)| node.is_none_or(|node| node == *index));
        let links = nodes
            .flat_map(|(_, node)| node.connections.values())
            .filter(wanted);
        links
            .filter(|link| link.orders.send(Order::Send(frame.clone())).is_ok())
            .count()
    }
}

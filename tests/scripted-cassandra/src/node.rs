use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::events::Event;
use crate::shared::{Control, Order, Shared};
use crate::topology::Identity;

/// One node of a [`ScriptedCluster`](crate::ScriptedCluster). Clones are handles to the same node, and do
/// not keep the cluster alive.
#[derive(Clone, Debug)]
pub struct Node {
    shared: Arc<Shared>,
    index: usize,
    address: SocketAddr,
}

impl Node {
    pub(crate) fn new(shared: &Arc<Shared>, index: usize, identity: &Identity) -> Self {
        Self {
            shared: Arc::clone(shared),
            index,
            address: identity.address,
        }
    }

    /// Its place in the cluster, as in [`Frame::node`](crate::Frame::node).
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Address and port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The id under which it is in the system tables.
    #[must_use]
    pub fn host_id(&self) -> Uuid {
        self.shared.lock().identities[self.index].host_id
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.lock().nodes[self.index].connections.len()
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.lock().nodes[self.index].accepted
    }

    /// Closes the listener, so that new connections are refused. Open ones stay.
    pub async fn stop_listening(&self) -> io::Result<()> {
        self.control(Control::Stop).await
    }

    /// Opens the listener again.
    pub async fn listen_again(&self) -> io::Result<()> {
        self.control(Control::Listen).await
    }

    async fn control(
        &self,
        order: impl FnOnce(oneshot::Sender<io::Result<()>>) -> Control,
    ) -> io::Result<()> {
        let (done, answer) = oneshot::channel();
        let control = self.shared.lock().nodes[self.index].control.clone();
        let _ = control.send(order(done));
        let ended = |_| io::Error::other("the cluster has ended");
        answer.await.map_err(ended)?
    }

    /// Closes all connections, and returns how many there were.
    pub fn close_connections(&self) -> usize {
        self.shared.lock().order(Some(self.index), || Order::Close)
    }

    /// Closes all connections with a reset, and returns how many there were.
    pub fn reset_connections(&self) -> usize {
        self.shared.lock().order(Some(self.index), || Order::Reset)
    }

    /// Refuses new connections and closes those that are open, as when the process has died.
    pub async fn crash(&self) -> io::Result<()> {
        self.stop_listening().await?;
        self.reset_connections();
        Ok(())
    }

    /// From now on nothing is read, answered or sent; connections are made by the operating system alone.
    pub fn freeze(&self) {
        self.set_frozen(true);
    }

    /// Goes on where it was frozen.
    pub fn thaw(&self) {
        self.set_frozen(false);
    }

    fn set_frozen(&self, frozen: bool) {
        let mut state = self.shared.lock();
        state.nodes[self.index].frozen = frozen;
        let _ = state.nodes[self.index].control.send(Control::Look);
        state.order(Some(self.index), || Order::Look);
    }

    /// Reads on from connections that [`Action::StopReading`](crate::Action::StopReading) has stopped.
    pub fn resume_reading(&self) {
        self.shared.lock().order(Some(self.index), || Order::Resume);
    }

    /// Forgets all prepared statements.
    pub fn forget_prepared(&self) {
        self.shared.lock().statements.forget(self.index);
    }

    /// Sends an event to those of its connections that have asked for it, and returns how many those are.
    pub fn push(&self, event: &Event) -> usize {
        self.shared.lock().push(event, Some(self.index))
    }

    /// Whether the other nodes list it among their peers. Clients look when an event tells them to.
    pub fn set_member(&self, is_member: bool) {
        self.shared.lock().identities[self.index].is_member = is_member;
    }

    /// Lets the node be the one with this id, as if that one had moved here.
    pub fn set_host_id(&self, host_id: Uuid) {
        self.shared.lock().identities[self.index].host_id = host_id;
    }

    /// Lets the node have a version of the schema that no other has, or again that of the others.
    pub fn disagree_on_schema(&self, disagree: bool) {
        self.shared.lock().identities[self.index].schema_version = disagree.then(Uuid::new_v4);
    }

    /// Moves the node to another datacenter and rack, as the system tables tell it.
    pub fn set_place(&self, datacenter: impl Into<String>, rack: impl Into<String>) {
        let mut state = self.shared.lock();
        let identity = &mut state.identities[self.index];
        identity.datacenter = datacenter.into();
        identity.rack = rack.into();
    }
}

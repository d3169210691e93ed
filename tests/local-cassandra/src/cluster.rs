use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::builder::Builder;
use crate::error::Error;
use crate::fleet::Fleet;
use crate::node::Node;
use crate::ports::Reservation;
use crate::ready;

/// A running cluster. It ends when this is dropped, which blocks for the second that it takes;
/// [`stop`](Self::stop) does not block.
#[derive(Debug)]
pub struct LocalCluster {
    nodes: Vec<Node>,
    fleet: Arc<Fleet>,
    data_dir: Option<PathBuf>,
    // Released after the nodes have ended, since fields are dropped last.
    _reservation: Option<Reservation>,
}

impl LocalCluster {
    /// Options for a cluster; with none changed, one node.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(fleet: Fleet, data_dir: Option<PathBuf>, reservation: Option<Reservation>) -> Self {
        let fleet = Arc::new(fleet);
        Self {
            nodes: (0..fleet.members.len())
                .map(|index| Node::new(Arc::clone(&fleet), index))
                .collect(),
            fleet,
            data_dir,
            _reservation: reservation,
        }
    }

    pub(crate) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The address of each node with its port.
    #[must_use]
    pub fn contact_points(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.address().to_owned()).collect()
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

    /// Whether the cluster was named by `CASSANDRA_CONTACT_POINTS`, and its nodes are not ours to control.
    #[must_use]
    pub fn is_external(&self) -> bool {
        self.fleet.members.iter().all(|member| member.control.is_none())
    }

    /// User and password of a superuser, if clients have to log in.
    #[must_use]
    pub fn credentials(&self) -> Option<(&str, &str)> {
        self.fleet.credentials()
    }

    /// The certificate to trust, if clients have to use TLS. It names the addresses of all nodes and
    /// `localhost`.
    #[must_use]
    pub fn certificate_pem_path(&self) -> Option<&Path> {
        self.fleet.tls.as_ref().map(|tls| tls.certificate.as_path())
    }

    /// The directory of all that the nodes write, unless the cluster is external.
    #[must_use]
    pub fn data_dir(&self) -> Option<&Path> {
        self.data_dir.as_deref()
    }

    /// Waits until all nodes answer and reach each other, as after the start: for use after nodes were
    /// frozen or cut off. With a node dead it fails at once.
    pub async fn ready(&self) -> Result<(), Error> {
        ready::wait(&self.fleet, None).await
    }

    /// Ends all nodes and removes their files, and returns when both are done.
    pub async fn stop(self) {
        // An error would be a panic in there, or a runtime that is shutting down.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

impl Drop for LocalCluster {
    fn drop(&mut self) {
        self.fleet.end();
    }
}

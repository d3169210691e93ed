//! Which nodes may take a statement: its replicas nearby, then the other nodes nearby, then what else is permitted.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use scylla::cluster::{ClusterState, Node};
use scylla::statement::{Consistency, SerialConsistency};
use tower_cassandra_layers::balance::{Directory, Endpoint, Group};
use tower_cassandra_layers::health::Table;
use tower_cassandra_layers::request::NodeId;
use uuid::Uuid;

use super::datacenters::{check_rack, local_datacenter};
use super::visit::{Where, is_connected, visit_from_anywhere, visit_replicas};
use crate::error::Error;
use crate::leaf::Target;
use crate::nature::Nature;
use crate::statement::{Statement, What};

/// How the nodes are chosen among data centres and racks.
#[derive(Clone, Debug)]
pub(crate) struct Locality {
    /// None: that of the first contact point that answered.
    pub(crate) datacenter: Option<String>,
    /// Of the nearby ones those in this rack come first.
    pub(crate) rack: Option<String>,
    /// A data centre or rack without nodes is an error.
    pub(crate) strict: bool,
    pub(crate) permit_failover: bool,
    pub(crate) default_consistency: Consistency,
    pub(crate) default_serial_consistency: SerialConsistency,
}

/// The nodes of a cluster as the balancer needs them. Clones are the same directory.
#[derive(Clone, Debug)]
pub(crate) struct ClusterDirectory {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    table: Table,
    locality: Locality,
    /// Known from when the cluster is.
    local: OnceLock<String>,
    view: ArcSwap<View>,
    /// Set by `clear`; also keeps it and `follow` apart.
    closed: Mutex<bool>,
}

/// The nodes by one state of the driver's metadata.
#[derive(Debug, Default)]
pub(super) struct View {
    /// None once the session is closed.
    pub(super) state: Option<Arc<ClusterState>>,
    /// In the order of the ids: found among a few nodes in less time than an id is hashed, and every replica of a request is looked up.
    by_id: Vec<(u128, Arc<Endpoint>)>,
    nearby: Vec<Arc<Endpoint>>,
    /// Those of the nearby ones that are in the preferred rack; none where no rack is preferred.
    in_rack: Vec<Arc<Endpoint>>,
    remote: Vec<Arc<Endpoint>>,
}

pub(super) fn target(endpoint: &Endpoint) -> Option<&Target> {
    endpoint.payload::<Target>()
}

impl View {
    /// Takes over the endpoints of nodes that are the same as before, so that what is known of them is kept.
    fn build(
        state: Arc<ClusterState>,
        before: Option<&Self>,
        table: &Table,
        local: &str,
        rack: Option<&str>,
    ) -> Self {
        let mut view = Self::default();
        // Nodes that the host filter refuses have no connections and never will.
        for node in state.get_nodes_info().iter().filter(|node| node.is_enabled()) {
            let endpoint = before
                .and_then(|before| before.endpoint(node.host_id))
                .filter(|endpoint| target(endpoint).is_some_and(|target| Arc::ptr_eq(&target.node, node)))
                .map_or_else(|| new_endpoint(table, node), Arc::clone);
            let near = node
                .datacenter
                .as_deref()
                .is_none_or(|datacenter| datacenter == local);
            if near && is_in(node, rack) {
                view.in_rack.push(Arc::clone(&endpoint));
            }
            let side = if near { &mut view.nearby } else { &mut view.remote };
            side.push(Arc::clone(&endpoint));
            view.by_id.push((node.host_id.as_u128(), endpoint));
        }
        view.by_id.sort_unstable_by_key(|(id, _)| *id);
        view.state = Some(state);
        view
    }

    pub(super) fn endpoint(&self, host: Uuid) -> Option<&Arc<Endpoint>> {
        let at = self.by_id.binary_search_by_key(&host.as_u128(), |(id, _)| *id);
        at.ok().map(|at| &self.by_id[at].1)
    }
}

/// Is it in the preferred rack? No node is where none is preferred.
pub(super) fn is_in(node: &Node, rack: Option<&str>) -> bool {
    rack.is_some() && node.rack.as_deref() == rack
}

fn new_endpoint(table: &Table, node: &Arc<Node>) -> Arc<Endpoint> {
    let name = format!("{}:{}", node.address.ip(), node.address.port());
    let endpoint = table.endpoint(
        NodeId(node.host_id.as_u128()),
        &name,
        Target::new(Arc::clone(node)),
    );
    endpoint.set_connected(node.is_connected(), "no connection yet");
    endpoint
}

impl ClusterDirectory {
    /// A directory without nodes, until it is told [where](Self::locate) they are.
    pub(crate) fn new(table: Table, locality: Locality) -> Self {
        Self {
            shared: Arc::new(Shared {
                table,
                locality,
                local: OnceLock::new(),
                view: ArcSwap::default(),
                closed: Mutex::new(false),
            }),
        }
    }

    /// Finds out which data centre is nearby and takes the nodes over. The contact points are those that were resolved. After an error nothing has
    /// changed.
    pub(crate) fn locate(
        &self,
        state: Arc<ClusterState>,
        contact_points: &[SocketAddr],
    ) -> Result<(), Error> {
        let locality = &self.shared.locality;
        let local = local_datacenter(&state, locality, contact_points)?;
        check_rack(&state, locality, &local)?;
        self.shared.local.get_or_init(|| local);
        self.follow(state);
        Ok(())
    }

    /// Follows the driver's metadata; cheap when nothing has changed.
    pub(crate) fn follow(&self, state: Arc<ClusterState>) {
        let shared = &*self.shared;
        let closed = shared.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let before = shared.view.load();
        let is_same = |before| Arc::ptr_eq(before, &state);
        if *closed || before.state.as_ref().is_some_and(is_same) {
            return;
        }
        let view = View::build(
            state,
            Some(&before),
            &shared.table,
            self.local_datacenter().unwrap_or_default(),
            shared.locality.rack.as_deref(),
        );
        shared
            .table
            .replace(view.by_id.iter().map(|(_, endpoint)| Arc::clone(endpoint)));
        shared.view.store(Arc::new(view));
    }

    /// Forgets all nodes: who holds a node of the driver holds its connections.
    pub(crate) fn clear(&self) {
        let shared = &*self.shared;
        let mut closed = shared.closed.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = true;
        shared.view.store(Arc::default());
        shared.table.close();
    }

    /// The data centre that counts as nearby; none as long as nothing is known of the cluster.
    pub(crate) fn local_datacenter(&self) -> Option<&str> {
        self.shared.local.get().map(String::as_str)
    }

    pub(crate) fn table(&self) -> &Table {
        &self.shared.table
    }

    /// Is there more than one node that statements may go to?
    pub(crate) fn has_alternatives(&self) -> bool {
        let view = self.shared.view.load();
        let remote = if self.permits_failover() {
            view.remote.len()
        } else {
            0
        };
        view.nearby.len() + remote > 1
    }

    /// May statements go to the other data centres?
    pub(crate) fn permits_failover(&self) -> bool {
        self.shared.locality.permit_failover
    }

    /// The node behind an endpoint.
    pub(crate) fn node(&self, host: Uuid) -> Option<Arc<Node>> {
        let view = self.shared.view.load();
        view.endpoint(host)
            .and_then(|endpoint| target(endpoint))
            .map(|target| Arc::clone(&target.node))
    }

    /// May this statement leave the local data centre? Not if its consistency is a local one, and a conditional one not if its
    /// serial consistency is: two data centres would each decide for themselves.
    fn may_leave(&self, statement: &Statement) -> bool {
        let locality = &self.shared.locality;
        let options = &statement.options;
        let consistency = options.consistency.unwrap_or(locality.default_consistency);
        let serial = options
            .serial_consistency
            .unwrap_or(locality.default_serial_consistency);
        let is_local = matches!(
            consistency,
            Consistency::LocalOne | Consistency::LocalQuorum | Consistency::LocalSerial
        );
        let decides_locally = serial == SerialConsistency::LocalSerial
            && matches!(statement.nature(), Nature::Lwt | Nature::Other);
        locality.permit_failover && !is_local && !decides_locally
    }
}

pub(super) fn is_ordered(statement: &Statement) -> bool {
    statement.nature() == Nature::Lwt
}

impl Directory<Statement> for ClusterDirectory {
    fn visit(
        &self,
        statement: &Statement,
        group: Group,
        each: &mut dyn FnMut(&Arc<Endpoint>, bool) -> ControlFlow<()>,
    ) {
        let shared = &*self.shared;
        let view = shared.view.load();
        if let Some(host) = statement.options.host() {
            if group == Group::Preferred
                && let Some(endpoint) = view.endpoint(host)
            {
                let _ = each(endpoint, is_connected(endpoint));
            }
            return;
        }
        // Two conditional writes of a partition must meet at one coordinator, wherever their clients are.
        let rack = shared.locality.rack.as_deref();
        let rack = rack.filter(|_| !is_ordered(statement));
        let local = self.local_datacenter().unwrap_or_default();
        let mut replicas = |place| visit_replicas(&view, statement, local, place, each);
        match (group, rack) {
            (Group::Preferred, None) => replicas(Where::Anywhere),
            (Group::Preferred, Some(rack)) if statement.token().is_some() => replicas(Where::Inside(rack)),
            (Group::Preferred, Some(_)) => visit_from_anywhere(&shared.table, &view.in_rack, each),
            (Group::OtherReplicas, Some(rack)) => replicas(Where::Outside(rack)),
            (Group::Nearby, _) => visit_from_anywhere(&shared.table, &view.nearby, each),
            (Group::Remote, _) if self.may_leave(statement) => {
                visit_from_anywhere(&shared.table, &view.remote, each);
            }
            (Group::OtherReplicas, None) | (Group::Remote, _) => {}
        }
    }

    // The driver prepares on all nodes.
    fn is_routed(&self, statement: &Statement) -> bool {
        !matches!(statement.what, What::Prepare(_))
    }

    fn pinned(&self, statement: &Statement) -> Option<NodeId> {
        statement.options.host().map(|host| NodeId(host.as_u128()))
    }

    // Without a token the nodes of the preferred rack stand where the replicas would.
    fn has_replicas(&self, statement: &Statement) -> bool {
        statement.token().is_some()
    }

    fn is_ordered(&self, statement: &Statement) -> bool {
        is_ordered(statement)
    }
}

use std::ops::ControlFlow;
use std::sync::Arc;

use super::endpoint::Endpoint;
use crate::request::NodeId;

/// Which of a request's candidates are asked for. The balancer asks group by group and goes on only while it has found
/// no usable one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Where the data is: the replicas nearby, or the nearest of them, where some are preferred.
    Preferred,
    /// The other replicas nearby, where the first group had only some of them.
    OtherReplicas,
    /// The other nodes nearby.
    Nearby,
    /// Everything else that is permitted.
    Remote,
}

impl Group {
    pub(super) const ALL: [Self; 4] = [Self::Preferred, Self::OtherReplicas, Self::Nearby, Self::Remote];
}

/// Knows which nodes may take a request.
pub trait Directory<Req>: Send + Sync + 'static {
    /// Shows the candidates of one group with whether they are connected now, until `each` breaks off. Must not allocate, and must
    /// not take longer in a larger cluster: in a large group begin anywhere, the balancer breaks off after a few. A group may be
    /// asked for again for the same request, when one of its candidates is in trouble.
    fn visit(
        &self,
        request: &Req,
        group: Group,
        each: &mut dyn FnMut(&Arc<Endpoint>, bool) -> ControlFlow<()>,
    );

    /// Is it sent to one node? What is not, passes the balancer without a ticket. Default: yes.
    fn is_routed(&self, request: &Req) -> bool {
        let _ = request;
        true
    }

    /// The one node that it is for, to be named when that is not there. Default: none.
    fn pinned(&self, request: &Req) -> Option<NodeId> {
        let _ = request;
        None
    }

    /// Are the first two groups replicas, together all that are nearby? Of replicas no more than a minority stays ejected, of other nodes all do. Default:
    /// yes.
    fn has_replicas(&self, request: &Req) -> bool {
        let _ = request;
        true
    }

    /// Does the order of the candidates matter, so that every client asks the same one first? Default: no.
    fn is_ordered(&self, request: &Req) -> bool {
        let _ = request;
        false
    }
}

/// All nodes of a table are candidates for everything.
#[derive(Clone, Debug)]
pub struct AllNodes {
    table: crate::health::Table,
}

impl AllNodes {
    /// The nodes of this table.
    #[must_use]
    pub const fn new(table: crate::health::Table) -> Self {
        Self { table }
    }
}

impl<Req> Directory<Req> for AllNodes {
    fn visit(
        &self,
        _request: &Req,
        group: Group,
        each: &mut dyn FnMut(&Arc<Endpoint>, bool) -> ControlFlow<()>,
    ) {
        if group != Group::Nearby {
            return;
        }
        let endpoints = self.table.endpoints();
        let start = self.table.random_below(endpoints.len());
        let (before, after) = endpoints.split_at(start);
        for endpoint in after.iter().chain(before) {
            if each(endpoint, true).is_break() {
                return;
            }
        }
    }
}

use std::collections::HashMap;
use std::sync::Arc;

use super::changes::{Announcer, ChangeKind};
use crate::balance::Endpoint;
use crate::request::NodeId;

/// How many nodes there are and how many of them are ejected.
///
/// Under one lock with every ejection, re-admission and change of the nodes, because a count that drifts never comes back: too
/// high, and no node is ejected any more; too low, and more than half may be. All three are rare.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub(super) total: usize,
    pub(super) ejected: usize,
    /// Under the same lock, so that all readers see all changes in the order in which they took effect.
    pub(super) announcer: Announcer,
}

impl Roster {
    /// Tells who left and who joined, and takes over what is known of nodes that were only made anew.
    pub(super) fn announce_moves(&mut self, before: &[Arc<Endpoint>], now: &[Arc<Endpoint>]) {
        let known: HashMap<NodeId, &Arc<Endpoint>> = before.iter().map(|node| (node.id(), node)).collect();
        let still: HashMap<NodeId, &Arc<Endpoint>> = now.iter().map(|node| (node.id(), node)).collect();
        for gone in before {
            let reason = match still.get(&gone.id()) {
                None => "it is no node of the cluster any more".to_owned(),
                Some(node) if node.name() != gone.name() => {
                    format!("it has another address: {}", node.name())
                }
                Some(_) => continue,
            };
            self.announcer
                .announce(gone.id(), gone.name(), ChangeKind::Left, reason);
        }
        for node in now {
            let reason = match known.get(&node.id()) {
                Some(before) if Arc::ptr_eq(before, node) => continue,
                Some(before) if before.name() == node.name() => {
                    node.watched.inherit(&before.watched);
                    if before.passive.is_ejected() && !node.passive.is_ejected() {
                        let reason = "its place in the cluster has changed".to_owned();
                        self.announcer
                            .announce(node.id(), node.name(), ChangeKind::Readmitted, reason);
                    }
                    self.announce_status(node, "its place in the cluster has changed");
                    continue;
                }
                Some(before) => format!("its address was {}", before.name()),
                None => "it is a node of the cluster now".to_owned(),
            };
            node.watched.settle(node.status());
            if !before.is_empty() {
                self.announcer
                    .announce(node.id(), node.name(), ChangeKind::Joined, reason);
            }
        }
    }

    /// Tells the status of a node, once. Of one that is not in the table nobody is told.
    pub(super) fn announce_status(&mut self, endpoint: &Endpoint, why: &str) {
        if endpoint.passive.is_member()
            && let Some(status) = endpoint.watched.take_news(endpoint.status())
        {
            let kind = ChangeKind::from(status);
            self.announcer
                .announce(endpoint.id(), endpoint.name(), kind, why.to_owned());
        }
    }

    /// With one more ejection, would at most half of the nodes be out?
    pub(super) const fn may_eject(&self) -> bool {
        (self.ejected + 1) * 2 <= self.total
    }
}

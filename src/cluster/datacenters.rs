//! Which data centre counts as nearby.

use std::net::SocketAddr;

use scylla::cluster::{ClusterState, Node};

use crate::error::Error;

/// The names of all data centres, each once.
fn datacenters(state: &ClusterState) -> Vec<&str> {
    let mut names: Vec<&str> = state
        .get_nodes_info()
        .iter()
        .filter_map(|node| node.datacenter.as_deref())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A data centre that nobody has heard of would make every statement fail later.
pub(super) fn known_datacenter<'a>(state: &ClusterState, wanted: &'a str) -> Result<&'a str, Error> {
    let names = datacenters(state);
    if names.contains(&wanted) {
        return Ok(wanted);
    }
    let value = format!("{wanted} (the cluster has {})", names.join(", "));
    Err(Error::config(
        "prefer_datacenter",
        value,
        "the name of a data centre of the cluster",
    ))
}

/// The data centre of the first contact point that has a connection, else of any node that has one.
pub(super) fn first_answering_datacenter(state: &ClusterState, contact_points: &[SocketAddr]) -> String {
    let nodes = state.get_nodes_info();
    let connected = || nodes.iter().filter(|node| node.is_connected());
    let is_at = |node: &Node, point: &SocketAddr| {
        node.address.ip() == point.ip() && node.address.port() == point.port()
    };
    let by_point = contact_points
        .iter()
        .find_map(|point| connected().find(|node| is_at(node, point)));
    let chosen = by_point.or_else(|| connected().next()).or_else(|| nodes.first());
    let local = chosen
        .and_then(|node| node.datacenter.clone())
        .unwrap_or_default();
    let others: Vec<&str> = datacenters(state)
        .into_iter()
        .filter(|name| *name != local)
        .collect();
    let others = others.join(", ");
    if by_point.is_none() && !others.is_empty() {
        tracing::warn!(
            local,
            others,
            "no contact point is the address of a node: set `prefer_datacenter`"
        );
    } else {
        tracing::info!(
            local,
            others,
            "local data centre taken from the first contact point that answered"
        );
    }
    local
}

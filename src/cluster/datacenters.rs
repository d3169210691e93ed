//! Which data centre counts as nearby, and which rack is nearest.

use std::net::SocketAddr;

use scylla::cluster::{ClusterState, Node};

use super::directory::Locality;
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

/// Is there such a data centre?
pub(super) fn is_known(state: &ClusterState, datacenter: &str) -> bool {
    datacenters(state).contains(&datacenter)
}

/// The data centre that counts as nearby: the one that is wanted. One that nobody has heard of is an error where the choice is strict, else it is
/// said once, and that of the first contact point takes its place.
pub(super) fn local_datacenter(
    state: &ClusterState,
    locality: &Locality,
    contact_points: &[SocketAddr],
) -> Result<String, Error> {
    let Some(wanted) = &locality.datacenter else {
        return Ok(first_answering_datacenter(state, contact_points));
    };
    if is_known(state, wanted) {
        return Ok(wanted.clone());
    }
    let known = datacenters(state).join(", ");
    if locality.strict {
        return Err(unknown(
            "prefer_datacenter",
            wanted,
            &known,
            "the name of a data centre of the cluster",
        ));
    }
    let local = first_answering_datacenter(state, contact_points);
    tracing::warn!(
        wanted,
        known,
        local,
        "no node is in the preferred data centre: correct `prefer_datacenter`"
    );
    Ok(local)
}

/// A rack without a node: an error where the choice is strict, else said once; then there is no nearest replica.
pub(super) fn check_rack(state: &ClusterState, locality: &Locality, local: &str) -> Result<(), Error> {
    let Some(wanted) = &locality.rack else {
        return Ok(());
    };
    let mut known: Vec<&str> = state
        .get_nodes_info()
        .iter()
        .filter(|node| node.datacenter.as_deref() == Some(local))
        .filter_map(|node| node.rack.as_deref())
        .collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&wanted.as_str()) {
        return Ok(());
    }
    let known = known.join(", ");
    if locality.strict {
        return Err(unknown(
            "prefer_rack",
            wanted,
            &known,
            "the name of a rack of the local data centre",
        ));
    }
    tracing::warn!(
        wanted,
        known,
        local,
        "no node is in the preferred rack: correct `prefer_rack`"
    );
    Ok(())
}

fn unknown(option: &'static str, wanted: &str, known: &str, expected: &'static str) -> Error {
    Error::config(option, format!("{wanted} (there is {known})"), expected)
}

/// The data centre of the first contact point that has a connection, else of any node that has one.
fn first_answering_datacenter(state: &ClusterState, contact_points: &[SocketAddr]) -> String {
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

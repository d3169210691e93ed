//! Shows the nodes of a list, or the replicas of a statement.

use std::ops::ControlFlow;
use std::sync::Arc;

use scylla::cluster::Node;
use scylla::frame::response::result::TableSpec;
use scylla::routing::Token;
use tower_cassandra_layers::balance::Endpoint;
use tower_cassandra_layers::health::Table;

use super::directory::{View, is_in, is_ordered, target};
use crate::statement::Statement;

pub(super) fn is_connected(endpoint: &Endpoint) -> bool {
    target(endpoint).is_some_and(|target| target.node.is_connected())
}

pub(super) type Each<'a> = &'a mut dyn FnMut(&Arc<Endpoint>, bool) -> ControlFlow<()>;

/// Visits a list from a random place on, so that a large cluster costs no more than a small one.
pub(super) fn visit_from_anywhere(table: &Table, endpoints: &[Arc<Endpoint>], each: Each<'_>) {
    let start = table.random_below(endpoints.len());
    let (before, after) = endpoints.split_at(start);
    let _ = after
        .iter()
        .chain(before)
        .try_for_each(|endpoint| each(endpoint, is_connected(endpoint)));
}

/// Which of the replicas nearby are shown.
#[derive(Clone, Copy)]
pub(super) enum Where<'a> {
    Anywhere,
    Inside(&'a str),
    Outside(&'a str),
}

impl Where<'_> {
    fn has(self, node: &Node) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Inside(rack) => is_in(node, Some(rack)),
            Self::Outside(rack) => !is_in(node, Some(rack)),
        }
    }
}

pub(super) fn visit_replicas(
    view: &View,
    statement: &Statement,
    local: &str,
    place: Where<'_>,
    each: Each<'_>,
) {
    let (Some(token), Some((Some(keyspace), table))) = (statement.token(), statement.table()) else {
        return;
    };
    let Some(state) = &view.state else {
        return;
    };
    // For an unknown keyspace the driver would answer with one node as if there were one copy.
    let Some(strategy) = state.get_keyspace(keyspace).map(|keyspace| &keyspace.strategy) else {
        return;
    };
    let spec = TableSpec::borrowed(keyspace, table);
    let replicas =
        state
            .replica_locator()
            .replicas_for_token(Token::new(token), strategy, Some(local), &spec);
    let mut show = |node: &Arc<Node>| match view.endpoint(node.host_id) {
        Some(endpoint) if place.has(node) => each(endpoint, node.is_connected()),
        _ => ControlFlow::Continue(()),
    };
    let _ = if is_ordered(statement) {
        replicas
            .into_replicas_ordered()
            .into_iter()
            .try_for_each(|(node, _)| show(node))
    } else {
        replicas.into_iter().try_for_each(|(node, _)| show(node))
    };
}

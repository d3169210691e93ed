//! The nodes and what they tell about each other.

use std::net::SocketAddr;

use uuid::Uuid;

/// What the system tables tell of a node.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) address: SocketAddr,
    pub(crate) host_id: Uuid,
    pub(crate) datacenter: String,
    pub(crate) rack: String,
    pub(crate) tokens: Vec<i64>,
    /// Whether the other nodes list it among their peers.
    pub(crate) is_member: bool,
    /// Its own version of the schema, if it is not that of the others.
    pub(crate) schema_version: Option<Uuid>,
}

/// Tokens that divide the ring among the nodes in turn, so that each owns equal parts of it.
pub(crate) fn tokens(node: usize, nodes: usize, each: usize) -> Vec<i64> {
    let parts = (nodes * each).max(1) as i128;
    let of_part = |turn: usize| {
        let part = (turn * nodes + node) as i128;
        let offset = (part << 64) / parts;
        i64::try_from(i128::from(i64::MIN) + offset + 1).unwrap_or(i64::MAX)
    };
    (0..each).map(of_part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_evenly_spread() {
        let mut all: Vec<i64> = (0..3).flat_map(|node| tokens(node, 3, 4)).collect();
        all.sort_unstable();
        let distances: Vec<i128> = all
            .windows(2)
            .map(|pair| i128::from(pair[1]) - i128::from(pair[0]))
            .collect();
        let expected = (1_i128 << 64) / 12;
        assert!(distances.iter().all(|distance| (distance - expected).abs() <= 1));
        assert_eq!(tokens(0, 1, 1), [i64::MIN + 1]);
    }
}

use serde::Serialize;
use tower_cassandra_layers::health::{State, Status};
use uuid::Uuid;

use super::{NAME, REASON, millis, short, shown};
use crate::session::NodeHealth;

/// One node.
#[derive(Debug, Serialize)]
pub(super) struct Node {
    #[serde(serialize_with = "shown")]
    id: Uuid,
    address: String,
    datacenter: Option<String>,
    rack: Option<String>,
    version: Option<String>,
    connected: bool,
    status: &'static str,
    state: &'static str,
    condition: &'static str,
    level: Level,
    reason: Option<String>,
    in_flight: u32,
    abandoned: u32,
    sent: u64,
    mean_latency_ms: Option<f64>,
    probe_latency_ms: Option<f64>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Good,
    Doubtful,
    Bad,
}

impl From<NodeHealth> for Node {
    fn from(node: NodeHealth) -> Self {
        let (condition, level) = condition(&node);
        Self {
            reason: reason(&node, level).map(|reason| short(&reason, REASON)),
            id: node.host_id,
            address: short(&node.address, NAME),
            datacenter: node.datacenter.map(|name| short(&name, NAME)),
            rack: node.rack.map(|name| short(&name, NAME)),
            version: node.version.map(|version| short(&version, NAME)),
            connected: node.connected,
            status: node.status.label(),
            state: node.state.label(),
            condition,
            level,
            in_flight: node.in_flight,
            abandoned: node.abandoned,
            sent: node.sent,
            mean_latency_ms: node.mean_latency.map(millis),
            probe_latency_ms: node.probe_latency.map(millis),
        }
    }
}

/// Status and state in one word, the one that explains more, and how bad that is.
fn condition(node: &NodeHealth) -> (&'static str, Level) {
    if !node.connected || node.status == Status::Down {
        return (Status::Down.label(), Level::Bad);
    }
    match (node.status, node.state) {
        (Status::Unknown, State::Healthy) => (Status::Unknown.label(), Level::Doubtful),
        (_, State::Healthy) => (State::Healthy.label(), Level::Good),
        // It does its work, and gets no more of it for a moment.
        (_, State::Full) => (State::Full.label(), Level::Doubtful),
        (_, state) => (state.label(), Level::Bad),
    }
}

fn reason(node: &NodeHealth, level: Level) -> Option<String> {
    match level {
        Level::Good => None,
        _ if !node.connected || node.status == Status::Down => Some(
            node.last_error
                .clone()
                .unwrap_or_else(|| "no connection".to_owned()),
        ),
        _ => node.reason.clone().or_else(|| node.last_error.clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn node() -> NodeHealth {
        NodeHealth {
            host_id: Uuid::from_u128(1),
            address: "10.0.0.1:9042".to_owned(),
            datacenter: Some("dc1".to_owned()),
            rack: Some("r1".to_owned()),
            connected: true,
            status: Status::Up,
            state: State::Healthy,
            reason: None,
            in_flight: 3,
            abandoned: 0,
            sent: 12,
            mean_latency: Some(Duration::from_micros(1_234)),
            probe_latency: None,
            last_error: None,
            version: Some("5.0.6".to_owned()),
        }
    }

    #[test]
    fn a_node_is_as_bad_as_the_worst_that_is_known_of_it_and_says_why() {
        let cases = [
            (true, Status::Up, State::Healthy, "healthy", Level::Good, ""),
            (
                true,
                Status::Unknown,
                State::Healthy,
                "unknown",
                Level::Doubtful,
                "probe",
            ),
            (true, Status::Up, State::Full, "full", Level::Doubtful, "state"),
            (true, Status::Up, State::Stalled, "stalled", Level::Bad, "state"),
            (
                true,
                Status::Unknown,
                State::Stalled,
                "stalled",
                Level::Bad,
                "state",
            ),
            (true, Status::Up, State::Ejected, "ejected", Level::Bad, "state"),
            (true, Status::Down, State::Healthy, "down", Level::Bad, "probe"),
            (false, Status::Up, State::Stalled, "down", Level::Bad, "probe"),
        ];
        for (connected, status, state, word, level, why) in cases {
            let node = Node::from(NodeHealth {
                connected,
                status,
                state,
                reason: (state != State::Healthy).then(|| "state".to_owned()),
                last_error: Some("probe".to_owned()),
                ..node()
            });
            assert_eq!((node.condition, node.level), (word, level));
            let why = Some(why).filter(|why| !why.is_empty());
            assert_eq!(node.reason.as_deref(), why, "{word}");
        }
        let silent = NodeHealth {
            connected: false,
            ..node()
        };
        assert_eq!(Node::from(silent).reason.as_deref(), Some("no connection"));
    }

    #[test]
    fn the_names_of_a_node_are_those_that_are_described() {
        let json = serde_json::to_value(Node::from(node())).unwrap();
        let expected = serde_json::json!({
            "id": "00000000-0000-0000-0000-000000000001",
            "address": "10.0.0.1:9042",
            "datacenter": "dc1",
            "rack": "r1",
            "version": "5.0.6",
            "connected": true,
            "status": "up",
            "state": "healthy",
            "condition": "healthy",
            "level": "good",
            "reason": null,
            "in_flight": 3,
            "abandoned": 0,
            "sent": 12,
            "mean_latency_ms": 1.234,
            "probe_latency_ms": null,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn names_from_elsewhere_are_kept_as_they_are_on_one_line_and_not_too_long() {
        let text = "</script>\n\ndata: \"x\"\u{2028}";
        let node = Node::from(NodeHealth {
            datacenter: Some(text.to_owned()),
            last_error: Some("x".repeat(10_000)),
            connected: false,
            ..node()
        });
        let line = serde_json::to_string(&node).unwrap();
        assert!(!line.contains('\n') && line.len() < 2_000, "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["datacenter"], text);
    }
}

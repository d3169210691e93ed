use std::time::Duration;

use super::passive::Standing;
use super::prober::ProbeRecord;
use crate::balance::Endpoint;
use crate::request::NodeId;

/// What the balancer thinks of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// It may be chosen.
    Healthy,
    /// Silent: its oldest request is overdue and it answers nothing.
    Stalled,
    /// Ejected after failures in a row, or on probation.
    Ejected,
    /// At its limit of requests in flight or of abandoned ones.
    Full,
}

impl State {
    /// A name in lower case.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Stalled => "stalled",
            Self::Ejected => "ejected",
            Self::Full => "full",
        }
    }
}

/// What is known of one node at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EndpointHealth {
    /// The node.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// What the balancer thinks of it.
    pub state: State,
    /// Requests it has not answered, abandoned ones included.
    pub in_flight: u32,
    /// Requests that nobody waits for any more and that it has not answered.
    pub abandoned: u32,
    /// Mean latency of its answers.
    pub mean_latency: Option<Duration>,
    /// The last probe.
    pub probe: Option<ProbeRecord>,
}

impl EndpointHealth {
    pub(super) fn of(endpoint: &Endpoint, now: u64, stall_limit: u64) -> Self {
        let state = if endpoint.is_stalled(now, stall_limit) {
            State::Stalled
        } else if endpoint.passive.standing(now) != Standing::Good {
            State::Ejected
        } else if endpoint.is_full() {
            State::Full
        } else {
            State::Healthy
        };
        Self {
            id: endpoint.id(),
            name: endpoint.name().to_owned(),
            state,
            in_flight: endpoint.in_flight(),
            abandoned: endpoint.abandoned(),
            mean_latency: endpoint.mean_latency(),
            probe: endpoint.last_probe(),
        }
    }
}

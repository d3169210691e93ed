use std::time::Duration;

use super::passive::Standing;
use super::status::Status;
use super::watched::ProbeRecord;
use super::words;
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

/// Status and state in one word.
pub(super) fn label(endpoint: &Endpoint, now: u64, stall_limit: u64) -> &'static str {
    match (endpoint.status(), State::of(endpoint, now, stall_limit)) {
        (Status::Down, _) => Status::Down.label(),
        (Status::Unknown, State::Healthy) => Status::Unknown.label(),
        (_, state) => state.label(),
    }
}

impl State {
    fn of(endpoint: &Endpoint, now: u64, stall_limit: u64) -> Self {
        if endpoint.is_stalled(now, stall_limit) {
            Self::Stalled
        } else if endpoint.passive.standing(now) != Standing::Good {
            Self::Ejected
        } else if endpoint.is_full() {
            Self::Full
        } else {
            Self::Healthy
        }
    }

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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndpointHealth {
    /// The node.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Is it there, as far as connections and probes tell?
    pub status: Status,
    /// What the balancer thinks of it.
    pub state: State,
    /// Why the balancer does not choose it, in words; none while it does.
    pub reason: Option<String>,
    /// Requests it has not answered, abandoned ones included.
    pub in_flight: u32,
    /// Requests that nobody waits for any more and that it has not answered. A probe may be among them.
    pub abandoned: u32,
    /// Requests sent to it since it joined; two looks give a rate.
    pub sent: u64,
    /// Mean latency of its answers.
    pub mean_latency: Option<Duration>,
    /// The last probe.
    pub probe: Option<ProbeRecord>,
}

impl EndpointHealth {
    pub(super) fn of(endpoint: &Endpoint, now: u64, stall_limit: u64) -> Self {
        let state = State::of(endpoint, now, stall_limit);
        Self {
            id: endpoint.id(),
            name: endpoint.name().to_owned(),
            status: endpoint.status(),
            state,
            reason: why(endpoint, state, now),
            in_flight: endpoint.in_flight(),
            abandoned: endpoint.abandoned(),
            sent: endpoint.sent(),
            mean_latency: endpoint.mean_latency(),
            probe: endpoint.watched.last(),
        }
    }
}

fn why(endpoint: &Endpoint, state: State, now: u64) -> Option<String> {
    match state {
        State::Healthy => None,
        State::Stalled => {
            let age = Duration::from_nanos(endpoint.oldest_age(now).unwrap_or_default());
            Some(format!("silent, its oldest request is {} old", words::time(age)))
        }
        State::Ejected => endpoint.passive.why(now).map(|why| format!("ejected: {why}")),
        State::Full => Some(format!(
            "full, with {} requests in flight and {} of them abandoned",
            endpoint.in_flight(),
            endpoint.abandoned()
        )),
    }
}

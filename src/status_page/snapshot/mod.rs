//! What the page shows, as JSON. The names are described in `json.md`.

mod limits;
mod nodes;
mod slow;

use std::error::Error as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::error::{Error, ErrorKind};
use crate::monitor::Totals;
use crate::session::Session;
use limits::{Concurrency, Hedging, PreparedCache, Rate, RetryBudget};
use nodes::Node;
use slow::Slow;

/// The longest text of an error, in characters.
const REASON: usize = 300;
/// So many causes of an error are told.
const CAUSES: usize = 4;
/// The longest name, in characters.
const NAME: usize = 128;

/// What the page adds of its own.
pub(super) struct Page<'a> {
    pub(super) title: Option<&'a str>,
    pub(super) instance: Uuid,
    pub(super) elapsed: Duration,
    pub(super) streams: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Snapshot {
    title: Option<String>,
    #[serde(serialize_with = "shown")]
    instance: Uuid,
    time_ms: u64,
    elapsed_ms: f64,
    streams: usize,
    session: State,
    requests: Option<Requests>,
    nodes: Vec<Node>,
    nodes_total: usize,
    concurrency: Option<Concurrency>,
    rate: Option<Rate>,
    retry_budget: Option<RetryBudget>,
    hedge: Option<Hedging>,
    prepared: PreparedCache,
    slow: Option<Slow>,
}

#[derive(Debug, Serialize)]
struct State {
    cluster: Option<String>,
    keyspace: Option<String>,
    local_datacenter: Option<String>,
    closed: bool,
    /// None where nobody knows: a session over a service of the user's.
    ready: Option<bool>,
    not_ready: Option<String>,
    healthy: usize,
    unhealthy: usize,
    running: u64,
    dropped_abandoned: u64,
    layers: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Requests {
    succeeded: u64,
    failed: u64,
    cancelled: u64,
    retried: u64,
    rejected: u64,
}

impl From<Totals> for Requests {
    fn from(totals: Totals) -> Self {
        Self {
            succeeded: totals.succeeded,
            failed: totals.failed,
            cancelled: totals.cancelled,
            retried: totals.retried,
            rejected: totals.rejected,
        }
    }
}

impl Snapshot {
    pub(super) fn of(session: &Session, page: Page<'_>) -> Self {
        let health = session.health();
        let limits = session.limits();
        let (ready, not_ready) = readiness(session);
        let cluster = session.driver().ok();
        let cluster = cluster.map(|driver| short(driver.get_cluster_state().cluster_name(), NAME));
        Self {
            title: page.title.map(str::to_owned),
            instance: page.instance,
            time_ms: since_epoch(SystemTime::now()),
            elapsed_ms: millis(page.elapsed),
            streams: page.streams,
            session: State {
                cluster,
                keyspace: session.keyspace().map(|name| short(&name, NAME)),
                local_datacenter: health.local_datacenter.map(|name| short(&name, NAME)),
                closed: session.is_closed(),
                ready,
                not_ready,
                healthy: health.healthy,
                unhealthy: health.unhealthy,
                running: session.running(),
                dropped_abandoned: health.dropped_abandoned,
                layers: session.layers(),
            },
            requests: session.totals().map(Requests::from),
            nodes_total: health.nodes.len(),
            nodes: health
                .nodes
                .into_iter()
                .take(super::MAX_NODES)
                .map(Node::from)
                .collect(),
            concurrency: limits.concurrency.as_ref().map(Concurrency::of),
            rate: limits.rate.as_ref().map(Rate::of),
            retry_budget: limits.retry_budget.as_ref().map(RetryBudget::of),
            hedge: limits.hedge.as_ref().map(Hedging::of),
            prepared: PreparedCache::from(session.prepared_cache()),
            slow: session.slow_requests().map(Slow::from),
        }
    }

    /// On one line.
    pub(super) fn json(&self) -> Vec<u8> {
        // Keys are texts and no number is out of range: there is nothing that could fail.
        serde_json::to_vec(self).unwrap_or_else(|_| b"{}".to_vec())
    }
}

/// Would the readiness endpoint say yes, and if not, why?
fn readiness(session: &Session) -> (Option<bool>, Option<String>) {
    match session.check_ready() {
        Ok(()) => (Some(true), None),
        Err(error) if error.kind() == ErrorKind::Unsupported => (None, None),
        Err(error) => (Some(false), Some(short(&why(&error), REASON))),
    }
}

/// The error with its causes. That no node would answer is what not being ready means: then the nodes alone are told of.
fn why(error: &Error) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    if error.kind() == ErrorKind::NoHost && error.source().is_some() {
        cause = error.source();
    }
    while let Some(error) = cause {
        let text = error.to_string();
        // Many repeat what their cause says.
        if told.last().is_none_or(|before| !before.contains(&text)) {
            told.push(text);
        }
        cause = error.source().filter(|_| told.len() < CAUSES);
    }
    told.join(": ")
}

/// As `Display` writes it.
fn shown<S: Serializer>(value: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn millis(time: Duration) -> f64 {
    // Microseconds are enough, and shorter to read.
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn since_epoch(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// No more than so many characters of a text, and a sign that there were more.
pub(super) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(short("ä", 1), "ä");
        assert_eq!(short("äöü", 2), "äö…");
        assert_eq!(short("", 0), "");
    }
}

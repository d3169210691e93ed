//! Between the rounds the prober looks after the nodes that are in doubt.
//!
//! **Silent ones** are asked at once. Silence is a guess: a node without other traffic looks silent while it works on one long scan, or
//! while a caller does not poll the future of what was answered long ago. It is passed over, gets nothing that it could answer, and would
//! stay so until the next round. Not so a node that answers probes and no requests: until it has answered a request it waits for the next
//! round, as each re-admission costs the requests of one stall limit.
//!
//! **Unknown ones**, whose last probe failed, are looked at for answers to real requests, which say more than a probe.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep};

use super::check::HealthCheck;
use super::prober::Prober;
use super::status::Status;
use super::table::Table;
use crate::balance::Endpoint;
use crate::clock;
use crate::request::NodeId;

/// One node is not asked more often, whatever becomes of it. With the rounds that is once a second at most, as long as those are 5 s apart.
const APART: Duration = Duration::from_millis(1_250);
/// So soon after a probe that failed a silent node may be asked again.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// So often the table is looked at while requests find silent nodes.
const LOOK: Duration = Duration::from_millis(20);
/// So often it is looked at while probes fail.
const LOOK_AFTER_UNKNOWN: Duration = Duration::from_millis(250);

/// For ever. Without requests that find silent nodes and without probes that fail it does nothing.
pub(super) async fn recheck<P, F>(table: &Table, check: HealthCheck, probe: &P)
where
    P: Fn(Arc<Endpoint>) -> F + Sync,
    F: Future<Output = Result<Arc<str>, Arc<str>>> + Send,
{
    let doubt = &table.shared().doubt;
    let mut look = pin!(sleep(LOOK));
    let (mut is_soon, mut is_later) = (false, false);
    let mut running = FuturesUnordered::new();
    let mut asked: Vec<NodeId> = Vec::new();
    loop {
        tokio::select! {
            Some(id) = running.next() => asked.retain(|other| *other != id),
            () = doubt.notified(), if !is_soon => {
                is_soon = true;
                look.as_mut().reset(Instant::now() + LOOK);
            }
            () = &mut look, if is_soon || is_later => {
                let endpoints = table.endpoints();
                let free = Prober::CONCURRENT - asked.len();
                let due = endpoints.iter().filter(|endpoint| is_due(table, endpoint) && !asked.contains(&endpoint.id()));
                let due: Vec<_> = due.take(free).cloned().collect();
                for endpoint in due {
                    asked.push(endpoint.id());
                    running.push(async move {
                        endpoint.watched.recheck(clock::read().number());
                        Prober::ask(&endpoint, check.limit(), probe).await;
                        endpoint.id()
                    });
                }
                is_soon = false;
                is_later = look_at_unknown(&endpoints);
                look.as_mut().reset(Instant::now() + LOOK_AFTER_UNKNOWN);
            }
        }
    }
}

/// Tells of those that have answered requests since. True if there are others.
fn look_at_unknown(endpoints: &[Arc<Endpoint>]) -> bool {
    let mut are_left = false;
    for endpoint in endpoints {
        endpoint.look_again();
        are_left |= endpoint.status() == Status::Unknown;
    }
    are_left
}

fn is_due(table: &Table, endpoint: &Endpoint) -> bool {
    let now = clock::read();
    if !endpoint.is_stalled(now.number(), table.shared().stall_limit()) {
        return false;
    }
    match endpoint.watched.last() {
        Some(last) if last.error.is_some() => last.at.elapsed() >= AFTER_FAILURE,
        Some(_) | None => {
            let before = endpoint.watched.rechecked();
            let since = now.number().saturating_sub(before);
            since >= clock::nanos(APART) && endpoint.last_success() >= before
        }
    }
}

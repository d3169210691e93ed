//! Between the rounds the prober asks the nodes that are passed over because they are silent.
//!
//! Otherwise a healthy node with a few slow requests and little traffic is passed over, gets nothing that it could answer, and stays so
//! until the next round.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep};

use super::check::HealthCheck;
use super::prober::Prober;
use super::table::Table;
use crate::balance::Endpoint;
use crate::clock;
use crate::request::NodeId;

/// A node is asked once a second at most, whatever becomes of it.
const APART: Duration = Duration::from_secs(1);
/// So often the table is looked at while requests find silent nodes.
const LOOK: Duration = Duration::from_millis(20);

/// Asks the silent nodes for so long. Without requests that find any it does nothing.
pub(super) async fn recheck<P, F>(table: &Table, check: HealthCheck, lasts: Duration, probe: &P)
where
    P: Fn(Arc<Endpoint>) -> F + Sync,
    F: Future<Output = Result<Arc<str>, Arc<str>>> + Send,
{
    let mut over = pin!(sleep(lasts));
    let mut running = FuturesUnordered::new();
    let mut asked: Vec<NodeId> = Vec::new();
    loop {
        let found = async {
            table.shared().found_silent.notified().await;
            sleep(LOOK).await;
        };
        tokio::select! {
            biased;
            () = &mut over => return,
            Some(id) = running.next() => asked.retain(|other| *other != id),
            () = found => {
                let endpoints = table.endpoints();
                let due = endpoints.iter().filter(|endpoint| is_due(table, endpoint) && !asked.contains(&endpoint.id()));
                let due: Vec<_> = due.take(Prober::CONCURRENT - asked.len()).cloned().collect();
                for endpoint in due {
                    asked.push(endpoint.id());
                    running.push(async move {
                        Prober::ask(&endpoint, check.limit(), probe).await;
                        endpoint.id()
                    });
                }
            }
        }
    }
}

fn is_due(table: &Table, endpoint: &Endpoint) -> bool {
    let shared = table.shared();
    let last = endpoint.watched.last();
    endpoint.is_stalled(clock::now().number(), shared.stall_limit())
        && last.is_none_or(|last| Instant::now().saturating_duration_since(last.at) >= APART)
}

//! Asks a node that has just fallen silent whether it is only slow.
//!
//! Silence is a guess: a node without other traffic looks silent while it works on one long scan, or while a caller does not poll
//! the future of what was answered long ago. The next round of probes may be seconds away. So what is silent is asked at once, and an answer
//! re-admits it.
//!
//! Not so a node that answers probes and no requests: until it has answered a request it waits for the next round, as each
//! re-admission costs the requests of one stall limit.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep};

use super::table::Table;
use crate::balance::Endpoint;
use crate::request::NodeId;

/// How often all nodes are looked at, which costs some nanoseconds each.
const LOOK: Duration = Duration::from_millis(50);
/// One node is not asked more often. With the rounds it is asked once a second at most, as long as those are 5 s apart.
const PAUSE: Duration = Duration::from_millis(1_250);
/// At most this many nodes are asked at the same time.
const CONCURRENT: usize = 64;

/// Looks for silent nodes for ever, and has them asked.
pub(super) async fn watch<F: Future<Output = ()>>(table: &Table, ask: impl Fn(Arc<Endpoint>) -> F) {
    let mut asked: HashMap<NodeId, (Instant, u64)> = HashMap::new();
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            () = sleep(LOOK) => {}
            // Its answer is in the table. The time to the next look begins anew, which is no more than `LOOK` for each probe.
            Some(()) = under_way.next(), if !under_way.is_empty() => continue,
        }
        let shared = table.shared();
        let (now, limit) = (shared.now(), shared.stall_limit());
        let moment = Instant::now();
        for endpoint in table.endpoints().iter() {
            if under_way.len() >= CONCURRENT || !endpoint.is_stalled(now, limit) {
                continue;
            }
            let is_early = asked
                .get(&endpoint.id())
                .is_some_and(|(at, nanos)| moment - *at < PAUSE || endpoint.last_success() <= *nanos);
            if !is_early {
                asked.insert(endpoint.id(), (moment, now));
                under_way.push(ask(Arc::clone(endpoint)));
            }
        }
        // Nodes that left.
        if asked.len() > table.len() {
            let endpoints = table.endpoints();
            asked.retain(|id, _| endpoints.iter().any(|endpoint| endpoint.id() == *id));
        }
    }
}

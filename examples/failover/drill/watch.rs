//! How much was under way on a node when its gate closed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tower_cassandra::Session;
use tower_cassandra::uuid::Uuid;

/// Looks at the health of some nodes until each has been seen to be passed over once.
pub(crate) struct Watch {
    seen: Arc<Mutex<HashMap<Uuid, Seen>>>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    in_flight: u32,
    closed: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watch {
    pub(crate) fn start(session: &Session, nodes: &[Uuid]) -> Self {
        let open = nodes.iter().map(|node| (*node, Seen::default())).collect();
        let seen = Arc::new(Mutex::new(open));
        let task = tokio::spawn(look(session.clone(), Arc::clone(&seen)));
        Self { seen, task }
    }

    /// The most that was under way on each of the nodes until it was passed over, added up.
    pub(crate) fn in_flight(&self) -> u32 {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.values().map(|seen| seen.in_flight).sum()
    }
}

async fn look(session: Session, seen: Arc<Mutex<HashMap<Uuid, Seen>>>) {
    let mut ticks = interval(Duration::from_millis(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let health = session.health();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        for node in health.nodes {
            if let Some(seen) = seen.get_mut(&node.host_id).filter(|seen| !seen.closed) {
                seen.in_flight = seen.in_flight.max(node.in_flight);
                seen.closed = !node.is_healthy();
            }
        }
        if seen.values().all(|seen| seen.closed) {
            return;
        }
    }
}

//! What the session thinks of its nodes during a fault.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tower_cassandra::uuid::Uuid;
use tower_cassandra::{NodeHealth, Session};

/// More changes than this are not worth reading.
const LINES: usize = 60;

/// Looks at the health of all nodes until it is dropped.
pub(crate) struct Watch {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    victims: HashMap<Uuid, Victim>,
    states: HashMap<Uuid, &'static str>,
    lines: Vec<String>,
}

#[derive(Clone, Copy, Default)]
struct Victim {
    in_flight: u32,
    closed: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watch {
    pub(crate) fn start(session: &Session, victims: &[Uuid]) -> Self {
        let seen = Arc::new(Mutex::new(Seen {
            victims: victims.iter().map(|node| (*node, Victim::default())).collect(),
            ..Seen::default()
        }));
        let task = tokio::spawn(look(session.clone(), Arc::clone(&seen)));
        Self { seen, task }
    }

    /// The most that was under way on each of the victims until it was passed over, added up.
    pub(crate) fn in_flight(&self) -> u32 {
        self.seen().victims.values().map(|victim| victim.in_flight).sum()
    }

    /// A line for each change, from the start on.
    pub(crate) fn print(&self) {
        self.seen().lines.iter().for_each(|line| println!("    {line}"));
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn look(session: Session, seen: Arc<Mutex<Seen>>) {
    let mut ticks = interval(Duration::from_millis(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let started = Instant::now();
    loop {
        ticks.tick().await;
        let nodes = session.health().nodes;
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, node) in nodes.iter().enumerate() {
            seen.look_at(index, node, started.elapsed());
        }
    }
}

impl Seen {
    fn look_at(&mut self, index: usize, node: &NodeHealth, at: Duration) {
        if let Some(victim) = self
            .victims
            .get_mut(&node.host_id)
            .filter(|victim| !victim.closed)
        {
            victim.in_flight = victim.in_flight.max(node.in_flight);
            victim.closed = !node.is_healthy();
        }
        let state = if node.connected {
            node.state.label()
        } else {
            "unconnected"
        };
        let before = self.states.insert(node.host_id, state);
        if before.is_some_and(|before| before != state) && self.lines.len() < LINES {
            self.lines.push(format!(
                "{:>7.3} s node {index} {state}, {} in flight, {} of them abandoned",
                at.as_secs_f64(),
                node.in_flight,
                node.abandoned
            ));
        }
    }
}

//! What every request came to.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tower_cassandra::Applied;
use tower_cassandra::uuid::Uuid;

use super::operation::Operation;

/// Whose request it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    /// The stack with its defaults.
    Ours,
    /// The plain driver with its defaults.
    Bare,
}

impl Side {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Bare => "bare",
        }
    }
}

/// What the client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It was done.
    Done,
    /// A conditional write found its condition not met.
    Refused,
    /// A row that is there was not found.
    Missing,
    /// It failed.
    Failed {
        /// Of which kind.
        kind: &'static str,
        /// May it have been applied all the same?
        applied: Applied,
    },
}

/// One request. Times count from the start of the drill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) side: Side,
    pub(crate) operation: Operation,
    /// Its number among all of its side, from 0.
    pub(crate) number: u32,
    /// The row it wrote.
    pub(crate) key: i64,
    /// When it was meant to be sent.
    pub(crate) intended: Duration,
    /// When there was a result.
    pub(crate) ended: Duration,
    pub(crate) told: Told,
    /// The node that answered.
    pub(crate) node: Option<Uuid>,
}

impl Event {
    pub(crate) fn took(&self) -> Duration {
        self.ended.saturating_sub(self.intended)
    }

    pub(crate) fn succeeded(&self) -> bool {
        matches!(self.told, Told::Done | Told::Refused)
    }

    /// What a conditional write calls itself in its row; unique within its side.
    pub(crate) fn writer(&self) -> i64 {
        i64::from(self.number)
    }
}

/// All events. Their number is bounded by the length of the drill.
pub(crate) struct Log {
    started: Instant,
    events: Mutex<Vec<Event>>,
    sent: [AtomicU32; 2],
}

impl Log {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            events: Mutex::default(),
            sent: Default::default(),
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn since_start(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.started)
    }

    /// The number of the next request of that side.
    pub(crate) fn next(&self, side: Side) -> u32 {
        self.sent[side as usize].fetch_add(1, Relaxed)
    }

    /// How many requests that side has sent.
    pub(crate) fn sent(&self, side: Side) -> u32 {
        self.sent[side as usize].load(Relaxed)
    }

    pub(crate) fn record(&self, event: Event) {
        self.events().push(event);
    }

    pub(crate) fn events(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes one line for each: side, operation, number, when it was meant to be sent and how long it took in milliseconds, what the
    /// client was told, and the node.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = io::BufWriter::new(std::fs::File::create(path)?);
        for event in self.events().iter() {
            let told = match event.told {
                Told::Done => "done",
                Told::Refused => "refused",
                Told::Missing => "missing",
                Told::Failed { kind, .. } => kind,
            };
            let node = event.node.map(|node| node.to_string()).unwrap_or_default();
            writeln!(
                file,
                "{} {} {} {} {} {told} {node}",
                event.side.name(),
                event.operation.name(),
                event.number,
                event.intended.as_millis(),
                event.took().as_millis(),
            )?;
        }
        file.flush()
    }

    /// Have the first so many of that side all ended?
    pub(crate) fn have_ended(&self, side: Side, sent: u32) -> bool {
        let events = self.events();
        let ended = events
            .iter()
            .filter(|event| event.side == side && event.number < sent)
            .count();
        ended >= sent as usize
    }
}

//! What happened to the nodes, one thing after the other.

use crate::trace::emit;
use std::fmt;
use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::status::Status;
use crate::request::NodeId;

/// How many changes are kept for readers that are behind: a data centre of several hundred nodes can fail at once.
pub const CHANGES_KEPT: usize = 1_024;

/// What happened to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It is among the nodes now.
    Joined,
    /// It is not among the nodes any more.
    Left,
    /// It has a connection again, or answers probes again.
    Up,
    /// It has no connection any more.
    Down,
    /// It has a connection, and a probe failed.
    Unknown,
    /// It was taken out of the choice because of its failures, or stays out because its trial failed.
    Ejected,
    /// It may be chosen again.
    Readmitted,
}

impl ChangeKind {
    /// A name in lower case.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Up => "up",
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Ejected => "ejected",
            Self::Readmitted => "re-admitted",
        }
    }

    /// Is it bad news?
    const fn is_bad(self) -> bool {
        matches!(self, Self::Down | Self::Unknown | Self::Ejected)
    }
}

impl From<Status> for ChangeKind {
    fn from(status: Status) -> Self {
        match status {
            Status::Up => Self::Up,
            Status::Down => Self::Down,
            Status::Unknown => Self::Unknown,
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// Something happened to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The node.
    pub node: NodeId,
    /// Its name.
    pub name: Arc<str>,
    /// What happened.
    pub kind: ChangeKind,
    /// Why, in words.
    pub reason: String,
    /// When.
    pub at: Instant,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.name, self.kind, self.reason)
    }
}

/// What a reader of changes gets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Something happened to a node.
    Change(Arc<Change>),
    /// The reader was slow: so many changes are lost to it, the oldest ones. A [snapshot](super::Table::snapshot) shows where things
    /// stand.
    Lagged(u64),
}

/// The changes from the moment of [`Table::changes`](super::Table::changes) on. Up to [`CHANGES_KEPT`] wait for it.
#[derive(Debug)]
pub struct Changes {
    receiver: broadcast::Receiver<Arc<Change>>,
}

impl Changes {
    /// The next change; none once the table is closed. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        match self.receiver.recv().await {
            Ok(change) => Some(Event::Change(change)),
            Err(RecvError::Lagged(missed)) => Some(Event::Lagged(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Tells the readers. Lives under the lock that orders all changes.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    /// Made for the first reader.
    sender: Option<broadcast::Sender<Arc<Change>>>,
    closed: bool,
    /// To be logged when the lock is free: a log may be slow.
    unlogged: Vec<Arc<Change>>,
}

impl Announcer {
    pub(super) fn subscribe(&mut self) -> Changes {
        let receiver = if self.closed {
            // Its sender is gone at once, and so it ends at once.
            broadcast::channel(1).1
        } else {
            self.sender
                .get_or_insert_with(|| broadcast::Sender::new(CHANGES_KEPT))
                .subscribe()
        };
        Changes { receiver }
    }

    pub(super) fn announce(&mut self, node: NodeId, name: &str, kind: ChangeKind, reason: String) {
        if self.closed {
            return;
        }
        let change = Arc::new(Change {
            node,
            name: name.into(),
            kind,
            reason,
            at: Instant::now(),
        });
        self.unlogged.push(Arc::clone(&change));
        if let Some(sender) = &self.sender {
            // An error means that nobody reads.
            let _ = sender.send(change);
        }
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
        self.sender = None;
    }

    pub(super) fn take_unlogged(&mut self) -> Vec<Arc<Change>> {
        std::mem::take(&mut self.unlogged)
    }
}

pub(super) fn log(changes: &[Arc<Change>]) {
    for change in changes {
        let (node, reason) = (&*change.name, &*change.reason);
        if change.kind.is_bad() {
            emit(|| tracing::warn!(node, reason, "node {}", change.kind));
        } else {
            emit(|| tracing::info!(node, reason, "node {}", change.kind));
        }
    }
}

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use futures_core::Stream;
use futures_util::stream::{self, StreamExt};
use tower_cassandra_layers::health::{self, ChangeKind};
use uuid::Uuid;

/// Something happened to a node, with the reason. `Display` says it in one line:
/// `127.0.0.1:9042 ejected: 5 connection failures in a row, next try in 12 s`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeChange {
    /// The node.
    pub host_id: Uuid,
    /// Its address and port.
    pub address: String,
    /// What happened.
    pub kind: ChangeKind,
    /// Why, in words.
    pub reason: String,
    /// When.
    pub at: SystemTime,
}

impl fmt::Display for NodeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.address, self.kind, self.reason)
    }
}

/// What a reader of [`Changes`] gets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeEvent {
    /// Something happened to a node.
    Change(NodeChange),
    /// The reader was slow: so many changes are lost to it, the oldest ones. [`Monitor::health`](super::Monitor::health) shows where
    /// things stand.
    Lagged(u64),
}

/// What happens to the nodes from now on, as a stream. Made by [`Monitor::changes`](super::Monitor::changes).
///
/// Up to [`CHANGES_KEPT`](health::CHANGES_KEPT) changes wait for a reader. It ends with the session. Nobody reading costs nothing.
pub struct Changes {
    stream: Pin<Box<dyn Stream<Item = NodeEvent> + Send>>,
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}

impl Changes {
    pub(super) fn new(changes: health::Changes) -> Self {
        let events = stream::unfold(changes, |mut changes| async {
            let event = loop {
                match changes.next().await? {
                    health::Event::Change(change) => break NodeEvent::Change(NodeChange::of(&change)),
                    health::Event::Lagged(missed) => break NodeEvent::Lagged(missed),
                    // What a later version of the layers may tell.
                    _ => {}
                }
            };
            Some((event, changes))
        });
        Self {
            stream: Box::pin(events),
        }
    }

    /// The next change; none once the session is gone. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<NodeEvent> {
        self.stream.next().await
    }
}

impl Stream for Changes {
    type Item = NodeEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<NodeEvent>> {
        self.stream.as_mut().poll_next(cx)
    }
}

impl NodeChange {
    fn of(change: &health::Change) -> Self {
        let now = SystemTime::now();
        Self {
            host_id: Uuid::from_u128(change.node.0),
            address: change.name.to_string(),
            kind: change.kind,
            reason: change.reason.clone(),
            at: now.checked_sub(change.at.elapsed()).unwrap_or(now),
        }
    }
}

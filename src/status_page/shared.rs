//! What all answers of one page share: the newest snapshot, and the places for streams.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use uuid::Uuid;

use super::MAX_STREAMS;
use super::snapshot::{Page, Snapshot, short};
use crate::session::Session;

const TITLE: usize = 100;

pub(super) struct Shared {
    session: Session,
    title: Option<String>,
    /// Another one after a restart: counters begin again then.
    instance: Uuid,
    /// Seconds are counted from here, so that all streams want the next snapshot at the same moment.
    origin: Instant,
    newest: Mutex<Option<Newest>>,
    streams: AtomicUsize,
    closed: AtomicBool,
}

/// The snapshot of one second.
struct Newest {
    second: u64,
    json: Bytes,
}

/// A place among the streams.
pub(super) struct Slot(Arc<Shared>);

impl Slot {
    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Relaxed);
    }
}

impl Shared {
    pub(super) fn new(session: Session, title: Option<&str>) -> Self {
        Self {
            session,
            title: title.map(|title| short(title, TITLE)),
            instance: Uuid::new_v4(),
            origin: Instant::now(),
            newest: Mutex::new(None),
            streams: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        }
    }

    pub(super) fn streams(&self) -> usize {
        self.streams.load(Relaxed)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    /// Is there nothing left to tell?
    pub(super) fn is_over(&self) -> bool {
        self.is_closed() || self.session.is_closed()
    }

    /// A place for one more stream; none when all are taken, or the page is closed.
    pub(super) fn open_stream(self: &Arc<Self>) -> Option<Slot> {
        if self.is_closed() {
            return None;
        }
        let taken = self
            .streams
            .fetch_update(Relaxed, Relaxed, |open| (open < MAX_STREAMS).then_some(open + 1));
        taken.is_ok().then(|| Slot(Arc::clone(self)))
    }

    /// The beginning of the next second.
    pub(super) fn next_second(&self) -> Instant {
        self.origin + Duration::from_secs(self.second() + 1)
    }

    fn second(&self) -> u64 {
        self.origin.elapsed().as_secs()
    }

    /// The snapshot of this second. The first who asks makes it, the others wait for that.
    pub(super) fn json(&self) -> Bytes {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let second = self.second();
        if let Some(newest) = newest.as_ref().filter(|newest| newest.second == second) {
            return newest.json.clone();
        }
        let page = Page {
            title: self.title.as_deref(),
            instance: self.instance,
            elapsed: self.origin.elapsed(),
            streams: self.streams(),
        };
        let json = Bytes::from(Snapshot::of(&self.session, page).json());
        *newest = Some(Newest {
            second,
            json: json.clone(),
        });
        json
    }
}

//! What all answers of one page share: the newest snapshot, and the places for streams.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use uuid::Uuid;

use super::snapshot::{Page, Snapshot, short};
use super::{MAX_STREAMS, STREAM_LIFE};
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
    places: Mutex<Places>,
    closed: AtomicBool,
}

/// The places that are taken, at most [`MAX_STREAMS`].
#[derive(Default)]
struct Places {
    /// Names the next one.
    next: u64,
    /// With the moments at which their streams are over.
    taken: Vec<(u64, Instant)>,
}

/// The snapshot of one second.
struct Newest {
    second: u64,
    json: Bytes,
}

/// A place among the streams.
pub(super) struct Slot {
    shared: Arc<Shared>,
    name: u64,
    ends: Instant,
}

impl Slot {
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// When its stream is over.
    pub(super) const fn ends(&self) -> Instant {
        self.ends
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.places().taken.retain(|(name, _)| *name != self.name);
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
            places: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    pub(super) fn streams(&self) -> usize {
        self.places().taken.len()
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
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
    ///
    /// A stream whose client does not read is not asked for anything, so it cannot end by itself: its place is taken over when its time is over. If it is asked once more, it ends.
    pub(super) fn open_stream(self: &Arc<Self>) -> Option<Slot> {
        if self.is_closed() {
            return None;
        }
        let now = Instant::now();
        let mut places = self.places();
        if places.taken.len() >= MAX_STREAMS {
            let over = places.taken.iter().position(|(_, ends)| *ends <= now)?;
            places.taken.swap_remove(over);
        }
        let (name, ends) = (places.next, now + STREAM_LIFE);
        places.next += 1;
        places.taken.push((name, ends));
        drop(places);
        Some(Slot {
            shared: Arc::clone(self),
            name,
            ends,
        })
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

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::error::Error;
    use crate::response::Response;
    use crate::statement::Statement;

    #[tokio::test(start_paused = true)]
    async fn the_place_of_a_client_that_does_not_read_is_taken_over_when_its_time_is_over() {
        let session = Session::from_service(tower::service_fn(async |_: Statement| {
            Ok::<_, Error>(Response::empty())
        }));
        let shared = Arc::new(Shared::new(session, None));
        let first = shared.open_stream().unwrap();
        advance(Duration::from_secs(1)).await;
        let deaf: Vec<_> = (1..MAX_STREAMS).map(|_| shared.open_stream().unwrap()).collect();
        assert!(shared.open_stream().is_none());
        advance(STREAM_LIFE - Duration::from_secs(1)).await;
        let second = shared.open_stream().unwrap();
        // Only the first one is over.
        assert!(shared.open_stream().is_none());
        assert_eq!(shared.streams(), MAX_STREAMS);
        // Its place is another's: what ends late frees nothing.
        drop(first);
        assert_eq!(shared.streams(), MAX_STREAMS);
        drop((second, deaf));
        assert_eq!(shared.streams(), 0);
    }
}

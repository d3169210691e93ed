//! The prepared statements of a session: bounded, and one PREPARE for any number of callers.

mod flight;
mod schema;
mod stats;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::time::{Instant, timeout_at};
use tower_cassandra_layers::classify::Applied;
use tower_cassandra_layers::limit::Reason;

use super::bind::Patience;
use super::stack::Stack;
use crate::cluster::CacheView;
use crate::error::Error;
use crate::leaf::DriverSlot;
use crate::nature::Nature;
use crate::statement::{Prepared, Text};
use flight::{Flight, Landing};
use schema::{Entry, Schema};
pub use stats::PreparedCacheStats;

/// At most this many texts are being prepared at the same time.
const FLIGHTS: usize = 256;

/// So often a caller begins anew where the runtime that prepared for it ended.
const TURNS: usize = 4;

/// Keyed by text; emptied when the keyspace changes. The least recently used text goes first. A failure is not kept, nor is what the
/// schema has left behind.
pub(crate) struct PreparedCache {
    state: Arc<Mutex<State>>,
    timeout: Duration,
    schema: Schema,
}

struct State {
    known: LruCache<Box<str>, Entry>,
    flights: HashMap<Box<str>, Flight>,
    /// Counts keyspaces: what was begun under an earlier one is not kept.
    generation: u64,
    closed: bool,
    stats: PreparedCacheStats,
}

impl State {
    fn stats(&self) -> PreparedCacheStats {
        PreparedCacheStats {
            capacity: self.known.cap().get(),
            entries: self.known.len(),
            in_flight: self.flights.len(),
            ..self.stats
        }
    }
}

impl fmt::Debug for PreparedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stats().fmt(f)
    }
}

impl Drop for PreparedCache {
    fn drop(&mut self) {
        self.end_flights();
    }
}

impl PreparedCache {
    pub(crate) fn new(capacity: usize, timeout: Duration, driver: Option<DriverSlot>) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        let state = State {
            known: LruCache::new(capacity),
            flights: HashMap::new(),
            generation: 0,
            closed: false,
            stats: PreparedCacheStats::default(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            timeout,
            schema: Schema(driver),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn stats(&self) -> PreparedCacheStats {
        self.lock().stats()
    }

    /// Tells the figures to whoever shows them. It holds no connection.
    pub(crate) fn view(&self) -> CacheView {
        let state = Arc::clone(&self.state);
        Box::new(move || state.lock().unwrap_or_else(PoisonError::into_inner).stats())
    }

    /// Forgets everything: the same text means something else in another keyspace.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        state.known.clear();
        state.generation += 1;
    }

    /// Ends what is under way, for a session that closes.
    pub(crate) fn end_flights(&self) {
        let mut state = self.lock();
        state.closed = true;
        for (_, flight) in state.flights.drain() {
            flight.task.abort();
        }
    }

    /// The prepared form of a text. Any number of callers share one PREPARE; one that is dropped does not end it for the others.
    pub(crate) async fn get(&self, text: &Arc<Text>, stack: &Arc<dyn Stack>) -> Result<Prepared, Error> {
        let found = self.get_within(text, stack, Patience::ENDLESS).await?;
        // Where the wait has no end, only that there is no room is left to be none.
        found.ok_or_else(|| Error::rejected(Reason::PreparesFull))
    }

    /// The same, unless it takes longer than the caller waits, or too much is being prepared already.
    pub(crate) async fn get_within(
        &self,
        text: &Arc<Text>,
        stack: &Arc<dyn Stack>,
        patience: Patience,
    ) -> Result<Option<Prepared>, Error> {
        for _ in 0..TURNS {
            let (landing, begun) = match self.board(text, stack) {
                Boarded::Known(prepared) => return Ok(Some(prepared)),
                Boarded::Flight { landing, begun } => (landing, begun),
                Boarded::Full => return Ok(None),
            };
            let landed = self.landed(landing);
            let landed = match patience.until(begun) {
                Some(until) => match timeout_at(until, landed).await {
                    Ok(landed) => landed,
                    Err(_) => return Ok(None),
                },
                None => landed.await,
            };
            if let Some(landed) = landed {
                return landed.map(Some);
            }
        }
        Err(no_runtime())
    }

    /// What came of a flight. None if it ended with the runtime of whoever began it: somebody else has to begin anew.
    async fn landed(&self, mut landing: Landing) -> Option<Result<Prepared, Error>> {
        let landed = match landing.wait_for(Option::is_some).await {
            Ok(result) => result.clone(),
            Err(_) => None,
        };
        landed.or_else(|| self.lock().closed.then(|| Err(Error::closed(Applied::No))))
    }

    fn board(&self, text: &Arc<Text>, stack: &Arc<dyn Stack>) -> Boarded {
        let schema = self.schema.now();
        let mut state = self.lock();
        let state = &mut *state;
        if let Some(entry) = state.known.get_mut(&*text.text) {
            if entry.is_current(schema.as_ref()) {
                state.stats.hits += 1;
                return Boarded::Known(entry.prepared.clone());
            }
            state.known.pop(&*text.text);
        }
        let generation = state.generation;
        if let Some(flight) = state
            .flights
            .get(&*text.text)
            .filter(|flight| flight.generation == generation && !flight.is_lost())
        {
            state.stats.shared += 1;
            return Boarded::of(flight);
        }
        if state.flights.len() >= FLIGHTS {
            state.flights.retain(|_, flight| !flight.is_lost());
            if state.flights.len() >= FLIGHTS {
                return Boarded::Full;
            }
        }
        state.stats.misses += 1;
        let flight = flight::begin(self, generation, text, stack);
        let boarded = Boarded::of(&flight);
        // One of an earlier keyspace goes on for those who wait for it; it ends at its own limit.
        state.flights.insert(text.text.clone(), flight);
        boarded
    }
}

#[cold]
fn no_runtime() -> Error {
    Error::internal("the runtime that was to prepare the statement has ended").judged(Nature::Prepare)
}

enum Boarded {
    Known(Prepared),
    Flight { landing: Landing, begun: Instant },
    Full,
}

impl Boarded {
    fn of(flight: &Flight) -> Self {
        Self::Flight {
            landing: flight.landing.clone(),
            begun: flight.begun,
        }
    }
}

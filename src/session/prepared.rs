//! The prepared statements of a session: bounded, and one PREPARE for any number of callers.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tower_cassandra_layers::classify::Applied;
use tower_cassandra_layers::limit::Reason;

use super::stack::Stack;
use crate::error::Error;
use crate::statement::{Prepared, Statement, Text};

/// At most this many texts are being prepared at the same time.
const FLIGHTS: usize = 256;

type Landing = watch::Receiver<Option<Result<Prepared, Error>>>;

/// Keyed by text; emptied when the keyspace changes. The least recently used text goes first. A failure is not kept.
pub(crate) struct PreparedCache {
    state: Arc<Mutex<State>>,
    timeout: Duration,
}

struct State {
    known: LruCache<Box<str>, Prepared>,
    flights: HashMap<Box<str>, Flight>,
    /// Counts keyspaces: what was begun under an earlier one is not kept.
    generation: u64,
    closed: bool,
}

struct Flight {
    landing: Landing,
    task: AbortHandle,
    generation: u64,
}

impl fmt::Debug for PreparedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("PreparedCache")
            .field("known", &state.known.len())
            .field("flights", &state.flights.len())
            .finish_non_exhaustive()
    }
}

impl Drop for PreparedCache {
    fn drop(&mut self) {
        self.end_flights();
    }
}

impl PreparedCache {
    pub(crate) fn new(capacity: usize, timeout: Duration) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        let state = State {
            known: LruCache::new(capacity),
            flights: HashMap::new(),
            generation: 0,
            closed: false,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            timeout,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything: the same text means something else in another keyspace.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        state.known.clear();
        state.generation += 1;
    }

    /// Puts a newer form in the place of the one that is known, if one is.
    pub(crate) fn renew(&self, fresh: Prepared) {
        if let Some(known) = self.lock().known.peek_mut(fresh.text()) {
            *known = fresh;
        }
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
        let mut landing = match self.board(text, stack)? {
            Boarded::Known(prepared) => return Ok(prepared),
            Boarded::Flight(landing) => landing,
        };
        let landed = match landing.wait_for(Option::is_some).await {
            Ok(result) => result.clone(),
            Err(_) => None,
        };
        // It ended without a result: `close` ended it, or a service of the user's panicked.
        landed.unwrap_or_else(|| {
            if self.lock().closed {
                return Err(Error::closed(Applied::No));
            }
            Err(Error::internal(
                "the service panicked while it prepared the statement",
            ))
        })
    }

    fn board(&self, text: &Arc<Text>, stack: &Arc<dyn Stack>) -> Result<Boarded, Error> {
        let mut state = self.lock();
        if let Some(prepared) = state.known.get(&*text.text) {
            return Ok(Boarded::Known(prepared.clone()));
        }
        let generation = state.generation;
        if let Some(flight) = state
            .flights
            .get(&*text.text)
            .filter(|flight| flight.generation == generation)
        {
            return Ok(Boarded::Flight(flight.landing.clone()));
        }
        if state.flights.len() >= FLIGHTS {
            return Err(Error::rejected(Reason::PreparesFull));
        }
        let (sender, landing) = watch::channel(None);
        // Owned by the cache and not by a caller. One per text, not per request.
        let task = tokio::spawn({
            let (cache, stack) = (Arc::clone(&self.state), Arc::clone(stack));
            let (text, limit) = (Arc::clone(text), self.timeout);
            async move {
                // Leaves the map also when the service panics: the text can be prepared again.
                let leaves = Leaves {
                    cache,
                    text,
                    generation,
                };
                let result = stack
                    .call(Statement::prepare(Arc::clone(&leaves.text), limit))
                    .await;
                let result = result.and_then(|response| {
                    response.into_prepared().ok_or_else(|| {
                        Error::unsupported("this session's service does not prepare statements")
                    })
                });
                if let Ok(prepared) = &result {
                    let mut state = leaves.cache.lock().unwrap_or_else(PoisonError::into_inner);
                    if state.generation == generation {
                        state.known.put(leaves.text.text.clone(), prepared.clone());
                    }
                }
                drop(leaves);
                let _ = sender.send(Some(result));
            }
        });
        let task = task.abort_handle();
        let flight = Flight {
            landing: landing.clone(),
            task,
            generation,
        };
        // One of an earlier keyspace goes on for those who wait for it; it ends at its own limit.
        state.flights.insert(text.text.clone(), flight);
        Ok(Boarded::Flight(landing))
    }
}

/// Takes a flight out of the map when it ends, however it ends.
struct Leaves {
    cache: Arc<Mutex<State>>,
    text: Arc<Text>,
    generation: u64,
}

impl Drop for Leaves {
    fn drop(&mut self) {
        let mut state = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let text = &*self.text.text;
        if state
            .flights
            .get(text)
            .is_some_and(|flight| flight.generation == self.generation)
        {
            state.flights.remove(text);
        }
    }
}

enum Boarded {
    Known(Prepared),
    Flight(Landing),
}

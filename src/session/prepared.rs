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
        for (_, flight) in self.lock().flights.drain() {
            flight.task.abort();
        }
    }

    /// The prepared form of a text. Any number of callers share one PREPARE; one that is dropped does not end it for the others.
    pub(crate) async fn get(&self, text: &Arc<Text>, stack: &Arc<dyn Stack>) -> Result<Prepared, Error> {
        let mut landing = match self.board(text, stack)? {
            Boarded::Known(prepared) => return Ok(prepared),
            Boarded::Flight(landing) => landing,
        };
        let landed = landing.wait_for(Option::is_some).await;
        match landed {
            Ok(result) => result.clone().unwrap_or_else(|| Err(Error::closed(Applied::No))),
            // The task was ended by `close`.
            Err(_) => Err(Error::closed(Applied::No)),
        }
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
            return Err(Error::rejected(Reason::ConcurrencyQueueFull));
        }
        let (sender, landing) = watch::channel(None);
        // Owned by the cache and not by a caller. One per text, not per request.
        let task = tokio::spawn({
            let (cache, stack) = (Arc::clone(&self.state), Arc::clone(stack));
            let (text, limit) = (Arc::clone(text), self.timeout);
            async move {
                let result = stack.call(Statement::prepare(Arc::clone(&text), limit)).await;
                let result = result.and_then(|response| {
                    response.into_prepared().ok_or_else(|| {
                        Error::unsupported("this session's service does not prepare statements")
                    })
                });
                {
                    let mut state = cache.lock().unwrap_or_else(PoisonError::into_inner);
                    if state
                        .flights
                        .get(&*text.text)
                        .is_some_and(|flight| flight.generation == generation)
                    {
                        state.flights.remove(&*text.text);
                    }
                    if let Ok(prepared) = &result
                        && state.generation == generation
                    {
                        state.known.put(text.text.clone(), prepared.clone());
                    }
                }
                let _ = sender.send(Some(result));
            }
        });
        let flight = Flight {
            landing: landing.clone(),
            task: task.abort_handle(),
            generation,
        };
        if let Some(outdated) = state.flights.insert(text.text.clone(), flight) {
            outdated.task.abort();
        }
        Ok(Boarded::Flight(landing))
    }
}

enum Boarded {
    Known(Prepared),
    Flight(Landing),
}

//! One PREPARE that is under way, and those who wait for it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};
use tower_cassandra_layers::{Applied, Limit};

use super::schema::{Entry, Schema};
use super::{PreparedCache, State};
use crate::error::Error;
use crate::nature::Nature;
use crate::session::Stack;
use crate::statement::{Prepared, Statement, Text};
use crate::trace;

pub(super) type Landing = watch::Receiver<Option<Result<Prepared, Error>>>;

pub(super) struct Flight {
    pub(super) landing: Landing,
    pub(super) begun: Instant,
    pub(super) task: AbortHandle,
    pub(super) generation: u64,
}

impl Flight {
    /// Did its task end without leaving the map? Only so if it was never run: its runtime had shut down.
    pub(super) fn is_lost(&self) -> bool {
        self.task.is_finished() || self.landing.has_changed().is_err()
    }
}

/// Begins a PREPARE. It is owned by the cache and not by a caller: one per text, not per request.
pub(super) fn begin(
    cache: &PreparedCache,
    generation: u64,
    text: &Arc<Text>,
    stack: &Arc<dyn Stack>,
) -> Flight {
    let limit = cache.timeout;
    // Over a service of the user's nobody else may watch the limit.
    let own_limit = cache.schema.0.is_none().then_some(limit);
    let (sender, landing) = watch::channel(None);
    let prepare = Statement::prepare(Arc::clone(text), limit);
    // The caller who begins it is its parent.
    let span = trace::request(&prepare, trace::SessionFields::default(), || None);
    let task = tokio::spawn({
        let (cache, schema) = (Arc::clone(&cache.state), cache.schema.clone());
        let (text, stack) = (Arc::clone(text), Arc::clone(stack));
        async move {
            // Leaves the map also when the service panics: the text can be prepared again. Made here and not before: a runtime
            // that shuts down drops this at once, and whoever begins a flight holds the lock.
            let leaves = Leaves {
                cache,
                schema,
                text,
                generation,
                sender,
            };
            let call = stack.call(prepare.clone(), span.clone());
            let result = match own_limit {
                Some(limit) => timeout(limit, call).await.unwrap_or_else(|_| {
                    Err(Error::timed_out(Limit::Call, Applied::No).judged(Nature::Prepare))
                }),
                None => call.await,
            };
            let result = result.map_err(|error| error.about(&prepare));
            if span.is_on() {
                trace::end(&span, result.as_ref(), None);
            }
            let result = result.and_then(|response| {
                response
                    .into_prepared()
                    .ok_or_else(|| Error::unsupported("this session's service does not prepare statements"))
            });
            leaves.note(&result);
            leaves.land(result);
        }
    });
    Flight {
        landing,
        begun: Instant::now(),
        task: task.abort_handle(),
        generation,
    }
}

/// Takes a flight out of the map when it ends, however it ends.
struct Leaves {
    cache: Arc<Mutex<State>>,
    schema: Schema,
    text: Arc<Text>,
    generation: u64,
    sender: watch::Sender<Option<Result<Prepared, Error>>>,
}

impl Leaves {
    fn note(&self, result: &Result<Prepared, Error>) {
        let schema = self.schema.now();
        let mut state = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(prepared) if state.generation == self.generation => {
                let evicted = state.known.push(
                    self.text.text.clone(),
                    Entry::new(prepared.clone(), schema.as_ref()),
                );
                state.stats.evictions += u64::from(evicted.is_some_and(|(text, _)| text != self.text.text));
            }
            Ok(_) => {}
            Err(_) => state.stats.failures += 1,
        }
    }

    /// Out of the map first, so that whoever is told and asks again finds no flight that is over.
    fn land(self, result: Result<Prepared, Error>) {
        let waiting = self.sender.clone();
        drop(self);
        let _ = waiting.send(Some(result));
    }
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
        drop(state);
        // Else its runtime shuts down, or the session closes: those who wait are told nothing, and look for themselves.
        if std::thread::panicking() {
            let error = Error::internal("the service panicked while it prepared the statement");
            let _ = self.sender.send(Some(Err(error.judged(Nature::Prepare))));
        }
    }
}

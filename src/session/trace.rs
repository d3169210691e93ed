use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use scylla::observability::tracing::{TracingEvent, TracingInfo};
use scylla::statement::Consistency;
use tokio::time::sleep;
use uuid::Uuid;

use super::Session;
use crate::error::Error;

const SESSION: &str = "SELECT client, command, coordinator, duration, parameters, request, started_at \
                       FROM system_traces.sessions WHERE session_id = ?";
const EVENTS: &str = "SELECT event_id, activity, source, source_elapsed, thread \
                      FROM system_traces.events WHERE session_id = ?";

/// Fetches a trace: await it. Made by [`Session::trace`].
///
/// | option | default |
/// |---|---|
/// | attempts | 10 |
/// | pause | 3 ms |
/// | consistency | `ONE` |
#[derive(Clone, Debug)]
#[must_use = "it is fetched when it is awaited"]
pub struct Trace<'a> {
    session: &'a Session,
    id: Uuid,
    attempts: u32,
    pause: Duration,
    consistency: Consistency,
}

impl Session {
    /// Fetches a trace that the server wrote for a statement with [`tracing`](crate::Statement::tracing).
    ///
    /// The server writes it when the statement has been answered already, so it is looked for several times. Each look is two statements like all others: they
    /// pass the limits and have retries and metrics.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tower_cassandra::{Error, Session, Statement};
    /// # async fn example(session: Session) -> Result<(), Error> {
    /// let response = session.execute(Statement::new("SELECT key FROM system.local").tracing(true)).await?;
    /// if let Some(id) = response.tracing_id() {
    ///     let trace = session.trace(id).attempts(50).pause(Duration::from_millis(20)).await?;
    ///     println!("{} events on {:?}", trace.events.len(), trace.nodes());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Invalid` when the trace is not there after all attempts; otherwise as [`execute`](Self::execute).
    pub const fn trace(&self, id: Uuid) -> Trace<'_> {
        Trace {
            session: self,
            id,
            attempts: 10,
            pause: Duration::from_millis(3),
            consistency: Consistency::One,
        }
    }
}

impl Trace<'_> {
    /// Sets how often to look for it; 0 counts as 1. Default: 10.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the pause between two looks. Default: 3 ms.
    pub const fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Sets the consistency to read it at. Default: `ONE`.
    pub const fn consistency(mut self, consistency: Consistency) -> Self {
        self.consistency = consistency;
        self
    }

    async fn fetch(self) -> Result<TracingInfo, Error> {
        let attempts = self.attempts.max(1);
        for attempt in 1..=attempts {
            if let Some(trace) = self.look().await? {
                return Ok(trace);
            }
            if attempt < attempts {
                sleep(self.pause).await;
            }
        }
        Err(Error::invalid(
            "there is no trace with this id, or not yet: it can be looked for more often, by `attempts` and `pause`",
        ))
    }

    async fn look(&self) -> Result<Option<TracingInfo>, Error> {
        let read = async |text| {
            let prepared = self.session.prepare(text).await?;
            let statement = prepared.bind((self.id,))?.consistency(self.consistency);
            self.session.execute(statement).await
        };
        let Some(mut trace) = read(SESSION).await?.one::<TracingInfo>()? else {
            return Ok(None);
        };
        trace.events = read(EVENTS).await?.rows::<TracingEvent>()?;
        Ok((!trace.events.is_empty()).then_some(trace))
    }
}

impl<'a> IntoFuture for Trace<'a> {
    type Output = Result<TracingInfo, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.fetch())
    }
}

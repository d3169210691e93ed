use std::sync::Arc;
use std::time::Duration;

use ::http::{Extensions, HeaderMap};
use scylla::deserialize::row::DeserializeRow;
use scylla::statement::Consistency;
use tokio::time::{Instant, timeout_at};
use tower_cassandra_layers::{Applied, Limit};

use super::layer::Noted;
use super::{BadHeader, QueryFigures, read};
use crate::bulk::{ExecuteMany, IntoStatement, Iter};
use crate::counted::Counter;
use crate::error::Error;
use crate::response::Response;
use crate::session::Session;
use crate::statement::{Prepared, Statement};
use crate::stream::{Page, PageState, PageStream, RowStream, StreamOptions};

/// The session for one request of a caller: what is run by it ends by the request's deadline, has the consistency that the caller asked
/// for, and is counted.
///
/// It is cheap to clone, and all clones are the same request. It starts no task: when the connection of the caller breaks, the framework drops the
/// handler, and with that everything under way; permits, waiting places and gauges are free at once.
#[derive(Clone, Debug)]
pub struct RequestSession {
    session: Session,
    deadline: Option<Instant>,
    consistency: Option<Consistency>,
    counter: Arc<Counter>,
}

impl RequestSession {
    /// A request of which nothing is known: no deadline, no consistency of its own. For tests and for work that no request began.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self {
            session,
            deadline: None,
            consistency: None,
            counter: Arc::default(),
        }
    }

    /// Reads what [`RequestLayer`](super::RequestLayer) noted and what the headers say, for frameworks other than axum and tonic. Without the layer the
    /// options are those by default, and the time begins now.
    ///
    /// # Errors
    /// For a header that makes no sense, or asks for more than the options allow.
    pub fn from_headers(
        session: Session,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Self, BadHeader> {
        let noted = Noted::of(extensions);
        let limit = read::timeout(headers, &noted.options)?;
        Ok(Self {
            session,
            deadline: limit.and_then(|limit| noted.began.checked_add(limit)),
            consistency: read::consistency(headers, &noted.options)?,
            counter: noted.counter,
        })
    }

    /// Gives a statement the deadline and the consistency of the request, and counts the calls that are made with it. For what has no method here:
    /// `session().scan_table(..)` and services of your own.
    pub fn apply(&self, statement: impl Into<Statement>) -> Statement {
        let mut statement = statement.into();
        if let Some(at) = self.deadline {
            statement = statement.deadline_at(at);
        }
        if let Some(level) = self.consistency {
            statement = statement.consistency(level);
        }
        statement.options.rare().counter = Some(Arc::clone(&self.counter));
        statement
    }

    /// Runs a statement, as [`Session::execute`] does.
    ///
    /// # Errors
    /// As [`Session::execute`]; `Timeout` of the [deadline](tower_cassandra_layers::Limit::Deadline) when the time of the request is over.
    pub async fn execute(&self, statement: impl Into<Statement>) -> Result<Response, Error> {
        self.session.execute(self.apply(statement)).await
    }

    /// Runs text with values, as [`Session::query`] does.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub async fn query(
        &self,
        text: impl AsRef<str>,
        values: impl scylla::serialize::row::SerializeRow + Send + Sync + 'static,
    ) -> Result<Response, Error> {
        self.execute(Statement::with_values(text, values)).await
    }

    /// The rows of a statement as a stream, as [`Session::stream`] gives them. The deadline bounds the whole stream.
    ///
    /// For the body of a response take [`stream_with`](Self::stream_with) and [`prefetch(1)`](StreamOptions::prefetch): a server polls a body only while its client has
    /// room, and a page that was asked for and is not polled keeps its permit. One that is read ahead does not.
    #[must_use = "streams do nothing unless polled"]
    pub fn stream<T>(&self, statement: impl Into<Statement>) -> RowStream<T>
    where
        T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
    {
        self.session.stream(self.apply(statement))
    }

    /// The same with options.
    #[must_use = "streams do nothing unless polled"]
    pub fn stream_with<T>(&self, statement: impl Into<Statement>, options: StreamOptions) -> RowStream<T>
    where
        T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
    {
        self.session.stream_with(self.apply(statement), options)
    }

    /// The pages of a statement as a stream, as [`Session::pages_with`] gives them.
    #[must_use = "streams do nothing unless polled"]
    pub fn pages_with(&self, statement: impl Into<Statement>, options: StreamOptions) -> PageStream {
        self.session.pages_with(self.apply(statement), options)
    }

    /// One page of a result, as [`Session::execute_page`] reads it.
    ///
    /// # Errors
    /// As [`execute`](Self::execute); `Invalid` when the state belongs to another statement.
    pub async fn execute_page(
        &self,
        statement: impl Into<Statement>,
        from: PageState,
    ) -> Result<Page, Error> {
        self.session.execute_page(self.apply(statement), from).await
    }

    /// Runs many statements, some at a time, as [`Session::execute_many`] does.
    pub fn execute_many<I>(
        &self,
        statements: I,
    ) -> ExecuteMany<Iter<impl Iterator<Item = Result<Statement, Error>> + use<I>>>
    where
        I: IntoIterator,
        I::Item: IntoStatement,
    {
        let request = self.clone();
        self.session
            .execute_many(statements.into_iter().map(move |statement| {
                statement
                    .into_statement()
                    .map(|statement| request.apply(statement))
            }))
    }

    /// Prepares a text, or finds it among those prepared before, within the deadline. It is not counted: the next request finds it prepared.
    ///
    /// # Errors
    /// As [`Session::prepare`]; `Timeout` when the time of the request is over.
    pub async fn prepare(&self, text: impl AsRef<str>) -> Result<Prepared, Error> {
        let prepared = self.session.prepare(text);
        match self.deadline {
            None => prepared.await,
            Some(at) => timeout_at(at, prepared)
                .await
                .unwrap_or_else(|_| Err(Error::timed_out(Limit::Deadline, Applied::No))),
        }
    }

    /// The session itself, for what should neither end with the request nor be counted.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// When the time of the request is over.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// How much time is left; none where there is no deadline.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    /// The consistency that the caller asked for.
    #[must_use]
    pub const fn consistency(&self) -> Option<Consistency> {
        self.consistency
    }

    /// What was asked of the database so far.
    #[must_use]
    pub fn figures(&self) -> QueryFigures {
        QueryFigures::of(&self.counter)
    }
}

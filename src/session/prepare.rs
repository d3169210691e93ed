//! Preparing ahead: one text, or all that a program has.

use std::fmt;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tower_cassandra_layers::classify::Applied;

use super::bind::TOGETHER;
use super::prepared::PreparedCacheStats;
use super::{Session, execute};
use crate::error::Error;
use crate::statement::{Definition, Prepared, Text};

impl Session {
    /// Prepares a text, or finds it among those prepared before. Concurrent calls with one text share one PREPARE.
    ///
    /// The driver prepares on all nodes and waits for all: a node that is silent delays this until its connection is given up
    /// ([`keepalive`](crate::ClusterBuilder::keepalive), 6 s). Text with values that is executed does not wait for it.
    ///
    /// # Errors
    /// `Syntax`, `Invalid`, `Unauthorized` by the server; `Timeout` after the prepare limit; `Rejected` when 256 statements are being prepared already;
    /// `Closed`. Nothing was applied.
    ///
    /// Dropping the future leaves the PREPARE to those who wait for it too, and to the cache.
    pub async fn prepare(&self, text: impl AsRef<str>) -> Result<Prepared, Error> {
        self.prepare_text(text.as_ref()).await
    }

    async fn prepare_text(&self, text: &str) -> Result<Prepared, Error> {
        let inside = self.inner.enter()?;
        let text = Text::new(text);
        if text.is_use() {
            return Err(execute::no_use());
        }
        tokio::select! {
            biased;
            prepared = self.inner.prepared.get(&text, &self.inner.stack) => prepared,
            () = inside.cut_off() => Err(Error::closed(Applied::No)),
        }
    }

    /// Prepares all statements of a program, 16 at a time, and checks them: texts, or [`Query`](crate::Query) constants with their row types. For the start of
    /// a program, so that a statement that does not fit the schema is found then and not by the first user.
    ///
    /// ```
    /// # use tower_cassandra::{PrepareAllError, Session};
    /// # async fn example(session: Session) -> Result<(), PrepareAllError> {
    /// let [insert, by_id] = session
    ///     .prepare_all(["INSERT INTO shop.users (id, name) VALUES (?, ?)", "SELECT name FROM shop.users WHERE id = ?"])
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// All that failed at once, each with its place, its text and the error that [`prepare`](Self::prepare) would give, or `Decode` where the row type does not
    /// fit.
    pub async fn prepare_all<D, const N: usize>(
        &self,
        definitions: [&D; N],
    ) -> Result<[Prepared; N], PrepareAllError>
    where
        D: Definition + ?Sized,
    {
        let prepared = self.prepare_list(&definitions).await?;
        prepared
            .try_into()
            .map_err(|_| PrepareAllError::of(Error::internal("as many handles as definitions"), N))
    }

    /// The same for a list whose length is not known when the program is compiled.
    ///
    /// # Errors
    /// As [`prepare_all`](Self::prepare_all).
    pub async fn prepare_list<D>(&self, definitions: &[&D]) -> Result<Vec<Prepared>, PrepareAllError>
    where
        D: Definition + ?Sized,
    {
        let mut ahead = definitions.iter().enumerate();
        let mut under_way = FuturesUnordered::new();
        let mut results = Vec::new();
        loop {
            while under_way.len() < TOGETHER
                && let Some((index, definition)) = ahead.next()
            {
                under_way.push(self.prepare_checked(index, *definition));
            }
            match under_way.next().await {
                Some(result) => results.push(result),
                None => break,
            }
        }
        results.sort_by_key(|(index, _)| *index);
        let mut prepared = Vec::with_capacity(results.len());
        let mut failures = Vec::new();
        for ((index, result), definition) in results.into_iter().zip(definitions) {
            match result {
                Ok(handle) => prepared.push(handle),
                Err(error) => failures.push(PrepareFailure {
                    index,
                    text: definition.text().into(),
                    error,
                }),
            }
        }
        if failures.is_empty() {
            Ok(prepared)
        } else {
            Err(PrepareAllError {
                failures,
                total: definitions.len(),
            })
        }
    }

    async fn prepare_checked<D>(&self, index: usize, definition: &D) -> (usize, Result<Prepared, Error>)
    where
        D: Definition + ?Sized,
    {
        let prepared = self.prepare_text(definition.text()).await;
        let checked = prepared.and_then(|prepared| definition.check(&prepared).map(|()| prepared));
        (index, checked)
    }

    /// What the cache of prepared statements holds and did so far.
    #[must_use]
    pub fn prepared_cache(&self) -> PreparedCacheStats {
        self.inner.prepared.stats()
    }
}

/// Which of several statements could not be prepared, and why. From [`Session::prepare_all`].
///
/// `Display` and `Debug` name the places and kinds, not the texts: those may hold what must not be logged.
#[derive(Clone)]
pub struct PrepareAllError {
    failures: Vec<PrepareFailure>,
    total: usize,
}

/// One statement that could not be prepared.
#[derive(Clone)]
pub struct PrepareFailure {
    index: usize,
    text: Box<str>,
    error: Error,
}

impl PrepareFailure {
    /// Its place among those that were given, from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong with it. The words of the server are in [`Error::message`].
    #[must_use]
    pub const fn error(&self) -> &Error {
        &self.error
    }
}

impl PrepareAllError {
    fn of(error: Error, total: usize) -> Self {
        let failure = PrepareFailure {
            index: 0,
            text: "".into(),
            error,
        };
        Self {
            failures: vec![failure],
            total,
        }
    }

    /// The failures, in the order in which the statements were given; at least one.
    #[must_use]
    pub fn failures(&self) -> &[PrepareFailure] {
        &self.failures
    }
}

impl fmt::Display for PrepareAllError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, total) = (self.failures.len(), self.total);
        write!(f, "{failed} of {total} statements could not be prepared")?;
        let mut before = ": ";
        for failure in &self.failures {
            write!(f, "{before}#{} {}", failure.index, failure.error.kind())?;
            before = ", ";
        }
        Ok(())
    }
}

impl fmt::Debug for PrepareAllError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrepareAllError")
            .field("failures", &self.failures)
            .field("total", &self.total)
            .finish()
    }
}

impl fmt::Debug for PrepareFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrepareFailure")
            .field("index", &self.index)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for PrepareAllError {
    /// The error of the first one.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.failures.first().map(|failure| &failure.error as _)
    }
}

impl From<PrepareAllError> for Error {
    /// The error of the first one.
    fn from(error: PrepareAllError) -> Self {
        match error.failures.into_iter().next() {
            Some(failure) => failure.error,
            None => Self::internal("no statement failed"),
        }
    }
}

//! One operation: checks, values bound, time stamped, page after page.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, timeout_at};
use tower_cassandra_layers::classify::Applied;
use tower_cassandra_layers::limit::{RateLimitHandle, Reason};
use tower_cassandra_layers::request::Deadline;
use tower_cassandra_layers::trace::SpanSlot;

use super::stack::ResponseBox;
use super::{Inner, Session};
use crate::cluster::ClusterDirectory;
use crate::error::{Error, ErrorKind};
use crate::nature::Nature;
use crate::response::Response;
use crate::statement::{Statement, Timestamp, What};
use crate::trace::{self, Open};

/// Microseconds since 1970 that never repeat and never run backwards within a session.
#[derive(Debug, Default)]
pub(crate) struct Clock(AtomicI64);

impl Clock {
    fn stamp(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
        let before = self
            .0
            .fetch_update(Relaxed, Relaxed, |last| Some(now.max(last.saturating_add(1))));
        let before = before.unwrap_or_else(|last| last);
        now.max(before.saturating_add(1))
    }
}

pub(super) fn no_use() -> Error {
    Error::unsupported("`USE` would change the keyspace under everybody's feet: call `Session::set_keyspace`")
}

impl Session {
    /// Runs a statement and reads all its pages, each page as a call through the whole stack.
    ///
    /// After DDL it waits, as a step of its own, until all nodes know the new schema.
    ///
    /// # Errors
    /// Of any kind; [`Error::applied`] says whether the statement may have taken effect. `Closed` after [`close`](Self::close), `Invalid` for options that
    /// make no sense, `SchemaAgreement` when DDL was applied and the nodes did not agree in time.
    ///
    /// Dropping the future cancels: everything is given back at once; what was sent may still be applied.
    // Not an `async fn`, and neither is what it calls more than needed: each would keep a copy of the statement, and what is this large is
    // copied and allocated at a price.
    pub fn execute(
        &self,
        statement: impl Into<Statement>,
    ) -> impl Future<Output = Result<Response, Error>> + Send {
        let mut statement = statement.into();
        async move { self.inner.execute_mut(&mut statement).await }
    }

    /// The same, for futures that outlive the borrow.
    pub(crate) fn execute_owned(
        &self,
        mut statement: Statement,
    ) -> impl Future<Output = Result<Response, Error>> + Send + use<> {
        let inner = Arc::clone(&self.inner);
        async move { inner.execute_mut(&mut statement).await }
    }
}

impl Inner {
    async fn execute_mut(&self, statement: &mut Statement) -> Result<Response, Error> {
        let inside = self.enter()?;
        let nature = statement.nature();
        let open = Open::new(self.span(statement));
        let result = tokio::select! {
            biased;
            result = self.run(statement, open.span()) => result,
            () = inside.cut_off() => Err(Error::closed(Applied::Maybe).judged(nature)),
        };
        open.end(result.as_ref(), self.directory());
        result
    }

    /// The span of a request that begins here.
    #[inline]
    pub(super) fn span(&self, statement: &Statement) -> SpanSlot {
        trace::request(statement, self.settings.trace, || self.current_keyspace())
    }

    pub(super) fn directory(&self) -> Option<&ClusterDirectory> {
        self.core.as_ref().map(|core| &core.directory)
    }

    async fn run(&self, statement: &mut Statement, span: &SpanSlot) -> Result<Response, Error> {
        self.complete(statement)?;
        if let Some(limit) = statement.options.deadline()
            && let Some(at) = Instant::now().checked_add(limit)
        {
            statement.context.shorten(Deadline::at(at));
        }
        let until = self.bind(statement, span).await?;
        self.stamp(statement);
        let nature = statement.nature();
        let tell = self.telling(statement);
        let call = self.call(statement.clone(), until, span.clone());
        let mut response = call.await.map_err(tell)?;
        let (mut rows, mut bytes) = (response.len(), response.byte_len());
        loop {
            statement.options.within_caps(rows, bytes)?;
            let Some(next) = response.paging_state().cloned() else {
                break;
            };
            // What went as text because a PREPARE took too long is bound when that has landed in the meantime.
            let until = self.bind(statement, span).await?;
            statement.paging = Some(next);
            statement.options.continued = true;
            let tell = self.telling(statement);
            let number = response.page_count() as u64 + 1;
            let call = self.call(statement.clone(), until, trace::page(span, number));
            let page = call.await.map_err(tell)?;
            rows = rows.saturating_add(page.len());
            bytes = bytes.saturating_add(page.byte_len());
            response.append(page);
        }
        if nature == Nature::Schema {
            // Boxed: a future that DDL alone needs would make that of every call several times as large.
            Box::pin(self.agree(statement)).await?;
        }
        Ok(response)
    }

    /// Tells the error of a call that begins now which statement it was, and its one attempt where no retry layer notes that.
    pub(super) fn telling(&self, statement: &Statement) -> impl FnOnce(Error) -> Error {
        let began = (!self.settings.notes_attempts).then(Instant::now);
        let waited = statement.options.prepare_wait.get();
        move |error| {
            let error = error.noted(began).after_prepare(waited).about(statement);
            let passes = self.passes_in(&error);
            error.lasting(passes)
        }
    }

    /// When a node is tried again, for an error that says that there is none; when there is a place again, for one that found none.
    fn passes_in(&self, error: &Error) -> Option<Duration> {
        if error.rejection() == Some(Reason::RateQueueFull) {
            return self.settings.limits.rate.as_ref().map(RateLimitHandle::backlog);
        }
        let is_away = matches!(error.kind(), ErrorKind::Connection | ErrorKind::NoHost);
        let core = self.core.as_ref().filter(|_| is_away)?;
        core.table.next_try()
    }

    /// One call, over by the end that [`bind`](Self::bind) gave. Its error is still to be [told](Self::telling) what it was about.
    pub(super) fn call(&self, mut call: Statement, until: Option<Deadline>, span: SpanSlot) -> ResponseBox {
        if let Some(deadline) = until {
            call.context.shorten(deadline);
        }
        self.stack.call(call, span)
    }

    /// Adds what the session says of every statement, and finds what could never work before anything is sent.
    pub(super) fn complete(&self, statement: &mut Statement) -> Result<(), Error> {
        self.settings.profiles.apply(statement)?;
        // A read at such a level takes part in Paxos and is judged so, whoever chose the level.
        if statement.options.consistency.is_none() && statement.nature().is_read() {
            statement.options.consistency = self.settings.serial_default;
        }
        self.check(statement)
    }

    fn check(&self, statement: &Statement) -> Result<(), Error> {
        if statement.is_use() {
            return Err(no_use());
        }
        statement.options.driver_page_size()?;
        match &statement.what {
            What::Unbound(..) if self.settings.strict_prepared => Err(Error::parameters_need_prepare()),
            What::Batch(batch) => {
                if self.settings.strict_prepared && batch.has_unbound() {
                    return Err(Error::parameters_need_prepare());
                }
                batch.validate()
            }
            What::Text(_) | What::Unbound(..) | What::Bound { .. } | What::Prepare(_) => Ok(()),
        }
    }

    /// Notes what every attempt of the call must have in common.
    pub(super) fn stamp(&self, statement: &mut Statement) {
        let nature = statement.nature();
        statement.options.inferred = self.settings.infer_idempotence
            && !nature.is_read()
            && statement.options.idempotent.is_none()
            && self.infer_idempotent(statement);
        // What could be sent again and was not prepared may write to a counter; only the schema knows.
        if matches!(nature, Nature::Write | Nature::UnloggedBatch)
            && (statement.options.idempotent == Some(true) || self.settings.may_resend)
            && self.writes_counter(statement)
        {
            statement.options.counter = true;
        }
        let stamped = matches!(
            nature,
            Nature::Write | Nature::LoggedBatch | Nature::UnloggedBatch
        ) && !statement.options.counter;
        if statement.options.timestamp == Timestamp::Session {
            statement.options.timestamp = if stamped && !self.settings.server_timestamps {
                Timestamp::Explicit(self.clock.stamp())
            } else {
                Timestamp::Server
            };
        }
    }

    /// Waits until all nodes know the schema, no longer than the deadline of the statement says. The DDL itself is done; whatever goes wrong
    /// here does not undo it.
    pub(super) async fn agree(&self, statement: &Statement) -> Result<(), Error> {
        let Ok(driver) = self.driver() else {
            return Ok(());
        };
        let agreed = async {
            driver
                .await_schema_agreement()
                .await
                .map_err(Error::from_schema_agreement)?;
            driver.refresh_metadata().await.map_err(Error::from_metadata)
        };
        let own = Instant::now().checked_add(self.settings.schema_agreement_timeout);
        let deadline = statement.context.deadline().map(|deadline| deadline.at);
        let Some(until) = own.into_iter().chain(deadline).min() else {
            return agreed.await;
        };
        match timeout_at(until, agreed).await {
            Ok(result) => result,
            Err(_) => Err(Error::schema_disagreement()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_never_repeat_and_never_run_backwards() {
        let clock = Clock::default();
        let mut last = 0;
        for _ in 0..10_000 {
            let next = clock.stamp();
            assert!(next > last);
            last = next;
        }
    }

    #[tokio::test]
    async fn a_call_is_small_enough_to_be_allocated_fast() {
        let session = Session::from_service(tower::service_fn(async |_: Statement| {
            Ok::<_, Error>(Response::empty())
        }));
        let call = session.execute_owned(Statement::new("SELECT a FROM t"));
        // Allocators keep pieces of up to a kilobyte at hand; what is larger takes the slow way.
        assert!(size_of_val(&call) <= 1_024, "{}", size_of_val(&call));
        call.await.unwrap();
    }
}

//! One operation page by page: each page is a call through the whole stack.

use std::time::Duration;

use tokio::time::Instant;
use tower_cassandra_layers::classify::Applied;
use tower_cassandra_layers::metrics::{OpenStream, StreamMetrics};
use tower_cassandra_layers::request::Deadline;
use tower_cassandra_layers::trace::SpanSlot;

use super::Session;
use crate::error::Error;
use crate::nature::Nature;
use crate::statement::{Micros, Statement, What};
use crate::stream::{Fingerprint, Page, PageState};
use crate::trace::{self, Open};

/// Reads the pages of one statement. Between two pages it holds no permit and counts as no running operation.
pub(crate) struct Pager {
    session: Session,
    statement: Statement,
    /// Is it bound and stamped, once for all pages?
    ready: bool,
    pages: u64,
    rows: usize,
    bytes: usize,
    /// From the first page on.
    open: Option<OpenStream>,
    span: SpanSlot,
}

impl Pager {
    pub(crate) const fn new(session: Session, statement: Statement) -> Self {
        Self {
            session,
            statement,
            ready: false,
            pages: 0,
            rows: 0,
            bytes: 0,
            open: None,
            span: SpanSlot::NONE,
        }
    }

    pub(crate) fn nature(&self) -> Nature {
        self.statement.nature()
    }

    /// Begins the time that the whole operation may take, and gives its end. A deadline from outside may be earlier.
    pub(crate) fn begin(&mut self, limit: Option<Duration>) -> Option<Instant> {
        let own = self.statement.options.deadline();
        if own.is_some() {
            self.statement.options.rare().deadline = None;
        }
        let limits = [limit, own];
        let now = Instant::now();
        for at in limits
            .into_iter()
            .flatten()
            .filter_map(|limit| now.checked_add(limit))
        {
            self.statement.context.shorten(Deadline::at(at));
        }
        self.statement.context.deadline().map(|deadline| deadline.at)
    }

    /// Reads the page that begins there. It may be read again after an error: nothing has moved.
    pub(crate) async fn page(&mut self, from: &PageState) -> Result<Page, Error> {
        let session = self.session.clone();
        let inside = session.inner.enter()?;
        let nature = self.nature();
        tokio::select! {
            biased;
            page = self.read(from) => page,
            () = inside.cut_off() => Err(Error::closed(Applied::Maybe).judged(nature)),
        }
    }

    async fn read(&mut self, from: &PageState) -> Result<Page, Error> {
        let started = Instant::now();
        let session = self.session.clone();
        let inner = &session.inner;
        let keyspace = session.keyspace();
        let keyspace = keyspace.as_deref();
        if self.open.is_none() {
            self.open = inner.settings.streams.as_ref().and_then(StreamMetrics::open);
        }
        let mut until = None;
        if !self.ready {
            self.span = inner.span(&self.statement);
            inner.complete(&mut self.statement)?;
            from.check(Fingerprint::of(&self.statement, keyspace))?;
            until = inner.bind(&mut self.statement, &self.span).await?;
            inner.stamp(&mut self.statement);
            // What went as text because a node did not prepare it in time is bound before a later page.
            self.ready = !matches!(self.statement.what, What::Unbound(..));
        } else {
            // A page before has told of it.
            self.statement.options.prepare_wait = Micros::default();
        }
        let fingerprint = Fingerprint::of(&self.statement, keyspace);
        from.check(fingerprint)?;
        let mut call = self.statement.clone();
        // A statement may bring a place of its own along.
        let place = from.place().or_else(|| call.paging.take());
        let from = PageState::new(fingerprint, place.as_ref(), from.skip);
        call.paging = place;
        call.options.continued = call.paging.is_some();
        let tell = inner.telling(&self.statement);
        let span = trace::page(&self.span, self.pages + 1);
        // One for each page: between two of them nobody waits, and a stream that is dropped there was not cancelled.
        let open = Open::new(self.span.clone());
        let response = inner.call(call, until, span).await.map_err(tell);
        open.end(response.as_ref(), inner.directory());
        let response = response?;
        if self.nature() == Nature::Schema {
            Box::pin(inner.agree(&self.statement)).await?;
        }
        self.pages += 1;
        if let Some(open) = &self.open {
            open.metrics().page(response.len(), response.byte_len());
        }
        self.rows = self.rows.saturating_add(response.len());
        self.bytes = self.bytes.saturating_add(response.byte_len());
        self.statement.options.within_caps(self.rows, self.bytes)?;
        Ok(Page::new(
            response,
            self.pages,
            from,
            fingerprint,
            started.elapsed(),
        ))
    }
}

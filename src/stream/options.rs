use std::fmt;
use std::time::Duration;

use tower_cassandra_layers::request::OwnLimit;

use super::callback::Function;
use super::state::PageState;
use crate::error::Error;
use crate::statement::Statement;

/// How a result is read page by page.
///
/// | option | default |
/// |---|---|
/// | [`page_size`](Self::page_size) | that of the statement or its profile, else 1,000 rows |
/// | [`max_pages`](Self::max_pages) | none |
/// | [`page_timeout`](Self::page_timeout) | the call limit of the statement, else of the session |
/// | [`deadline`](Self::deadline) | none |
/// | [`prefetch`](Self::prefetch) | 0: a page is read when its first row is asked for |
/// | [`on_page`](Self::on_page) | nobody is told |
/// | [`resume_from`](Self::resume_from) | the first row |
///
/// What makes no sense is the first item of the stream, an error of kind `Config` or `Invalid`; nothing is sent then.
#[derive(Default)]
pub struct StreamOptions {
    page_size: Option<u32>,
    pub(super) max_pages: Option<u64>,
    page_timeout: OwnLimit,
    pub(super) deadline: Option<Duration>,
    pub(super) prefetch: u8,
    pub(super) on_page: Option<Function>,
    pub(super) from: PageState,
}

impl StreamOptions {
    /// Rows per page of a stream where neither options nor statement say otherwise: a fifth of what `execute` reads, since a stream
    /// holds a page for as long as its consumer takes.
    pub const PAGE_SIZE: u32 = 1_000;

    /// All as by default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the rows per page, for this stream alone: the statement that it was made of stays as it is. 0 and numbers above
    /// `i32::MAX` are refused.
    #[must_use]
    pub const fn page_size(mut self, rows: u32) -> Self {
        self.page_size = Some(rows);
        self
    }

    /// Ends the stream after so many pages, without an error. `paging_state` then says where to go on. 0 is refused.
    #[must_use]
    pub const fn max_pages(mut self, pages: u64) -> Self {
        self.max_pages = Some(pages);
        self
    }

    /// Bounds each page by itself: queueing, back-off and every attempt. `None` turns that off.
    #[must_use]
    pub fn page_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.page_timeout = limit.into().into();
        self
    }

    /// Bounds the whole stream from its first poll, the time that its consumer takes included. After it the stream gives an error of kind
    /// `Timeout` and ends.
    #[must_use]
    pub const fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// How many pages are read ahead of the one being consumed: 0 or 1. With 1 there is one task, which belongs to the stream
    /// and ends with it.
    #[must_use]
    pub const fn prefetch(mut self, pages: u8) -> Self {
        self.prefetch = pages;
        self
    }

    /// Is called once for every page, in order, when the page arrives.
    ///
    /// It runs on a thread for blocking work and may be slow: it holds up neither rows nor other calls. Only the end of the stream
    /// waits until it was called for the last page; a stream that is dropped, closed or cancelled makes no further calls. A panic in
    /// it is caught and logged. Should it be 1,024 pages behind, pages are left out and
    /// [`PageInfo::missed`](super::PageInfo::missed) counts them.
    #[must_use]
    pub fn on_page(mut self, function: impl FnMut(super::PageInfo) + Send + 'static) -> Self {
        self.on_page = Some(Box::new(function));
        self
    }

    /// Begins at a place that an earlier stream or page of the same statement gave, instead of at the first row.
    #[must_use]
    pub fn resume_from(mut self, state: PageState) -> Self {
        self.from = state;
        self
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if self.max_pages == Some(0) {
            return Err(Error::config("max_pages", 0, "at least 1 page, or no limit"));
        }
        if self.prefetch > 1 {
            return Err(Error::config("prefetch", self.prefetch, "0 or 1 pages"));
        }
        Ok(())
    }

    /// The statement as this stream runs it.
    pub(super) fn apply(&self, mut statement: Statement) -> Statement {
        statement.options.page_size = self
            .page_size
            .or(statement.options.page_size)
            .or(Some(Self::PAGE_SIZE));
        if self.page_timeout != OwnLimit::Default {
            statement.context.set_call_limit(self.page_timeout);
        }
        statement
    }
}

impl fmt::Debug for StreamOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamOptions")
            .field("page_size", &self.page_size)
            .field("max_pages", &self.max_pages)
            .field("page_timeout", &self.page_timeout)
            .field("deadline", &self.deadline)
            .field("prefetch", &self.prefetch)
            .field("on_page", &self.on_page.is_some())
            .field("from", &self.from)
            .finish()
    }
}

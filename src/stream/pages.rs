use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::task::coop;
use tokio::time::Instant;
use tower_cassandra_layers::classify::Applied;
use tower_cassandra_layers::request::Limit;

use super::callback::{Callback, PageInfo};
use super::fetch::Fetch;
use super::handle::{Shared, StreamHandle};
use super::options::StreamOptions;
use super::page::Page;
use super::state::PageState;
use crate::error::Error;
use crate::nature::Nature;
use crate::session::{Pager, Session};
use crate::statement::Statement;

/// The pages of a result, one after the other. Made by [`Session::pages`].
///
/// It is a [`Stream`] of `Result<Page, Error>`; an empty page is given as an empty page. After an error it ends. Dropping it
/// cancels what is under way; see [the module](super) for what all streams have in common.
pub struct PageStream {
    fetch: Fetch,
    /// Where the next page begins; none at the end of the result.
    next: Option<PageState>,
    shared: Arc<Shared>,
    options: StreamOptions,
    callback: Option<Callback>,
    nature: Nature,
    pages: u64,
    /// Set by the first poll.
    started: Option<Instant>,
    deadline: Option<Instant>,
}

impl PageStream {
    pub(super) fn new(session: &Session, mut statement: Statement, mut options: StreamOptions) -> Self {
        // Before the stream's own defaults, over which the profile wins. One that is not known is the error of the first page.
        session.apply_profile(&mut statement);
        let pager = Box::new(Pager::new(session.clone(), options.apply(statement)));
        Self {
            nature: pager.nature(),
            fetch: Fetch::Idle(pager),
            next: Some(std::mem::take(&mut options.from)),
            shared: Arc::default(),
            callback: options.on_page.take().map(Callback::new),
            options,
            pages: 0,
            started: None,
            deadline: None,
        }
    }

    /// The next page; none at the end. Dropping the future loses nothing.
    ///
    /// # Errors
    /// As [`Session::execute`]; the stream then ends, and [`paging_state`](Self::paging_state) is where to go on.
    pub async fn next(&mut self) -> Option<Result<Page, Error>> {
        std::future::poll_fn(|cx| self.poll_page(cx)).await
    }

    /// Where to go on: behind the pages that were given, before the one that failed. None when the result was read to its end.
    #[must_use]
    pub fn paging_state(&self) -> Option<PageState> {
        self.next.clone()
    }

    /// Counters and the way to cancel it, for use from elsewhere.
    #[must_use]
    pub fn handle(&self) -> StreamHandle {
        StreamHandle {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Ends it and gives everything back. The next item is the end. Dropping it does the same; it may be called any number of times.
    pub fn close(&mut self) {
        self.fetch = Fetch::Over;
        self.callback = None;
    }

    fn start(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        self.started = Some(now);
        self.options.check()?;
        let Fetch::Idle(pager) = &mut self.fetch else {
            return Ok(());
        };
        self.deadline = pager.begin(self.options.deadline);
        if self.options.prefetch > 0
            && let Some(from) = self.next.clone()
            && let Fetch::Idle(pager) = std::mem::replace(&mut self.fetch, Fetch::Over)
        {
            self.fetch = Fetch::ahead(pager, from, self.options.max_pages, &self.shared)?;
        }
        Ok(())
    }

    /// Has the time for the whole stream run out?
    pub(super) fn check_deadline(&mut self) -> Result<(), Error> {
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => {
                self.fetch = Fetch::Over;
                Err(Error::timed_out(Limit::Deadline, Applied::No).judged(self.nature))
            }
            _ => Ok(()),
        }
    }

    /// Goes on elsewhere, for `paging_state`.
    pub(super) fn set_next(&mut self, place: Option<PageState>) {
        self.next = place;
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled()
    }

    pub(super) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The last item but for the end. A cancel that came first makes an error of the page it cut off: that one is nobody's business.
    fn fail(&mut self, error: Error, cx: &Context<'_>) -> Poll<Option<Result<Page, Error>>> {
        if self.is_cancelled() {
            return self.poll_end(cx);
        }
        self.fetch = Fetch::Over;
        Poll::Ready(Some(Err(error)))
    }

    /// The end, when the callback was called for the last page.
    fn poll_end(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Page, Error>>> {
        self.fetch = Fetch::Over;
        if self.is_cancelled() {
            self.callback = None;
        }
        match &self.callback {
            Some(callback) => callback.poll_idle(cx).map(|()| None),
            None => Poll::Ready(None),
        }
    }

    /// The next page. Rows are counted by whoever gives them out.
    pub(super) fn poll_unread(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Page, Error>>> {
        // Before the flag is read, so that a cancel in between wakes us.
        self.shared.consumer.register(cx.waker());
        if self.is_cancelled() {
            self.fetch = Fetch::Over;
        }
        if self.started.is_none()
            && !self.fetch.is_over()
            && let Err(error) = self.start()
        {
            return self.fail(error, cx);
        }
        let enough = self.options.max_pages.is_some_and(|max| self.pages >= max);
        let from = match &self.next {
            Some(from) if !enough && !self.fetch.is_over() => from,
            _ => return self.poll_end(cx),
        };
        // A service that always has an empty page at hand must not keep the thread for itself.
        let progress = ready!(coop::poll_proceed(cx));
        let page = ready!(self.fetch.poll(from, cx));
        progress.made_progress();
        match page.and_then(|page| self.check_deadline().map(|()| page)) {
            Ok(page) => {
                self.take_up(&page);
                Poll::Ready(Some(Ok(page)))
            }
            Err(error) => self.fail(error, cx),
        }
    }

    fn take_up(&mut self, page: &Page) {
        self.next = page.next().cloned();
        self.pages += 1;
        self.shared.count_page(page.byte_len());
        if let Some(callback) = &self.callback {
            callback.push(PageInfo {
                number: page.number(),
                rows: page.len(),
                bytes: page.byte_len(),
                took: page.took(),
                elapsed: self.started.map(|started| started.elapsed()).unwrap_or_default(),
                missed: 0,
            });
        }
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Page, Error>>> {
        let page = ready!(self.poll_unread(cx));
        if let Some(Ok(page)) = &page {
            self.shared.count_rows(page.len());
        }
        Poll::Ready(page)
    }
}

impl Stream for PageStream {
    type Item = Result<Page, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_page(cx)
    }
}

impl fmt::Debug for PageStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream")
            .field("pages", &self.pages)
            .field("over", &self.fetch.is_over())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

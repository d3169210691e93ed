use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use scylla::deserialize::row::DeserializeRow;

use super::decode::Decoder;
use super::handle::StreamHandle;
use super::options::StreamOptions;
use super::pages::PageStream;
use super::state::PageState;
use crate::error::Error;
use crate::session::Session;
use crate::statement::Statement;

/// The rows of a result, one after the other, each as a value of type `T`. Made by [`Session::stream`].
///
/// It is a [`Stream`] of `Result<T, Error>`. Empty pages are passed over. After an error it ends. Dropping it cancels what is
/// under way; see [the module](super) for what all streams have in common.
pub struct RowStream<T> {
    pages: PageStream,
    /// The page whose rows are being given out.
    current: Option<Decoder<T>>,
}

impl<T> RowStream<T>
where
    T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
{
    pub(super) fn new(session: &Session, statement: Statement, options: StreamOptions) -> Self {
        Self {
            pages: PageStream::new(session, statement, options),
            current: None,
        }
    }

    /// The next row; none at the end. Dropping the future loses nothing.
    ///
    /// # Errors
    /// As [`Session::execute`], and `Decode` when a row does not fit `T`. The stream then ends, and
    /// [`paging_state`](Self::paging_state) is where to go on.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|cx| self.poll_row(cx)).await
    }

    /// Where to go on: behind the last row that was given. None when the result was read to its end.
    #[must_use]
    pub fn paging_state(&self) -> Option<PageState> {
        match &self.current {
            Some(current) => Some(current.place()),
            None => self.pages.paging_state(),
        }
    }

    /// Counters and the way to cancel it, for use from elsewhere.
    #[must_use]
    pub fn handle(&self) -> StreamHandle {
        self.pages.handle()
    }

    /// Ends it and gives everything back, the page in memory included. The next item is the end. Dropping it does the same; it may be called any number of times.
    pub fn close(&mut self) {
        self.leave_page();
        self.pages.close();
    }

    /// Drops the page and keeps the place.
    fn leave_page(&mut self) {
        let place = self.paging_state();
        self.current = None;
        self.pages.set_next(place);
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<T, Error>>> {
        self.close();
        Poll::Ready(Some(Err(error)))
    }

    fn poll_row(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            if self.current.is_some() && self.pages.is_cancelled() {
                self.close();
            }
            let Some(current) = &mut self.current else {
                match ready!(self.pages.poll_unread(cx)) {
                    None => return Poll::Ready(None),
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    Some(Ok(page)) if page.is_empty() => {}
                    Some(Ok(page)) => self.current = Some(Decoder::new(page)),
                }
                continue;
            };
            if let Err(error) = self.pages.check_deadline() {
                return self.fail(error);
            }
            match ready!(current.poll_row(cx)) {
                None => self.current = None,
                Some(Err(error)) => return self.fail(error),
                Some(Ok(row)) => {
                    if current.is_done() {
                        self.current = None;
                    }
                    self.pages.shared().count_rows(1);
                    return Poll::Ready(Some(Ok(row)));
                }
            }
        }
    }
}

impl<T> Stream for RowStream<T>
where
    T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
{
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_row(cx)
    }
}

impl<T> fmt::Debug for RowStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStream")
            .field("pages", &self.pages)
            .finish_non_exhaustive()
    }
}

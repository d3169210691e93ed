//! Results that are read page by page: as rows, as pages, or one page at a time.
//!
//! ```no_run
//! use std::time::Duration;
//! use tower_cassandra::{Session, Statement, StreamOptions};
//!
//! # async fn example(session: Session) -> Result<(), tower_cassandra::Error> {
//! let readings = Statement::streaming("SELECT sensor, value FROM plant.readings");
//! let options = StreamOptions::new()
//!     .prefetch(1)
//!     .deadline(Duration::from_secs(60))
//!     .on_page(|page| println!("page {}: {} rows", page.number, page.rows));
//! let mut rows = session.stream_with::<(i32, f64)>(readings, options);
//! while let Some(row) = rows.next().await {
//!     let (sensor, value) = row?;
//!     println!("{sensor}: {value}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Each page is a call
//!
//! A page passes through the whole stack by itself, with its own limit, permit, retries and metrics; a page that is retried is asked for
//! with the same paging state, so no row is lost or comes twice. Between two pages a stream holds no permit and is no running operation:
//! [`Session::close`] does not wait for a stream that nobody polls, and the next page of it ends with `Closed`.
//! An empty page is not the end; only the state says where the end is.
//!
//! # Memory
//!
//! One page, and one more with [`prefetch(1)`](StreamOptions::prefetch), however slow the consumer is: nothing is read that there is no room
//! for. Rows are decoded one by one, when they are asked for, out of the page as it came.
//!
//! # Cancelling
//!
//! Dropping a stream gives everything back at once: permit, waiting place, gauges, the task that reads ahead. `close` does the same in
//! place. [`StreamHandle::cancel`] does it from elsewhere, and wakes a consumer that waits. As with every call the node's own slot stays taken until the
//! node has answered.
//!
//! # Going on later
//!
//! `paging_state` says at any time where to go on: after an error, after [`max_pages`](StreamOptions::max_pages), or in the middle.
//! [`PageState`] goes to bytes and back, so another process can continue.
//!
//! # Other tasks
//!
//! A page that is here is decoded without waiting, so a stream gives way from time to time: every row draws on tokio's cooperative budget,
//! a long one more. Tasks of the same thread run in between.
//!
//! How this compares with the streams of the Python library is told in [`guide::from_python`](crate::guide::from_python).

mod callback;
mod decode;
mod fetch;
mod handle;
mod options;
mod page;
mod pages;
mod rows;
mod state;

use scylla::deserialize::row::DeserializeRow;

pub use callback::PageInfo;
pub(crate) use decode::Decoder;
pub(crate) use handle::Shared;
pub use handle::StreamHandle;
pub use options::StreamOptions;
pub use page::Page;
pub use pages::PageStream;
pub use rows::RowStream;
pub(crate) use state::Fingerprint;
pub use state::PageState;

use crate::error::Error;
use crate::session::{Pager, Session};
use crate::statement::Statement;

impl Session {
    /// The rows of a statement as a stream, with the [options](StreamOptions) by default. Nothing is sent before it is polled.
    ///
    /// ```no_run
    /// # async fn example(session: tower_cassandra::Session) -> Result<(), tower_cassandra::Error> {
    /// let by_plant = session.prepare("SELECT sensor, value FROM plant.readings WHERE plant = ?").await?;
    /// let mut rows = session.stream::<(i32, f64)>(by_plant.bind((7,))?);
    /// while let Some((sensor, value)) = rows.next().await.transpose()? {
    ///     println!("{sensor}: {value}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "streams do nothing unless polled"]
    pub fn stream<T>(&self, statement: impl Into<Statement>) -> RowStream<T>
    where
        T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
    {
        self.stream_with(statement, StreamOptions::new())
    }

    /// The rows of a statement as a stream. Nothing is sent before it is polled.
    #[must_use = "streams do nothing unless polled"]
    pub fn stream_with<T>(&self, statement: impl Into<Statement>, options: StreamOptions) -> RowStream<T>
    where
        T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
    {
        RowStream::new(self, statement.into(), options)
    }

    /// The pages of a statement as a stream, with the [options](StreamOptions) by default. Nothing is sent before it is polled.
    #[must_use = "streams do nothing unless polled"]
    pub fn pages(&self, statement: impl Into<Statement>) -> PageStream {
        self.pages_with(statement, StreamOptions::new())
    }

    /// The pages of a statement as a stream. Nothing is sent before it is polled.
    #[must_use = "streams do nothing unless polled"]
    pub fn pages_with(&self, statement: impl Into<Statement>, options: StreamOptions) -> PageStream {
        PageStream::new(self, statement.into(), options)
    }

    /// One page of a result, and the place of the next: for cursors that leave the process between two pages. As many rows as the
    /// statement's page size says, 5,000 by default.
    ///
    /// # Errors
    /// As [`execute`](Self::execute); `Invalid` when the state belongs to another statement.
    ///
    /// Dropping the future cancels: everything is given back at once.
    ///
    /// ```no_run
    /// use tower_cassandra::{PageState, Session, Statement};
    ///
    /// # async fn example(session: Session, cursor: &[u8]) -> Result<Vec<u8>, tower_cassandra::Error> {
    /// let items = Statement::new("SELECT id FROM shop.items").page_size(20);
    /// let page = session.execute_page(items, PageState::from_bytes(cursor)?).await?;
    /// for (id,) in page.rows::<(i32,)>()? {
    ///     println!("{id}");
    /// }
    /// # Ok(page.next().map(PageState::to_bytes).unwrap_or_default())
    /// # }
    /// ```
    pub async fn execute_page(
        &self,
        statement: impl Into<Statement>,
        from: PageState,
    ) -> Result<Page, Error> {
        let mut pager = Pager::new(self.clone(), statement.into());
        pager.begin(None);
        pager.page(&from).await
    }
}

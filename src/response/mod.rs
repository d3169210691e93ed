//! What a statement gives back.

mod figures;
#[cfg(feature = "test-util")]
mod made;
mod page;
mod read;
mod row;
mod rows;
mod verdict;
mod view;

use std::fmt;
use std::time::Duration;

use scylla::response::PagingState;
use scylla::response::query_result::{ColumnSpecs, QueryResult};
use tower_cassandra_layers::classify::Beside;
use uuid::Uuid;

use figures::Overtaken;
pub(crate) use figures::Took;
#[cfg(feature = "test-util")]
pub(crate) use made::Made;
use page::{Page, Received, Told};
pub use row::Row;
pub use rows::Rows;
use view::RowsView;

use crate::error::{BoxError, Error};
use crate::nature::Nature;
use crate::statement::Prepared;
use crate::timings::Timings;

/// The result of a statement: rows, or none, and what the server said beside them.
///
/// From [`Session::execute`](crate::Session::execute) it holds all pages. Inside a stack, and over a bare leaf, it is one page; its row accessors then fail while
/// more pages follow, so that nothing is cut silently, and [`page_rows`](Self::page_rows) reads the page.
///
/// Rows are the driver's, and hold the node that they came from: as long as a response with rows is kept, so are that node's connections, also after
/// [`close`](crate::Session::close). What is to be kept for long is better read into values of your own.
///
/// Writes, DDL and batches give a response without rows. Every reading has a position of its own; a response can be read again and again.
#[derive(Default)]
pub struct Response {
    first: Page,
    rest: Vec<Page>,
    next: Option<PagingState>,
    prepared: Option<Prepared>,
    /// Of a conditional write.
    verdict: Option<bool>,
    attempts: u32,
    hedges: u32,
}

impl Response {
    /// A response without rows, as a write gives it. For tests of services that are built on a mock.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Takes the driver's result of one page.
    ///
    /// # Errors
    /// `Decode` when its columns cannot be read, its number of rows cannot be true, or the verdict of a conditional write: then it may have been applied or not.
    pub(crate) fn from_driver(
        result: QueryResult,
        next: Option<PagingState>,
        nature: Nature,
        node: Option<Uuid>,
    ) -> Result<Self, Error> {
        let unreadable = |error: BoxError| Error::unreadable(error, nature, node);
        let mut verdict = None;
        let first = if result.is_rows() {
            let rows = result
                .into_rows_result()
                .map_err(|error| unreadable(error.into()))?;
            let view = RowsView::Driver(&rows);
            if !view.has_room_for_its_rows() {
                return Err(unreadable(
                    "the answer names more rows than it has bytes for".into(),
                ));
            }
            verdict = verdict::of(view).map_err(unreadable)?;
            Page::Rows(Received::new(rows))
        } else {
            Page::Empty(Received::new(Told::by(&result)))
        };
        Ok(Self {
            verdict,
            first,
            rest: Vec::new(),
            next,
            prepared: None,
            attempts: 1,
            hedges: 0,
        })
    }

    pub(crate) fn of_prepare(prepared: Prepared) -> Self {
        Self {
            prepared: Some(prepared),
            ..Self::default()
        }
    }

    /// What a PREPARE gave.
    pub(crate) fn into_prepared(self) -> Option<Prepared> {
        self.prepared
    }

    pub(crate) const fn set_attempts(&mut self, attempts: u32) {
        self.attempts = attempts;
    }

    /// Notes how the attempt went that it came from. A response without a page has no room for that, nor a use.
    pub(crate) fn took(&mut self, figures: Took) {
        if let Some(place) = self.first.figures_mut() {
            place.took = figures;
        }
    }

    /// Notes what went before the attempt it came from: failures, and a pause after the last of them.
    pub(crate) fn recovered(&mut self, earlier: Error, pause: Duration) {
        if self.first.figures().is_none() {
            self.first = Page::Bare(Box::default());
        }
        if let Some(figures) = self.first.figures_mut() {
            figures.earlier = Some(earlier);
            figures.pause = pause;
        }
    }

    /// Where the time went: in queues, in pauses, in which attempts. Of all pages together.
    #[must_use]
    pub fn timings(&self) -> Timings {
        let mut timings = Timings::default();
        for page in self.pages() {
            if let Some(figures) = page.figures() {
                figures.add_to(&mut timings, page.coordinator());
            }
        }
        timings
    }

    /// Notes the attempt beside the one it came from, which failed, or whose answer this node still owes.
    pub(crate) fn hedged(&mut self, beside: Beside<Error>, owing: Option<Uuid>) {
        self.hedges += 1;
        if let Some(figures) = self.first.figures_mut() {
            figures.beside = Some(Box::new(Overtaken { beside, owing }));
        }
    }

    /// Adds the next page.
    pub(crate) fn append(&mut self, page: Self) {
        self.next = page.next;
        self.attempts = self.attempts.saturating_add(page.attempts);
        self.hedges = self.hedges.saturating_add(page.hedges);
        self.rest.push(page.first);
        self.rest.extend(page.rest);
    }

    fn pages(&self) -> impl Iterator<Item = &Page> + Clone {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// How many pages it holds.
    #[must_use]
    pub fn page_count(&self) -> usize {
        1 + self.rest.len()
    }

    /// The size of its rows in bytes, as the server sent them.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.pages().filter_map(Page::rows).map(RowsView::byte_len).sum()
    }

    /// The columns; none for a response without rows.
    #[must_use]
    pub fn columns(&self) -> Option<ColumnSpecs<'_, '_>> {
        self.first.rows().map(RowsView::columns)
    }

    /// What the server warned of.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.pages().flat_map(Page::warnings)
    }

    /// The trace of the statement, if one was asked for; see [`Session::trace`](crate::Session::trace).
    #[must_use]
    pub fn tracing_id(&self) -> Option<Uuid> {
        self.first.tracing_id()
    }

    /// The node that coordinated the first page.
    #[must_use]
    pub fn coordinator(&self) -> Option<Uuid> {
        self.first.coordinator()
    }

    /// Where the next page begins, when this is not the last one.
    #[must_use]
    pub const fn paging_state(&self) -> Option<&PagingState> {
        self.next.as_ref()
    }

    /// How many attempts it took, over all pages.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How many second attempts were made beside slow ones ([`ClusterBuilder::hedge`](crate::ClusterBuilder::hedge)), over all pages.
    /// [`attempts`](Self::attempts) does not count them.
    #[must_use]
    pub const fn hedges(&self) -> u32 {
        self.hedges
    }
}

impl fmt::Debug for Response {
    // Without the rows: they are the user's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("rows", &self.len())
            .field("pages", &self.page_count())
            .field("more", &self.next.is_some())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_response_has_no_rows_and_is_no_error() {
        let response = Response::empty();
        assert_eq!(
            (response.len(), response.is_empty(), response.was_applied()),
            (0, true, None)
        );
        assert!(response.rows::<(i32,)>().unwrap().is_empty());
        assert_eq!(response.one::<(i32,)>().unwrap(), None);
        assert_eq!(response.iter::<(&str,)>().unwrap().count(), 0);
    }
}

//! What a statement gives back.

#[cfg(feature = "test-util")]
mod made;
mod page;
mod rows;
mod view;

use std::fmt;

use scylla::deserialize::row::DeserializeRow;
use scylla::response::PagingState;
use scylla::response::query_result::{ColumnSpecs, QueryResult};
use scylla::value::{CqlValue, Row};
use uuid::Uuid;

#[cfg(feature = "test-util")]
pub(crate) use made::Made;
use page::Page;
pub use rows::Rows;
use view::RowsView;

use crate::error::Error;
use crate::statement::Prepared;

/// The result of a statement: rows, or none, and what the server said beside them.
///
/// From [`Session::execute`](crate::Session::execute) it holds all pages. Inside a stack, and over a bare leaf, it is one page; its row accessors then fail while
/// more pages follow, so that nothing is cut silently, and [`page_rows`](Self::page_rows) reads the page.
///
/// Writes, DDL and batches give a response without rows. Every reading has a position of its own; a response can be read again and again.
#[derive(Default)]
pub struct Response {
    first: Page,
    rest: Vec<Page>,
    next: Option<PagingState>,
    prepared: Option<Prepared>,
    /// What was prepared anew because its handle was stale.
    renewed: Vec<Prepared>,
    attempts: u32,
}

impl Response {
    /// A response without rows, as a write gives it. For tests of services that are built on a mock.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Takes the driver's result of one page.
    pub(crate) fn from_driver(result: QueryResult, next: Option<PagingState>) -> Result<Self, Error> {
        let first = if result.is_rows() {
            Page::Rows(result.into_rows_result().map_err(Error::decode)?)
        } else {
            Page::Empty(result)
        };
        Ok(Self {
            first,
            rest: Vec::new(),
            next,
            prepared: None,
            renewed: Vec::new(),
            attempts: 1,
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

    pub(crate) fn with_renewed(mut self, renewed: Vec<Prepared>) -> Self {
        self.renewed = renewed;
        self
    }

    pub(crate) fn take_renewed(&mut self) -> Vec<Prepared> {
        std::mem::take(&mut self.renewed)
    }

    pub(crate) const fn set_attempts(&mut self, attempts: u32) {
        self.attempts = attempts;
    }

    /// Adds the next page.
    pub(crate) fn append(&mut self, page: Self) {
        self.next = page.next;
        self.attempts = self.attempts.saturating_add(page.attempts);
        self.rest.push(page.first);
        self.rest.extend(page.rest);
    }

    fn pages(&self) -> impl Iterator<Item = &Page> + Clone {
        std::iter::once(&self.first).chain(&self.rest)
    }

    fn complete(&self) -> Result<&Self, Error> {
        if self.next.is_some() {
            return Err(Error::unsupported(
                "this is one page and more follow: read it by `page_rows`, or run the statement by `Session::execute`",
            ));
        }
        Ok(self)
    }

    /// All rows, each as a value of type `R`.
    ///
    /// # Errors
    /// `Decode` when the columns do not fit `R`; the source says which. `Unsupported` when this is one page of several.
    pub fn rows<R>(&self) -> Result<Vec<R>, Error>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        self.complete()?.page_rows()
    }

    /// The rows one after the other; they may borrow from the response.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn iter<'a, R>(&'a self) -> Result<Rows<'a, R>, Error>
    where
        R: DeserializeRow<'a, 'a>,
    {
        Rows::new(self.complete()?)
    }

    /// The rows of this page, whether or not more pages follow.
    ///
    /// # Errors
    /// `Decode` when the columns do not fit `R`.
    pub fn page_rows<R>(&self) -> Result<Vec<R>, Error>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        let mut rows = Vec::with_capacity(self.len());
        for page in self.pages().filter_map(Page::rows) {
            for row in page.rows::<R>()? {
                rows.push(row.map_err(Error::decode)?);
            }
        }
        Ok(rows)
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn maybe_first_row<R>(&self) -> Result<Option<R>, Error>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        for page in self.complete()?.pages().filter_map(Page::rows) {
            if let Some(row) = page.first::<R>()? {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// The first row, if there is one: [`maybe_first_row`](Self::maybe_first_row) under its shorter name.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn one<R>(&self) -> Result<Option<R>, Error>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        self.maybe_first_row()
    }

    /// How many rows it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pages().filter_map(Page::rows).map(RowsView::len).sum()
    }

    /// Has it no rows?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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

    /// Was a conditional statement applied? None when the statement was not conditional. When it was refused, the row holds the current
    /// values.
    #[must_use]
    pub fn was_applied(&self) -> Option<bool> {
        let rows = self.first.rows()?;
        if rows.columns().get_by_index(0)?.name() != "[applied]" {
            return None;
        }
        let row: Row = rows.first().ok()??;
        match row.columns.first()? {
            Some(CqlValue::Boolean(applied)) => Some(*applied),
            _ => None,
        }
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

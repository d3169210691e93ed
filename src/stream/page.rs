use std::fmt;
use std::time::Duration;

use scylla::deserialize::row::DeserializeRow;

use super::state::{Fingerprint, PageState};
use crate::error::Error;
use crate::response::Response;

/// One page of a result, and where the next one begins. It may be empty without being the last.
pub struct Page {
    response: Response,
    number: u64,
    start: PageState,
    next: Option<PageState>,
    /// Rows at its beginning that were given out before.
    skip: usize,
    took: Duration,
}

impl Page {
    pub(crate) fn new(
        response: Response,
        number: u64,
        start: PageState,
        fingerprint: Fingerprint,
        took: Duration,
    ) -> Self {
        let (rows, due) = (response.len(), usize::try_from(start.skip).unwrap_or(usize::MAX));
        // A page may have become smaller than what is to be left out: the rest is left out of the next.
        let skip = due.min(rows);
        let rest = u32::try_from(due - skip).unwrap_or(u32::MAX);
        let next = response
            .paging_state()
            .map(|place| PageState::new(fingerprint, Some(place), rest));
        Self {
            response,
            number,
            start,
            next,
            skip,
            took,
        }
    }

    /// Its number among those that were read, from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Its rows, each as a value of type `R`, which may borrow from the page. Those that were given out before the state it was read from are left out.
    ///
    /// # Errors
    /// `Decode` when the columns do not fit `R`; the source says which.
    pub fn rows<'a, R>(&'a self) -> Result<Vec<R>, Error>
    where
        R: DeserializeRow<'a, 'a>,
    {
        let mut rows = self.response.page_rows()?;
        rows.drain(..self.skip);
        Ok(rows)
    }

    /// How many rows it has, without those given out before.
    #[must_use]
    pub fn len(&self) -> usize {
        self.response.len() - self.skip
    }

    /// Has it no rows? It may have a successor all the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size of its rows in bytes, as the server sent them.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.response.byte_len()
    }

    /// Where the next page begins; none after the last one.
    #[must_use]
    pub const fn next(&self) -> Option<&PageState> {
        self.next.as_ref()
    }

    /// How long it took to read it, all attempts and queueing included.
    #[must_use]
    pub const fn took(&self) -> Duration {
        self.took
    }

    /// All that the server said: warnings, coordinator, trace, attempts. Its [`page_rows`](Response::page_rows) leave nothing out.
    #[must_use]
    pub const fn response(&self) -> &Response {
        &self.response
    }

    pub(crate) const fn start(&self) -> &PageState {
        &self.start
    }

    pub(crate) fn into_parts(self) -> (Response, usize) {
        (self.response, self.skip)
    }
}

impl fmt::Debug for Page {
    // Without the rows: they are the user's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("number", &self.number)
            .field("rows", &self.len())
            .field("more", &self.next.is_some())
            .finish_non_exhaustive()
    }
}

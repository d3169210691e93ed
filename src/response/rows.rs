use std::fmt;

use scylla::deserialize::result::TypedRowIterator;
use scylla::deserialize::row::DeserializeRow;

use super::{Page, Response};
use crate::error::Error;

/// The rows of a response, one after the other. Made by [`Response::iter`].
pub struct Rows<'a, R: DeserializeRow<'a, 'a>> {
    current: Option<TypedRowIterator<'a, 'a, R>>,
    rest: std::slice::Iter<'a, Page>,
}

impl<'a, R: DeserializeRow<'a, 'a>> Rows<'a, R> {
    pub(super) fn new(response: &'a Response) -> Result<Self, Error> {
        Ok(Self {
            current: open(&response.first)?,
            rest: response.rest.iter(),
        })
    }
}

fn open<'a, R: DeserializeRow<'a, 'a>>(page: &'a Page) -> Result<Option<TypedRowIterator<'a, 'a, R>>, Error> {
    page.rows().map(|rows| rows.rows()).transpose()
}

impl<'a, R: DeserializeRow<'a, 'a>> Iterator for Rows<'a, R> {
    type Item = Result<R, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.current.as_mut().and_then(Iterator::next) {
                return Some(row.map_err(Error::decode));
            }
            match open(self.rest.next()?) {
                Ok(page) => self.current = page,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Response {
    /// The rows of this page, whether or not more pages follow; they may borrow from the response.
    pub(crate) fn page_iter<'a, R: DeserializeRow<'a, 'a>>(&'a self) -> Result<Rows<'a, R>, Error> {
        Rows::new(self)
    }
}

impl<'a, R: DeserializeRow<'a, 'a>> fmt::Debug for Rows<'a, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("pages_left", &self.rest.len())
            .finish_non_exhaustive()
    }
}

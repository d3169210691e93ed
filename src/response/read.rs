//! Reading the rows of a response.

use scylla::deserialize::row::{ColumnIterator, DeserializeRow};

use super::page::Page;
use super::view::RowsView;
use super::{Response, Rows};
use crate::error::Error;

impl Response {
    pub(super) fn complete(&self) -> Result<&Self, Error> {
        if self.next.is_some() {
            return Err(Error::unsupported(
                "this is one page and more follow: read it by `page_rows`, or run the statement by `Session::execute`",
            ));
        }
        Ok(self)
    }

    /// All rows, each as a value of type `R`: a tuple, a struct with [`DeserializeRow`](crate::DeserializeRow), or [`Row`](crate::Row).
    ///
    /// `R` may borrow: texts as `&str` and blobs as `&[u8]` then point into what came from the network, and nothing is copied.
    ///
    /// ```
    /// # use tower_cassandra::{Error, Session};
    /// # async fn example(session: Session) -> Result<(), Error> {
    /// let response = session.execute("SELECT name, photo FROM shop.users").await?;
    /// for (name, photo) in response.rows::<(&str, Option<&[u8]>)>()? {
    ///     println!("{name}: {} bytes", photo.map_or(0, <[u8]>::len));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Decode` when the columns do not fit `R`; the source says which. `Unsupported` when this is one page of several.
    pub fn rows<'a, R>(&'a self) -> Result<Vec<R>, Error>
    where
        R: DeserializeRow<'a, 'a>,
    {
        self.complete()?.page_rows()
    }

    /// The rows one after the other, decoded when their turn comes; they may borrow from the response.
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
    pub fn page_rows<'a, R>(&'a self) -> Result<Vec<R>, Error>
    where
        R: DeserializeRow<'a, 'a>,
    {
        let mut rows = Vec::with_capacity(self.len());
        for row in Rows::new(self)? {
            rows.push(row?);
        }
        Ok(rows)
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn maybe_first_row<'a, R>(&'a self) -> Result<Option<R>, Error>
    where
        R: DeserializeRow<'a, 'a>,
    {
        self.iter()?.next().transpose()
    }

    /// The first row, if there is one: [`maybe_first_row`](Self::maybe_first_row) under its shorter name.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn one<'a, R>(&'a self) -> Result<Option<R>, Error>
    where
        R: DeserializeRow<'a, 'a>,
    {
        self.maybe_first_row()
    }

    /// Was a conditional statement applied? None when the statement was not conditional. When it was refused,
    /// [`current_row`](Self::current_row) tells what stood against it.
    #[must_use]
    pub const fn was_applied(&self) -> Option<bool> {
        self.verdict
    }

    /// The values that made the server refuse a conditional write: its answer without the column `[applied]`.
    ///
    /// None when it was applied, was not conditional, or when there is no such row. Of a conditional batch it is the first row.
    ///
    /// ```
    /// # use tower_cassandra::{Error, Session};
    /// # async fn example(session: Session) -> Result<(), Error> {
    /// let response = session.execute("INSERT INTO shop.users (id, name) VALUES (1, 'Ada') IF NOT EXISTS").await?;
    /// if let Some((id, name)) = response.current_row::<(i32, &str)>()? {
    ///     println!("{id} is {name} already");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Decode` when the columns do not fit `R`.
    pub fn current_row<'a, R>(&'a self) -> Result<Option<R>, Error>
    where
        R: DeserializeRow<'a, 'a>,
    {
        self.current()?.next().transpose()
    }

    /// The same for all rows of a conditional batch that was refused.
    ///
    /// # Errors
    /// As [`current_row`](Self::current_row).
    pub fn current_rows<'a, R>(&'a self) -> Result<Vec<R>, Error>
    where
        R: DeserializeRow<'a, 'a>,
    {
        self.current()?.collect()
    }

    fn current<'a, R>(&'a self) -> Result<impl Iterator<Item = Result<R, Error>>, Error>
    where
        R: DeserializeRow<'a, 'a>,
    {
        let refused = self.first.rows().filter(|_| self.verdict == Some(false));
        let rows = refused
            .map(RowsView::rows::<ColumnIterator<'a, 'a>>)
            .transpose()?;
        let decode = |row: Result<ColumnIterator<'a, 'a>, _>| {
            let mut row = row.map_err(Error::decode)?;
            let _applied = row.next();
            // There was no row to look at: the verdict is all there is.
            if row.columns_remaining() == 0 {
                return Ok(None);
            }
            row.type_check::<R>().map_err(Error::decode)?;
            R::deserialize(row).map(Some).map_err(Error::decode)
        };
        Ok(rows
            .into_iter()
            .flatten()
            .filter_map(move |row| decode(row).transpose()))
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
}

use std::fmt;
use std::marker::PhantomData;

use scylla::deserialize::row::DeserializeRow;
use scylla::serialize::row::SerializeRow;

use super::{Prepared, Statement};
use crate::error::Error;
use crate::response::Response;

/// A statement as a constant, with the types of its values and of its rows.
///
/// [`Session::prepare_all`](crate::Session::prepare_all) checks all of a program's definitions when it starts: the text by the server, the row
/// type against the columns the server names. The values are checked when they are bound.
///
/// ```
/// use tower_cassandra::{Query, Session};
/// # use tower_cassandra::{Error, PrepareAllError};
///
/// const BY_ID: Query<(i32,), (String, Option<i32>)> = Query::new("SELECT name, age FROM shop.users WHERE id = ?");
/// const RENAME: Query<(String, i32)> = Query::new("UPDATE shop.users SET name = ? WHERE id = ?").idempotent(true);
///
/// # async fn example(session: Session) -> Result<(), Box<dyn std::error::Error>> {
/// // When the program starts. What does not fit is reported all at once.
/// session.prepare_all([BY_ID.definition(), RENAME.definition()]).await?;
///
/// session.execute(RENAME.bind(("Ada".to_owned(), 1))).await?;
/// let response = session.execute(BY_ID.bind((1,))).await?;
/// let user: Option<(String, Option<i32>)> = BY_ID.one(&response)?;
/// # Ok(())
/// # }
/// ```
pub struct Query<V, R = ()> {
    text: &'static str,
    idempotent: Option<bool>,
    label: Option<&'static str>,
    types: PhantomData<fn(V) -> R>,
}

impl<V, R> Query<V, R> {
    /// The definition of a statement. Its text is looked at when it is prepared.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self {
            text,
            idempotent: None,
            label: None,
            types: PhantomData,
        }
    }

    /// Marks its statements, see [`Statement::idempotent`]. Default: unmarked.
    #[must_use]
    pub const fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// Labels its statements, see [`Statement::label`]. Default: none.
    #[must_use]
    pub const fn label(mut self, label: &'static str) -> Self {
        self.label = Some(label);
        self
    }

    /// The text.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// A statement with these values, which goes through the cache of prepared statements. A session with
    /// [`strict_prepared`](crate::ClusterBuilder::strict_prepared) refuses it: bind the handle that `prepare_all` gives.
    ///
    /// The text is read anew each time; where a microsecond matters, keep the handle.
    #[must_use]
    pub fn bind(&self, values: V) -> Statement
    where
        V: SerializeRow + Send + Sync + 'static,
    {
        let mut statement = Statement::with_values(self.text, values);
        statement.options.idempotent = self.idempotent;
        statement.options.label = self.label;
        statement
    }

    /// All rows of a response to it.
    ///
    /// # Errors
    /// As [`Response::rows`].
    pub fn rows<'a>(&self, response: &'a Response) -> Result<Vec<R>, Error>
    where
        R: DeserializeRow<'a, 'a>,
    {
        response.rows()
    }

    /// The first row of a response to it, if there is one.
    ///
    /// # Errors
    /// As [`Response::one`].
    pub fn one<'a>(&self, response: &'a Response) -> Result<Option<R>, Error>
    where
        R: DeserializeRow<'a, 'a>,
    {
        response.one()
    }

    /// Itself with its types forgotten, for [`Session::prepare_all`](crate::Session::prepare_all).
    pub const fn definition(&self) -> &dyn Definition
    where
        V: 'static,
        R: for<'a> DeserializeRow<'a, 'a> + 'static,
    {
        self
    }
}

impl<V, R> Clone for Query<V, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V, R> Copy for Query<V, R> {}

impl<V, R> fmt::Debug for Query<V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("idempotent", &self.idempotent)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// What [`Session::prepare_all`](crate::Session::prepare_all) prepares: a text, or a [`Query`] with its types.
pub trait Definition: Sync {
    /// The text to prepare.
    fn text(&self) -> &str;

    /// Looks whether it fits what the server made of it. Default: a text fits always.
    ///
    /// # Errors
    /// `Decode` when the row type does not fit the columns.
    fn check(&self, prepared: &Prepared) -> Result<(), Error> {
        let _ = prepared;
        Ok(())
    }
}

impl Definition for str {
    fn text(&self) -> &str {
        self
    }
}

impl Definition for String {
    fn text(&self) -> &str {
        self
    }
}

impl<D: Definition + ?Sized> Definition for &D {
    fn text(&self) -> &str {
        (**self).text()
    }

    fn check(&self, prepared: &Prepared) -> Result<(), Error> {
        (**self).check(prepared)
    }
}

impl<V, R> Definition for Query<V, R>
where
    R: for<'a> DeserializeRow<'a, 'a>,
{
    fn text(&self) -> &str {
        self.text
    }

    fn check(&self, prepared: &Prepared) -> Result<(), Error> {
        // The server names no columns for a conditional write, though it answers with rows.
        if prepared.nature().is_read() {
            prepared.check_rows::<R>()?;
        }
        Ok(())
    }
}

use scylla::response::PagingState;
use scylla::serialize::row::SerializeRow;
use uuid::Uuid;

use super::types::{CqlType, specs};
use crate::error::Error;
use crate::response::{Made, Response};

/// A response in the making: rows encoded as CQL, or none, and what a server says beside them.
///
/// ```
/// use tower_cassandra::test_util::Reply;
///
/// let reply = Reply::rows([("id", "int"), ("tags", "set<text>")]).row((1, vec!["a", "b"])).warning("slow");
/// let response = reply.response().unwrap();
/// assert_eq!(response.rows::<(i32, Vec<String>)>().unwrap(), [(1, vec!["a".into(), "b".into()])]);
/// assert_eq!(response.warnings().collect::<Vec<_>>(), ["slow"]);
/// ```
#[derive(Clone, Debug)]
pub struct Reply {
    made: Result<Made, Error>,
    next: Option<Vec<u8>>,
    attempts: u32,
}

impl Reply {
    const fn of(made: Result<Made, Error>) -> Self {
        Self {
            made,
            next: None,
            attempts: 1,
        }
    }

    /// No rows, as writes and DDL give it.
    #[must_use]
    pub fn empty() -> Self {
        Self::of(Ok(Made::default()))
    }

    /// Rows of these columns, none yet. The types are names of CQL ([`CqlType`]).
    #[must_use]
    pub fn rows<N: Into<String>, T: Into<CqlType>>(columns: impl IntoIterator<Item = (N, T)>) -> Self {
        Self::of(specs(columns).map(Made::with_columns))
    }

    /// The answer to a conditional write. For one that was refused and shows the current row, name its columns:
    /// `Reply::rows([("[applied]", "boolean"), ("name", "text")]).row((false, "Ada"))`.
    #[must_use]
    pub fn applied(applied: bool) -> Self {
        Self::rows([("[applied]", "boolean")]).row((applied,))
    }

    fn change(mut self, change: impl FnOnce(&mut Made) -> Result<(), Error>) -> Self {
        if let Ok(made) = &mut self.made
            && let Err(error) = change(made)
        {
            self.made = Err(error);
        }
        self
    }

    /// Adds a row: a tuple, or a struct with `SerializeRow`. `None` is NULL. What does not fit the columns makes the reply an error of kind `Serialization`.
    #[must_use]
    pub fn row(self, values: impl SerializeRow) -> Self {
        self.change(|made| made.push(&values).map_err(Error::serialization))
    }

    /// Adds several rows.
    #[must_use]
    pub fn with_rows<R: SerializeRow>(self, rows: impl IntoIterator<Item = R>) -> Self {
        rows.into_iter().fold(self, Self::row)
    }

    /// Adds a warning.
    #[must_use]
    pub fn warning(self, warning: impl Into<String>) -> Self {
        self.change(|made| {
            made.warnings.push(warning.into());
            Ok(())
        })
    }

    /// Sets the trace it has. Default: none.
    #[must_use]
    pub fn tracing_id(self, id: Uuid) -> Self {
        self.change(|made| {
            made.tracing_id = Some(id);
            Ok(())
        })
    }

    /// Sets the node it comes from. Default: none.
    #[must_use]
    pub fn coordinator(self, host: Uuid) -> Self {
        self.change(|made| {
            made.coordinator = Some(host);
            Ok(())
        })
    }

    /// More pages follow, from this state on.
    #[must_use]
    pub fn more(mut self, paging_state: impl Into<Vec<u8>>) -> Self {
        self.next = Some(paging_state.into());
        self
    }

    /// Sets how many attempts it took. Default: 1.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The response.
    ///
    /// # Errors
    /// `Config` for a type that does not exist, `Serialization` for the first row that did not fit.
    pub fn response(&self) -> Result<Response, Error> {
        let next = self.next.as_ref();
        let next = next.map(|state| PagingState::new_from_raw_bytes(state.as_slice()));
        Response::made(self.made.clone()?, next, self.attempts)
    }
}

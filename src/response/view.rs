//! The rows of a page, wherever they came from.

use scylla::deserialize::result::TypedRowIterator;
use scylla::deserialize::row::DeserializeRow;
use scylla::response::query_result::{ColumnSpecs, QueryRowsResult};

#[cfg(feature = "test-util")]
use super::made::Made;
use crate::error::Error;

#[derive(Clone, Copy)]
pub(super) enum RowsView<'a> {
    Driver(&'a QueryRowsResult),
    #[cfg(feature = "test-util")]
    Made(&'a Made),
}

impl<'a> RowsView<'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Driver(rows) => rows.rows_num(),
            #[cfg(feature = "test-util")]
            Self::Made(made) => made.rows,
        }
    }

    pub(super) fn byte_len(self) -> usize {
        match self {
            Self::Driver(rows) => rows.rows_bytes_size(),
            #[cfg(feature = "test-util")]
            Self::Made(made) => made.bytes.len(),
        }
    }

    /// Can the number of rows be true? Every value has at least its length in front. Room is reserved by that number, so it is not believed
    /// just because a server says it.
    pub(super) fn has_room_for_its_rows(self) -> bool {
        let least = self.columns().len().saturating_mul(size_of::<i32>());
        match self.byte_len().checked_div(least) {
            Some(most) => self.len() <= most,
            None => self.len() == 0,
        }
    }

    pub(super) fn columns(self) -> ColumnSpecs<'a, 'a> {
        match self {
            Self::Driver(rows) => rows.column_specs(),
            #[cfg(feature = "test-util")]
            Self::Made(made) => ColumnSpecs::new(made.columns()),
        }
    }

    pub(super) fn rows<R: DeserializeRow<'a, 'a>>(self) -> Result<TypedRowIterator<'a, 'a, R>, Error> {
        match self {
            Self::Driver(rows) => rows.rows::<R>().map_err(Error::decode),
            #[cfg(feature = "test-util")]
            Self::Made(made) => {
                use scylla_cql_core::deserialize::FrameSlice;
                use scylla_cql_core::deserialize::result::RawRowIterator;

                let rows = RawRowIterator::new(made.rows, made.columns(), FrameSlice::new(&made.bytes));
                TypedRowIterator::new(rows).map_err(Error::decode)
            }
        }
    }

    /// The first row, if there is one.
    pub(super) fn first<R: DeserializeRow<'a, 'a>>(self) -> Result<Option<R>, Error> {
        self.rows()?.next().transpose().map_err(Error::decode)
    }
}

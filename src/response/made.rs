//! Pages that no driver gave: the same bytes as of a server, without one. For `test_util`.

use bytes::Bytes;
use scylla::frame::response::result::ColumnSpec;
use scylla::response::PagingState;
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use uuid::Uuid;

use super::page::{Page, Received};
use super::view::RowsView;
use super::{Response, verdict};
use crate::error::Error;

/// A page in the making. The rows stand one behind the other, as in the body of a result.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    pub(super) columns: Option<Vec<ColumnSpec<'static>>>,
    pub(super) rows: usize,
    cells: Vec<u8>,
    pub(super) bytes: Bytes,
    pub(crate) warnings: Vec<String>,
    pub(crate) tracing_id: Option<Uuid>,
    pub(crate) coordinator: Option<Uuid>,
}

impl Made {
    pub(crate) fn with_columns(columns: Vec<ColumnSpec<'static>>) -> Self {
        Self {
            columns: Some(columns),
            ..Self::default()
        }
    }

    pub(crate) fn push(&mut self, row: &impl SerializeRow) -> Result<(), SerializationError> {
        let columns = self.columns.as_deref().unwrap_or_default();
        let before = self.cells.len();
        let context = RowSerializationContext::from_specs(columns);
        row.serialize(&context, &mut RowWriter::new(&mut self.cells))
            .inspect_err(|_| self.cells.truncate(before))?;
        self.rows += 1;
        Ok(())
    }

    pub(super) fn columns(&self) -> &[ColumnSpec<'static>] {
        self.columns.as_deref().unwrap_or_default()
    }
}

impl Response {
    /// A response of one page.
    pub(crate) fn made(mut made: Made, next: Option<PagingState>, attempts: u32) -> Result<Self, Error> {
        made.bytes = Bytes::from(std::mem::take(&mut made.cells));
        let verdict = match made.columns {
            Some(_) => verdict::of(RowsView::Made(&made)).map_err(Error::decode)?,
            None => None,
        };
        Ok(Self {
            first: Page::Made(Received::new(made)),
            verdict,
            next,
            attempts,
            ..Self::default()
        })
    }
}

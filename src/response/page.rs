use scylla::response::query_result::{QueryResult, QueryRowsResult};
use uuid::Uuid;

#[cfg(feature = "test-util")]
use super::made::Made;
use super::view::RowsView;

/// One page as the driver gave it.
#[derive(Default)]
pub(super) enum Page {
    /// Nothing came from a server: a mock, or a PREPARE.
    #[default]
    None,
    // Boxed, as the driver's results are large and a response is handed through every layer.
    Empty(Box<QueryResult>),
    Rows(Box<QueryRowsResult>),
    /// With or without rows, and without a server.
    #[cfg(feature = "test-util")]
    Made(Box<Made>),
}

impl Page {
    pub(super) fn rows(&self) -> Option<RowsView<'_>> {
        match self {
            Self::Rows(rows) => Some(RowsView::Driver(rows)),
            #[cfg(feature = "test-util")]
            Self::Made(made) => made.columns.as_ref().map(|_| RowsView::Made(made)),
            Self::None | Self::Empty(_) => None,
        }
    }

    pub(super) fn warnings(&self) -> impl Iterator<Item = &str> {
        #[allow(unused_mut)]
        let (mut rows, mut empty, mut made) = (None, None, [].as_slice());
        match self {
            Self::None => {}
            Self::Empty(result) => empty = Some(&**result),
            Self::Rows(result) => rows = Some(&**result),
            #[cfg(feature = "test-util")]
            Self::Made(page) => made = page.warnings.as_slice(),
        }
        rows.into_iter()
            .flat_map(QueryRowsResult::warnings)
            .chain(empty.into_iter().flat_map(QueryResult::warnings))
            .chain(made.iter().map(String::as_str))
    }

    pub(super) fn tracing_id(&self) -> Option<Uuid> {
        match self {
            Self::None => None,
            Self::Empty(result) => result.tracing_id(),
            Self::Rows(rows) => rows.tracing_id(),
            #[cfg(feature = "test-util")]
            Self::Made(made) => made.tracing_id,
        }
    }

    pub(super) fn coordinator(&self) -> Option<Uuid> {
        match self {
            Self::None => None,
            Self::Empty(result) => Some(result.request_coordinator().node().host_id),
            Self::Rows(rows) => Some(rows.request_coordinator().node().host_id),
            #[cfg(feature = "test-util")]
            Self::Made(made) => made.coordinator,
        }
    }
}

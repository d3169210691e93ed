use scylla::response::query_result::{QueryResult, QueryRowsResult};
use uuid::Uuid;

/// One page as the driver gave it.
#[derive(Default)]
pub(super) enum Page {
    /// Nothing came from a server: a mock, or a PREPARE.
    #[default]
    None,
    Empty(QueryResult),
    Rows(QueryRowsResult),
}

impl Page {
    pub(super) const fn rows(&self) -> Option<&QueryRowsResult> {
        match self {
            Self::Rows(rows) => Some(rows),
            Self::None | Self::Empty(_) => None,
        }
    }

    pub(super) fn warnings(&self) -> impl Iterator<Item = &str> {
        let (rows, empty) = match self {
            Self::None => (None, None),
            Self::Empty(result) => (None, Some(result)),
            Self::Rows(rows) => (Some(rows), None),
        };
        rows.into_iter()
            .flat_map(QueryRowsResult::warnings)
            .chain(empty.into_iter().flat_map(QueryResult::warnings))
    }

    pub(super) fn tracing_id(&self) -> Option<Uuid> {
        match self {
            Self::None => None,
            Self::Empty(result) => result.tracing_id(),
            Self::Rows(rows) => rows.tracing_id(),
        }
    }

    pub(super) fn coordinator(&self) -> Option<Uuid> {
        match self {
            Self::None => None,
            Self::Empty(result) => Some(result.request_coordinator().node().host_id),
            Self::Rows(rows) => Some(rows.request_coordinator().node().host_id),
        }
    }
}

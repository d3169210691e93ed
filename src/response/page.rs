use scylla::response::query_result::{QueryResult, QueryRowsResult};
use uuid::Uuid;

use super::figures::Figures;
#[cfg(feature = "test-util")]
use super::made::Made;
use super::view::RowsView;

/// A page with what is known of how it came here. In its box, where moving a response does not move it.
pub(super) struct Received<T> {
    pub(super) page: T,
    pub(super) figures: Figures,
}

impl<T> Received<T> {
    pub(super) fn new(page: T) -> Box<Self> {
        Box::new(Self {
            page,
            figures: Figures::default(),
        })
    }
}

/// What an answer without rows said. Not the driver's result, which holds its node, and with that the node's connections and the task that renews them:
/// a response that is kept would keep them beyond the end of the session.
pub(super) struct Told {
    coordinator: Uuid,
    tracing_id: Option<Uuid>,
    warnings: Box<[String]>,
}

impl Told {
    pub(super) fn by(result: &QueryResult) -> Self {
        Self {
            coordinator: result.request_coordinator().node().host_id,
            tracing_id: result.tracing_id(),
            warnings: result.warnings().map(str::to_owned).collect(),
        }
    }
}

/// One page as the driver gave it.
#[derive(Default)]
pub(super) enum Page {
    /// Nothing came from a server: a mock, or a PREPARE.
    #[default]
    None,
    /// The same, after failures.
    Bare(Box<Figures>),
    // Boxed, as the driver's results are large and a response is handed through every layer.
    Empty(Box<Received<Told>>),
    Rows(Box<Received<QueryRowsResult>>),
    /// With or without rows, and without a server.
    #[cfg(feature = "test-util")]
    Made(Box<Received<Made>>),
}

impl Page {
    pub(super) fn rows(&self) -> Option<RowsView<'_>> {
        match self {
            Self::Rows(rows) => Some(RowsView::Driver(&rows.page)),
            #[cfg(feature = "test-util")]
            Self::Made(made) => made.page.columns.as_ref().map(|_| RowsView::Made(&made.page)),
            Self::None | Self::Bare(_) | Self::Empty(_) => None,
        }
    }

    pub(super) fn warnings(&self) -> impl Iterator<Item = &str> {
        let (mut rows, mut told) = (None, [].as_slice());
        match self {
            Self::None | Self::Bare(_) => {}
            Self::Empty(result) => told = &result.page.warnings,
            Self::Rows(result) => rows = Some(&result.page),
            #[cfg(feature = "test-util")]
            Self::Made(page) => told = page.page.warnings.as_slice(),
        }
        rows.into_iter()
            .flat_map(QueryRowsResult::warnings)
            .chain(told.iter().map(String::as_str))
    }

    pub(super) fn tracing_id(&self) -> Option<Uuid> {
        match self {
            Self::None | Self::Bare(_) => None,
            Self::Empty(result) => result.page.tracing_id,
            Self::Rows(rows) => rows.page.tracing_id(),
            #[cfg(feature = "test-util")]
            Self::Made(made) => made.page.tracing_id,
        }
    }

    pub(super) fn coordinator(&self) -> Option<Uuid> {
        match self {
            Self::None | Self::Bare(_) => None,
            Self::Empty(result) => Some(result.page.coordinator),
            Self::Rows(rows) => Some(rows.page.request_coordinator().node().host_id),
            #[cfg(feature = "test-util")]
            Self::Made(made) => made.page.coordinator,
        }
    }

    pub(super) fn figures(&self) -> Option<&Figures> {
        match self {
            Self::None => None,
            Self::Bare(figures) => Some(figures),
            Self::Empty(result) => Some(&result.figures),
            Self::Rows(rows) => Some(&rows.figures),
            #[cfg(feature = "test-util")]
            Self::Made(made) => Some(&made.figures),
        }
    }

    pub(super) fn figures_mut(&mut self) -> Option<&mut Figures> {
        match self {
            Self::None => None,
            Self::Bare(figures) => Some(figures),
            Self::Empty(result) => Some(&mut result.figures),
            Self::Rows(rows) => Some(&mut rows.figures),
            #[cfg(feature = "test-util")]
            Self::Made(made) => Some(&mut made.figures),
        }
    }
}

//! Reading one range: its statement, and asking again when a page fails.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use tower_cassandra_layers::request::{Deadline, Limit};

use super::builder::Change;
use super::handle::ScanHandle;
use super::range::TokenRange;
use crate::error::Error;
use crate::session::{Pager, Session};
use crate::statement::{Prepared, Statement, What};
use crate::stream::{Page, PageState};

/// What all ranges have in common.
pub(super) struct Reader {
    pub(super) session: Session,
    pub(super) runtime: Handle,
    pub(super) prepared: Prepared,
    pub(super) page_size: u32,
    pub(super) page_timeout: Option<Option<Duration>>,
    pub(super) deadline: Option<Instant>,
    pub(super) retries: u32,
    pub(super) change: Option<Change>,
}

/// A range that is being read.
pub(super) struct Piece {
    pub(super) range: TokenRange,
    pub(super) at: PageState,
    pager: Box<Pager>,
    /// Of the scan, or of its statements.
    deadline: Option<Instant>,
    retries: u32,
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Reader {
    pub(super) fn open(&self, range: TokenRange, at: PageState) -> Result<Piece, Error> {
        let mut pager = Box::new(Pager::new(self.session.clone(), self.statement(range)?));
        Ok(Piece {
            range,
            at,
            deadline: pager.begin(None),
            pager,
            retries: self.retries,
        })
    }

    fn statement(&self, range: TokenRange) -> Result<Statement, Error> {
        let mut statement = self
            .prepared
            .bind((range.after, range.until))?
            .page_size(self.page_size);
        // All of the range is where its last token is: the balancer chooses among the replicas.
        if let What::Bound { token, .. } = &mut statement.what {
            *token = Some(range.until);
        }
        if let Some(limit) = self.page_timeout {
            statement = statement.timeout(limit);
        }
        if let Some(change) = &self.change {
            statement = change(statement);
        }
        if let Some(at) = self.deadline {
            statement.context.shorten(Deadline::at(at));
        }
        Ok(statement)
    }
}

impl Piece {
    /// Its next page, asked for again when the error may pass.
    pub(super) async fn read(mut self, handle: ScanHandle) -> (Self, Result<Page, Error>) {
        let mut pause = FIRST_PAUSE;
        for _ in 0..self.retries {
            match self.pager.page(&self.at).await {
                Err(error) if error.is_transient() && error.timeout() != Some(Limit::Deadline) => {
                    let left = self
                        .deadline
                        .map(|at| at.saturating_duration_since(Instant::now()));
                    if left.is_some_and(|left| left <= pause) {
                        return (self, Err(error));
                    }
                }
                page => return (self, page),
            }
            handle.retried();
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        let page = self.pager.page(&self.at).await;
        (self, page)
    }
}

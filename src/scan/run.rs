use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use scylla::deserialize::row::DeserializeRow;
use tokio::task::JoinSet;

use super::handle::ScanHandle;
use super::range::{TokenRange, join};
use super::reader::{Piece, Reader};
use super::state::{Mark, ScanState};
use crate::error::Error;
use crate::stream::{Decoder, Page, PageState};

/// What is to be read.
pub(super) struct Plan {
    pub(super) identity: u64,
    /// Ranges that an earlier scan had begun.
    pub(super) marks: Vec<Mark>,
    pub(super) waiting: VecDeque<TokenRange>,
    pub(super) concurrency: usize,
}

/// The rows of a table, range by range, several ranges at a time. Made by [`ScanTable::start`](super::ScanTable::start).
///
/// It is a [`Stream`] of `Result<T, Error>`, without an order among ranges. After an error it ends; [`state`](Self::state) is where to go on. Dropping it
/// cancels what is under way.
pub struct TableScan<T> {
    pub(super) reader: Reader,
    identity: u64,
    pub(super) concurrency: usize,
    /// Begun earlier and not opened yet.
    pub(super) begun: VecDeque<Mark>,
    pub(super) waiting: VecDeque<TokenRange>,
    /// Pages that are read or have come, never more than `concurrency`. Each in a task, so that none waits for its permit, its answer
    /// or its limit until the consumer has time.
    pub(super) reading: JoinSet<(Piece, Result<Page, Error>)>,
    pub(super) current: Option<Current<T>>,
    /// Where each open range goes on, by its beginning. The page that is being given out counts as not read.
    pub(super) places: BTreeMap<i64, Mark>,
    pub(super) handle: ScanHandle,
    pub(super) over: bool,
}

/// The page whose rows are being given out.
pub(super) struct Current<T> {
    pub(super) rows: Decoder<T>,
    pub(super) range: TokenRange,
    pub(super) next: Option<PageState>,
}

impl<T> TableScan<T>
where
    T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
{
    pub(super) fn new(plan: Plan, reader: Reader) -> Self {
        let begun = plan.marks.iter().map(|mark| mark.range);
        let all: Vec<TokenRange> = begun.chain(plan.waiting.iter().copied()).collect();
        let left = all
            .iter()
            .fold(0_u64, |sum, range| sum.saturating_add(range.width()));
        Self {
            reader,
            identity: plan.identity,
            concurrency: plan.concurrency,
            begun: plan.marks.into(),
            waiting: plan.waiting,
            reading: JoinSet::new(),
            current: None,
            places: BTreeMap::new(),
            handle: ScanHandle::new(left, all.len()),
            over: false,
        }
    }

    /// The next row; none at the end. Dropping the future loses nothing.
    ///
    /// # Errors
    /// As [`Session::execute`](crate::Session::execute) after the retries of the range, and `Decode` when a row does not fit `T`. The scan then ends.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|cx| self.poll_row(cx)).await
    }

    /// How far it is, to go on from: exactly the rows that were given out are done.
    #[must_use]
    pub fn state(&self) -> ScanState {
        let mut begun: Vec<Mark> = self.begun.iter().cloned().collect();
        begun.extend(self.places.values().map(|mark| match &self.current {
            Some(current) if current.range == mark.range => Mark {
                range: mark.range,
                place: current.rows.place(),
            },
            _ => mark.clone(),
        }));
        // One of which nothing was given yet is as good as one that waits.
        let (fresh, begun): (Vec<Mark>, Vec<Mark>) =
            begun.into_iter().partition(|mark| mark.place.is_start());
        let fresh = fresh.into_iter().map(|mark| mark.range);
        ScanState {
            table: self.identity,
            begun,
            waiting: join(self.waiting.iter().copied().chain(fresh).collect()),
        }
    }

    /// Progress and the way to cancel it, for use from elsewhere.
    #[must_use]
    pub fn handle(&self) -> ScanHandle {
        self.handle.clone()
    }

    /// Ends it. Its tasks end with it and give back what they hold. The next item is the end; [`state`](Self::state) still says where to go on. It may be called any
    /// number of times.
    pub fn close(&mut self) {
        if let Some(current) = self.current.take() {
            let place = current.rows.place();
            self.places
                .entry(current.range.after)
                .and_modify(|mark| mark.place = place);
        }
        self.over = true;
        // Ends its tasks.
        self.reading = JoinSet::new();
    }
}

impl<T> Stream for TableScan<T>
where
    T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
{
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_row(cx)
    }
}

impl<T> fmt::Debug for TableScan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableScan")
            .field("waiting", &self.waiting.len())
            .field("open", &self.places.len())
            .field("over", &self.over)
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}

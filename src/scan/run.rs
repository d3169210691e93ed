use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_util::stream::{FuturesUnordered, StreamExt};
use scylla::deserialize::row::DeserializeRow;
use tokio::task::coop;
use tokio::time::Instant;
use tower_cassandra_layers::classify::Applied;
use tower_cassandra_layers::request::Limit;

use super::handle::ScanHandle;
use super::range::{TokenRange, join};
use super::reader::Piece;
pub(super) use super::reader::Reader;
use super::state::{Mark, ScanState};
use crate::error::Error;
use crate::stream::{Decoder, Page, PageState};

type Reading = Pin<Box<dyn Future<Output = (Piece, Result<Page, Error>)> + Send>>;

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
    reader: Reader,
    identity: u64,
    concurrency: usize,
    /// Begun earlier and not opened yet.
    begun: VecDeque<Mark>,
    waiting: VecDeque<TokenRange>,
    reading: FuturesUnordered<Reading>,
    /// Pages whose turn has not come. With those being read never more than `concurrency`.
    arrived: VecDeque<(Piece, Page)>,
    current: Option<Current<T>>,
    /// Where each open range goes on, by its beginning. The page that is being given out counts as not read.
    places: BTreeMap<i64, Mark>,
    handle: ScanHandle,
    over: bool,
}

/// The page whose rows are being given out.
struct Current<T> {
    rows: Decoder<T>,
    range: TokenRange,
    start: PageState,
    next: Option<PageState>,
    total: usize,
    given: usize,
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
            reading: FuturesUnordered::new(),
            arrived: VecDeque::new(),
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
                place: current.start.after(current.given),
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

    /// Ends it and gives everything back. The next item is the end; [`state`](Self::state) still says where to go on. It may be called any
    /// number of times.
    pub fn close(&mut self) {
        if let Some(current) = self.current.take() {
            let place = current.start.after(current.given);
            self.places
                .entry(current.range.after)
                .and_modify(|mark| mark.place = place);
        }
        self.over = true;
        self.reading.clear();
        self.arrived.clear();
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<T, Error>>> {
        self.close();
        Poll::Ready(Some(Err(error)))
    }

    /// Opens ranges while there is room.
    fn fill(&mut self) -> Result<(), Error> {
        while self.reading.len() + self.arrived.len() < self.concurrency {
            let mark = match (self.begun.pop_front(), self.waiting.front()) {
                (Some(mark), _) => mark,
                (None, Some(range)) => {
                    let range = *range;
                    self.waiting.pop_front();
                    Mark {
                        range,
                        place: PageState::start(),
                    }
                }
                (None, None) => return Ok(()),
            };
            let piece = self.reader.open(mark.range, mark.place.clone());
            self.places.insert(mark.range.after, mark);
            self.read(piece?);
        }
        Ok(())
    }

    fn read(&self, piece: Piece) {
        self.reading.push(Box::pin(piece.read(self.handle.clone())));
    }

    /// Begins to give out a page, and asks for the one behind it.
    fn take_up(&mut self, mut piece: Piece, page: Page) {
        self.handle.shared().count_page(page.byte_len());
        let (range, next) = (piece.range, page.next().cloned());
        if let Some(next) = &next {
            piece.at = next.clone();
            self.read(piece);
        }
        if page.is_empty() {
            return self.page_done(range, next);
        }
        self.current = Some(Current {
            range,
            start: page.start().clone(),
            next,
            total: page.len(),
            given: 0,
            rows: Decoder::new(page),
        });
    }

    fn page_done(&mut self, range: TokenRange, next: Option<PageState>) {
        match next {
            Some(place) => {
                self.places.insert(range.after, Mark { range, place });
            }
            None => {
                self.places.remove(&range.after);
                self.handle.range_done(range.width());
            }
        }
    }

    fn is_late(&self) -> bool {
        self.reader.deadline.is_some_and(|at| Instant::now() >= at)
    }

    fn poll_row(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            if self.handle.is_cancelled() {
                self.close();
            }
            if self.over {
                return Poll::Ready(None);
            }
            if self.is_late() {
                let nature = self.reader.prepared.nature();
                return self.fail(Error::timed_out(Limit::Deadline, Applied::No).judged(nature));
            }
            if let Some(current) = &mut self.current {
                match ready!(current.rows.poll_row(cx)) {
                    Some(Err(error)) => return self.fail(error),
                    Some(Ok(row)) => {
                        current.given += 1;
                        self.handle.shared().count_rows(1);
                        if current.given >= current.total {
                            self.leave_page();
                        }
                        return Poll::Ready(Some(Ok(row)));
                    }
                    None => self.leave_page(),
                }
                continue;
            }
            // Before the flag is read again, so that a cancel in between wakes us.
            self.handle.shared().consumer.register(cx.waker());
            if self.handle.is_cancelled() {
                continue;
            }
            if let Err(error) = self.fill() {
                return self.fail(error);
            }
            if let Some((piece, page)) = self.arrived.pop_front() {
                self.take_up(piece, page);
                continue;
            }
            let turn = ready!(coop::poll_proceed(cx));
            let read = ready!(self.reading.poll_next_unpin(cx));
            turn.made_progress();
            match read {
                Some((piece, Ok(page))) => self.arrived.push_back((piece, page)),
                Some((_, Err(error))) => return self.fail(error),
                None => self.over = true,
            }
        }
    }

    fn leave_page(&mut self) {
        if let Some(current) = self.current.take() {
            self.page_done(current.range, current.next);
        }
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

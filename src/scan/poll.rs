//! The next row of a scan: ranges opened, pages taken up as they come, rows given out.

use std::task::{Context, Poll, ready};

use scylla::deserialize::row::DeserializeRow;
use tokio::time::Instant;
use tower_cassandra_layers::classify::Applied;
use tower_cassandra_layers::request::Limit;
use tracing::Instrument;

use super::range::TokenRange;
use super::reader::Piece;
use super::run::{Current, TableScan};
use super::state::Mark;
use crate::error::Error;
use crate::stream::{Decoder, Page, PageState};

impl<T> TableScan<T>
where
    T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
{
    fn fail(&mut self, error: Error) -> Poll<Option<Result<T, Error>>> {
        self.close();
        Poll::Ready(Some(Err(error)))
    }

    /// Opens ranges while there is room.
    fn fill(&mut self) -> Result<(), Error> {
        while self.reading.len() < self.concurrency {
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

    fn read(&mut self, piece: Piece) {
        let page = piece.read(self.handle.clone()).in_current_span();
        self.reading.spawn_on(page, &self.reader.runtime);
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
            next,
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

    pub(super) fn poll_row(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
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
                        if current.rows.is_done() {
                            self.leave_page();
                        }
                        self.handle.shared().count_rows(1);
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
            // It draws on the budget of the task: a table of empty pages does not keep the thread for itself.
            match ready!(self.reading.poll_join_next(cx)) {
                Some(Ok((piece, Ok(page)))) => self.take_up(piece, page),
                Some(Ok((_, Err(error)))) => return self.fail(error),
                Some(Err(_)) => {
                    return self.fail(Error::internal("the service panicked while it read a page"));
                }
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

//! The rows of one page, decoded one at a time, without copying the page.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use scylla::deserialize::row::DeserializeRow;
use tokio::task::coop;

use super::page::Page;
use super::state::PageState;
use crate::error::Error;

/// Bytes of a row that count as much as a small row when it comes to letting other tasks run. Decoding a unit takes about a
/// microsecond, and tokio's budget is 128 units, so others wait a fraction of a millisecond.
const UNIT: usize = 4 * 1_024;

/// A row never counts as more, so that it fits into a budget that others have drawn on.
const MOST: usize = 64;

type Slot<T> = Arc<Mutex<Option<Result<T, Error>>>>;

/// Rows that are left to be decoded.
///
/// An iterator over a page borrows from it. To have both in one place without `unsafe` there is a future, made by the compiler, that
/// owns the page, puts one row into the slot each time it is polled, and is ready after the last one.
pub(crate) struct Decoder<T> {
    rows: Pin<Box<dyn Future<Output = ()> + Send>>,
    slot: Slot<T>,
    /// What one row draws on the budget, and what is still to be drawn for the next.
    cost: u8,
    owed: u8,
    start: PageState,
    total: usize,
    given: usize,
}

impl<T> Decoder<T>
where
    T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
{
    pub(crate) fn new(page: Page) -> Self {
        let units = page.byte_len() / page.len().max(1) / UNIT;
        let cost = u8::try_from(units.min(MOST)).unwrap_or(u8::MAX).max(1);
        let (start, total) = (page.start().clone(), page.len());
        let slot = Slot::default();
        let rows = Box::pin(decode(page, Arc::clone(&slot)));
        Self {
            rows,
            slot,
            cost,
            owed: cost,
            start,
            total,
            given: 0,
        }
    }

    /// The next row; none after the last one. Not ready when other tasks should run first.
    pub(crate) fn poll_row(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        while self.owed > 0 {
            ready!(coop::poll_proceed(cx)).made_progress();
            self.owed -= 1;
        }
        self.owed = self.cost;
        // It waits for nothing: it is pending because there is a row.
        let _ = self.rows.as_mut().poll(cx);
        let row = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Ok(_)) = row {
            self.given += 1;
        }
        Poll::Ready(row)
    }
}

impl<T> Decoder<T> {
    /// Behind the last row that was given.
    pub(crate) fn place(&self) -> PageState {
        self.start.after(self.given)
    }

    /// Was the last row given? The page should go with it, not when the next one is asked for.
    pub(crate) const fn is_done(&self) -> bool {
        self.given >= self.total
    }
}

async fn decode<T>(page: Page, slot: Slot<T>)
where
    T: for<'frame> DeserializeRow<'frame, 'frame> + Send + 'static,
{
    let put = |row| *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(row);
    let (response, skip) = page.into_parts();
    let rows = match response.page_iter::<T>() {
        Ok(rows) => rows,
        Err(error) => return put(Err(error)),
    };
    for row in rows.skip(skip) {
        put(row);
        GiveWay::default().await;
    }
}

/// Pending once.
#[derive(Default)]
struct GiveWay(bool);

impl Future for GiveWay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

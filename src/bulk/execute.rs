use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{self, Context, Poll};

use futures_core::Stream;
use futures_util::FutureExt;
use futures_util::stream::{Fuse, FuturesUnordered, StreamExt};
use tokio::task::coop;

use super::progress::BulkProgress;
use super::source::IntoStatement;
use super::summary::{BulkError, BulkSummary};
use crate::error::Error;
use crate::response::Response;
use crate::session::Session;

type Running = Pin<Box<dyn Future<Output = BulkItem> + Send>>;

/// What came of one statement of many.
#[derive(Debug)]
#[non_exhaustive]
pub struct BulkItem {
    /// The number of the statement in the order of the producer, from 0.
    pub index: u64,
    /// Its own outcome, with all that [`Session::execute`] says.
    pub result: Result<Response, Error>,
}

/// Many statements, some at a time. Made by [`Session::execute_many`] and [`Session::execute_many_from`].
///
/// It is a [`Stream`] of [`BulkItem`]s, one per statement; [`run`](Self::run) is for those who need no results.
#[must_use = "it does nothing unless polled"]
pub struct ExecuteMany<S> {
    session: Session,
    source: Fuse<S>,
    concurrency: usize,
    in_order: bool,
    go_on: bool,
    running: FuturesUnordered<Running>,
    /// Done, and waiting for an earlier one; only with `in_order`.
    early: BTreeMap<u64, BulkItem>,
    next: u64,
    progress: BulkProgress,
    checked: bool,
}

impl<S> ExecuteMany<S> {
    /// How many statements are under way at a time where nothing else is said. More fill the queues of a node without making it faster.
    pub const CONCURRENCY: usize = 128;

    pub(super) fn new(session: Session, source: S) -> Self
    where
        S: Stream,
    {
        Self {
            session,
            source: source.fuse(),
            concurrency: Self::CONCURRENCY,
            in_order: false,
            go_on: false,
            running: FuturesUnordered::new(),
            early: BTreeMap::new(),
            next: 0,
            progress: BulkProgress::default(),
            checked: false,
        }
    }

    /// Sets how many are under way at a time; default 128. The producer is asked for no more than there is room for. 0 is refused.
    pub const fn concurrency(mut self, statements: usize) -> Self {
        self.concurrency = statements;
        self
    }

    /// Gives the results in the order of the producer instead of as they come. One that is slow holds up those behind it, and with them
    /// the producer: what waits for it counts against the concurrency.
    pub const fn in_order(mut self) -> Self {
        self.in_order = true;
        self
    }

    /// Goes on after an error. By default the first one ends it: nothing more is started, and what is under way is waited for, so that
    /// the outcome of everything that was sent is known.
    pub const fn keep_going(mut self) -> Self {
        self.go_on = true;
        self
    }

    /// Counters, and the way to stop it, for use from elsewhere.
    #[must_use]
    pub fn progress(&self) -> BulkProgress {
        self.progress.clone()
    }
}

impl<S> ExecuteMany<S>
where
    S: Stream + Unpin,
    S::Item: IntoStatement,
{
    /// Runs them all and keeps no results.
    ///
    /// # Errors
    /// The failures, with their numbers. Without [`keep_going`](Self::keep_going) nothing was started after the first one.
    ///
    /// Dropping the future cancels what is under way; it may still be applied.
    pub async fn run(mut self) -> Result<BulkSummary, BulkError> {
        let (mut summary, mut failures) = (BulkSummary::default(), Vec::new());
        while let Some(BulkItem { index, result }) = self.next().await {
            match result {
                Ok(_) => summary.succeeded += 1,
                Err(error) => {
                    summary.failed += 1;
                    if failures.len() < FAILURES {
                        failures.push((index, error));
                    }
                }
            }
        }
        if summary.failed == 0 {
            Ok(summary)
        } else {
            Err(BulkError::new(summary, failures))
        }
    }

    /// The next result; none when all are there. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<BulkItem> {
        std::future::poll_fn(|cx| self.poll_item(cx)).await
    }

    /// Takes as many statements from the producer as there is room for. True when there will be no more.
    fn fill(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            if self.progress.is_stopped() {
                return true;
            }
            if self.running.len() + self.early.len() >= self.concurrency {
                return false;
            }
            match self.source.poll_next_unpin(cx) {
                Poll::Pending => return false,
                Poll::Ready(None) => return true,
                Poll::Ready(Some(statement)) => self.start(statement),
            }
        }
    }

    fn start(&mut self, statement: S::Item) {
        let index = self.progress.start();
        let item = move |result| BulkItem { index, result };
        self.running.push(match statement.into_statement() {
            // Each item draws on the budget of the task, not each wait within a call: with the budget gone, every call that has its answer
            // would be polled in vain, again and again, and a few hundred answers often come at once.
            Ok(statement) => Box::pin(coop::unconstrained(
                self.session.execute_owned(statement).map(item),
            )),
            Err(error) => Box::pin(ready(item(Err(error)))),
        });
    }

    /// What may be given out now.
    fn take(&mut self, cx: &mut Context<'_>) -> Poll<Option<BulkItem>> {
        loop {
            if let Some(item) = self.early.remove(&self.next) {
                self.next += 1;
                return Poll::Ready(Some(item));
            }
            let Some(item) = task::ready!(self.running.poll_next_unpin(cx)) else {
                return Poll::Ready(None);
            };
            self.progress.done(item.result.is_ok());
            if item.result.is_err() && !self.go_on {
                self.progress.stop();
            }
            if !self.in_order {
                return Poll::Ready(Some(item));
            }
            self.early.insert(item.index, item);
        }
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<BulkItem>> {
        // An iterator and a service that are always ready must not keep the thread for themselves.
        let turn = task::ready!(coop::poll_proceed(cx));
        self.progress.consumer().register(cx.waker());
        if !self.checked {
            self.checked = true;
            if self.concurrency == 0 {
                self.progress.stop();
                turn.made_progress();
                let error = Error::config("concurrency", 0, "at least 1 statement at a time");
                return Poll::Ready(Some(BulkItem {
                    index: 0,
                    result: Err(error),
                }));
            }
        }
        let over = self.fill(cx);
        match self.take(cx) {
            Poll::Ready(None) if !over => Poll::Pending,
            Poll::Ready(item) => {
                turn.made_progress();
                Poll::Ready(item)
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

/// How many failures `run` keeps.
const FAILURES: usize = 1_000;

impl<S> Stream for ExecuteMany<S>
where
    S: Stream + Unpin,
    S::Item: IntoStatement,
{
    type Item = BulkItem;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<BulkItem>> {
        self.get_mut().poll_item(cx)
    }
}

impl<S> fmt::Debug for ExecuteMany<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecuteMany")
            .field("concurrency", &self.concurrency)
            .field("in_order", &self.in_order)
            .field("keep_going", &self.go_on)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

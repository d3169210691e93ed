//! Where the next page comes from: read when it is asked for, or by a task that is one page ahead.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tracing::Instrument;

use super::handle::Shared;
use super::page::Page;
use super::state::PageState;
use crate::error::Error;
use crate::session::Pager;

type Reading = Pin<Box<dyn Future<Output = (Box<Pager>, Result<Page, Error>)> + Send>>;

/// One page of a stream at a time.
pub(super) enum Fetch {
    /// Nothing is under way.
    Idle(Box<Pager>),
    Reading(Reading),
    Ahead(Ahead),
    /// Nothing will come any more.
    Over,
}

/// A task that reads ahead. It has begun no page before there is room for it: a page that waits is the one that was prefetched.
pub(super) struct Ahead {
    pages: mpsc::Receiver<Result<Page, Error>>,
    task: AbortHandle,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fetch {
    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    /// Starts the task that reads from there on, at most so many pages.
    pub(super) fn ahead(
        mut pager: Box<Pager>,
        from: PageState,
        max_pages: Option<u64>,
        shared: &Shared,
    ) -> Result<Self, Error> {
        let runtime =
            Handle::try_current().map_err(|_| Error::config("prefetch", 1, "0 outside a tokio runtime"))?;
        let (sender, pages) = mpsc::channel(1);
        let reading = async move {
            let (mut at, mut left) = (Some(from), max_pages.unwrap_or(u64::MAX));
            while let (Some(from), 1..) = (at.take(), left) {
                let Ok(room) = sender.reserve().await else {
                    return;
                };
                let page = pager.page(&from).await;
                left -= 1;
                at = page.as_ref().ok().and_then(Page::next).cloned();
                room.send(page);
            }
        };
        let task = runtime.spawn(reading.in_current_span()).abort_handle();
        let ahead = Ahead { pages, task };
        if shared.set_ahead(ahead.task.clone()) {
            Ok(Self::Ahead(ahead))
        } else {
            Ok(Self::Over)
        }
    }

    /// The page that begins there. Ends as `Over` after an error.
    pub(super) fn poll(&mut self, from: &PageState, cx: &mut Context<'_>) -> Poll<Result<Page, Error>> {
        loop {
            match self {
                Self::Idle(_) => {
                    let Self::Idle(mut pager) = std::mem::replace(self, Self::Over) else {
                        continue;
                    };
                    let from = from.clone();
                    *self = Self::Reading(Box::pin(async move {
                        let page = pager.page(&from).await;
                        (pager, page)
                    }));
                }
                Self::Reading(reading) => {
                    let (pager, page) = ready!(reading.as_mut().poll(cx));
                    *self = if page.is_ok() {
                        Self::Idle(pager)
                    } else {
                        Self::Over
                    };
                    return Poll::Ready(page);
                }
                Self::Ahead(ahead) => {
                    let page = ready!(ahead.pages.poll_recv(cx))
                        .unwrap_or_else(|| Err(Error::internal("the service panicked while it read a page")));
                    if page.is_err() {
                        *self = Self::Over;
                    }
                    return Poll::Ready(page);
                }
                Self::Over => return Poll::Ready(Err(Error::internal("the stream is over"))),
            }
        }
    }
}

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Session, WeakSession};
use crate::error::{Error, ErrorKind};

/// How often it is looked at. A look costs microseconds, and who decides by it where to send requests wants to know soon.
const LOOK: Duration = Duration::from_millis(250);

/// Whether a session is ready, whenever that changes: first as it is now, then each change. From [`Session::watch_ready`].
///
/// It is a [`Stream`] of `bool`. It ends after a last `false` when the session is closed or nobody holds it any more; it does not keep the session. Dropping it is
/// all there is to do.
#[must_use = "streams do nothing unless polled"]
pub struct ReadyChanges {
    session: WeakSession,
    ticks: Option<Interval>,
    last: Option<bool>,
    over: bool,
}

impl fmt::Debug for ReadyChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyChanges")
            .field("last", &self.last)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Follows whether the session is ready, as [`check_ready`](Self::check_ready) says, which is asked four times a second. For whoever is to be told: the health
    /// reporter of a gRPC server, a status page. A session that knows no nodes is ready until it is closed.
    ///
    /// ```
    /// # async fn example(session: tower_cassandra::Session) {
    /// let mut changes = session.watch_ready();
    /// while let Some(ready) = changes.next().await {
    ///     println!("{}", if ready { "serving" } else { "not serving" });
    /// }
    /// # }
    /// ```
    pub fn watch_ready(&self) -> ReadyChanges {
        ReadyChanges {
            session: self.downgrade(),
            ticks: None,
            last: None,
            over: false,
        }
    }

    /// Why it is not ready; none while it is. One without nodes is ready.
    pub(crate) fn unready(&self) -> Option<Error> {
        self.check_ready()
            .err()
            .filter(|error| error.kind() != ErrorKind::Unsupported)
    }
}

impl ReadyChanges {
    /// The next change; none at the end. Dropping the future loses nothing. To be polled within a tokio runtime.
    pub async fn next(&mut self) -> Option<bool> {
        std::future::poll_fn(|cx| self.poll_change(cx)).await
    }

    fn poll_change(&mut self, cx: &mut Context<'_>) -> Poll<Option<bool>> {
        loop {
            if self.over {
                return Poll::Ready(None);
            }
            let ticks = self.ticks.get_or_insert_with(|| {
                let mut ticks = interval(LOOK);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                ticks
            });
            ready!(ticks.poll_tick(cx));
            let session = self.session.upgrade().filter(|session| !session.is_closed());
            self.over = session.is_none();
            let now = session.is_some_and(|session| session.unready().is_none());
            if self.last.replace(now) != Some(now) {
                return Poll::Ready(Some(now));
            }
        }
    }
}

impl Stream for ReadyChanges {
    type Item = bool;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<bool>> {
        self.get_mut().poll_change(cx)
    }
}

//! Adding up the attempts of one request.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tower_cassandra_layers::classify::{AttemptFigures, Stop};
use tower_cassandra_layers::{Applied, Limit, NodeId};
use uuid::Uuid;

use super::judge::Reached;
use super::row::Row;
use super::source::{Core, Detail, Source};
use super::{Error, ErrorKind, Inner};
use crate::nature::Nature;
use crate::timings::{AttemptTiming, Timings};

/// More than any sensible policy makes, and few enough to keep.
const REMEMBERED: usize = 16;

/// How one attempt failed.
#[derive(Clone)]
pub struct AttemptError {
    core: Arc<Core>,
    node: Option<Uuid>,
    applied: Applied,
    pause: Duration,
    elapsed: Duration,
}

impl AttemptError {
    /// The node it was sent to, where one was chosen.
    #[must_use]
    pub const fn node(&self) -> Option<Uuid> {
        self.node
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.core.kind()
    }

    /// May this attempt have been applied?
    #[must_use]
    pub const fn applied(&self) -> Applied {
        self.applied
    }

    /// How long it was waited between the attempt before and this one.
    #[must_use]
    pub const fn pause(&self) -> Duration {
        self.pause
    }

    /// From sending it on to its result.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

impl fmt::Display for AttemptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        if let Some(node) = self.node {
            write!(f, ", node {node}")?;
        }
        write!(f, ", after {:?}", self.elapsed)
    }
}

impl fmt::Debug for AttemptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptError")
            .field("kind", &self.kind())
            .field("node", &self.node)
            .field("applied", &self.applied)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}

impl StdError for AttemptError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.core.source()
    }
}

impl Error {
    /// Joins the error of an attempt to what the attempts before it left behind.
    #[must_use]
    pub(crate) fn accumulate(earlier: Option<Self>, error: Self, attempt: &AttemptFigures) -> Self {
        let mut new = Arc::unwrap_or_clone(error.0);
        let applied = attempt.failure.applied;
        new.node = attempt.node.map(|id| Uuid::from_u128(id.0)).or(new.node);
        // R2: one `Maybe` stays, whatever a later attempt says.
        new.earlier = new.earlier.worst(applied);
        new.sent |=
            applied != Applied::No || matches!(new.core.row.reached(), Reached::Silence | Reached::Server);
        new.stop = None;
        new.queue_wait = new.queue_wait.max(attempt.queued);
        // A retry further inside has already counted its own.
        if new.attempts.is_empty() {
            new.attempts.push(AttemptError {
                core: Arc::clone(&new.core),
                node: new.node,
                applied,
                pause: attempt.pause,
                elapsed: attempt.elapsed,
            });
        }
        let mut all = match earlier {
            Some(earlier) => Arc::unwrap_or_clone(earlier.0).followed_by(new),
            None => new,
        };
        let excess = all.attempts.len().saturating_sub(REMEMBERED);
        all.attempts.drain(..excess);
        if !all.sent && all.core.row.reached() == Reached::Nobody && all.core.row != Row::NoHost {
            all.core = Arc::new(Core::new(Row::NoHost, Detail::None, Source::Cause(all.core)));
        }
        Self(Arc::new(all))
    }

    /// The error of the one attempt of a call that began then, where no retry layer notes it. What never came as far as a node is left as it is.
    #[must_use]
    pub(crate) fn noted(self, began: Option<Instant>) -> Self {
        let (Some(began), Some(node), []) = (began, self.node(), self.attempts()) else {
            return self;
        };
        let figures = AttemptFigures {
            number: 1,
            node: Some(NodeId(node.as_u128())),
            queued: Duration::ZERO,
            pause: Duration::ZERO,
            elapsed: began.elapsed(),
            failure: self.judge(self.0.nature),
        };
        Self::accumulate(None, self, &figures)
    }

    /// Joins the failure of one try to connect to those before it. No node was asked for anything yet.
    #[must_use]
    pub(crate) fn after(earlier: Option<Self>, error: Self, elapsed: Duration) -> Self {
        let failure = error.judge(Nature::Other);
        let number = earlier.as_ref().map_or(0, |earlier| earlier.attempts().len()) + 1;
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        Self::accumulate(
            earlier,
            error,
            &AttemptFigures {
                number,
                node: None,
                queued: Duration::ZERO,
                pause: Duration::ZERO,
                elapsed,
                failure,
            },
        )
    }

    pub(crate) fn add_attempts_to(&self, timings: &mut Timings) {
        for attempt in self.attempts() {
            timings.push(AttemptTiming {
                node: attempt.node,
                pause: attempt.pause,
                elapsed: attempt.elapsed,
                error: Some(attempt.kind()),
                overtaken: false,
            });
        }
    }

    /// Where the time went: in queues, in pauses, in which attempts. Of the last sixteen attempts, and of an operation of many pages that of the page
    /// that failed. Without retries ([`no_retry`](crate::ClusterBuilder::no_retry)) the time in queues is part of the attempt's.
    #[must_use]
    pub fn timings(&self) -> Timings {
        let mut timings = Timings::default();
        timings.wait(self.0.prepare_wait, self.0.queue_wait);
        self.add_attempts_to(&mut timings);
        timings
    }

    /// Notes how long it waited for a PREPARE before the call that failed.
    #[must_use]
    pub(crate) fn after_prepare(mut self, waited: Duration) -> Self {
        if !waited.is_zero() {
            Arc::make_mut(&mut self.0).prepare_wait = waited;
        }
        self
    }

    /// The error a retry ends with. Nobody is to retry it once more.
    ///
    /// When no time was left it is a timeout of the call, whose source is the error it would have been.
    #[must_use]
    pub(crate) fn finish(self, why: Stop) -> Self {
        let mut error = match why {
            Stop::NoTimeLeft(limit) if !self.0.core.row.ends_the_call() => {
                self.cut(Row::LateUnsent, limit, None)
            }
            _ => self,
        };
        Arc::make_mut(&mut error.0).stop = Some(why);
        error
    }

    /// A time limit ended it: what it would have been without that becomes the source.
    pub(super) fn cut(self, row: Row, limit: Limit, waited: Option<Duration>) -> Self {
        let mut inner = Arc::unwrap_or_clone(self.0);
        inner.cut(row, limit, waited);
        Self(Arc::new(inner))
    }
}

impl Inner {
    /// Chooses which error the request has now, after one more attempt.
    fn followed_by(mut self, new: Self) -> Self {
        let answered = self.core.row.reached() == Reached::Server;
        match (new.core.row, new.core.row.reached()) {
            (row, _) if row.ends_the_call() => {
                let (limit, waited) = new.core.timeout().unwrap_or((Limit::Call, None));
                self.cut(row, limit, waited);
                self.node = new.node;
            }
            // The answer of a server is worth more than trouble on the way to another one.
            (Row::Rejected, _) | (_, Reached::Nobody | Reached::Silence) if answered => {}
            _ => {
                self.core = new.core;
                self.node = new.node;
                self.retry_after = new.retry_after;
            }
        }
        self.nature = new.nature;
        self.queue_wait = self.queue_wait.max(new.queue_wait);
        self.earlier = self.earlier.worst(new.earlier);
        self.sent |= new.sent;
        self.stop = None;
        self.attempts.extend(new.attempts);
        self
    }

    fn cut(&mut self, row: Row, limit: Limit, waited: Option<Duration>) {
        let otherwise = Error(Arc::new(Self {
            core: Arc::clone(&self.core),
            attempts: Vec::new(),
            subject: None,
            ..*self
        }));
        let detail = Detail::Timeout { limit, waited };
        self.core = Arc::new(Core::new(row, detail, Source::Ours(otherwise)));
    }
}

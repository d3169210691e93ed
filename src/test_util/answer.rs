use std::time::Duration;

use super::{Reply, error};
use crate::error::{Error, ErrorKind};

/// What a request is answered with: a [`Reply`], an [`Error`], an [`ErrorKind`] ([`error`](error())), or nothing ([`never`](Self::never)).
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) kind: Kind,
    pub(super) delay: Duration,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Reply(Reply),
    Error(Error),
    Never,
}

impl Answer {
    /// No answer, ever, as of a node that hangs: what waits ends by its own limit.
    #[must_use]
    pub const fn never() -> Self {
        Self::at_once(Kind::Never)
    }

    /// The same after a time, as of a slow node. Default: at once. In a runtime whose time is paused it takes none.
    #[must_use]
    pub const fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    const fn at_once(kind: Kind) -> Self {
        Self {
            kind,
            delay: Duration::ZERO,
        }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self::at_once(Kind::Reply(reply))
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        Self::at_once(Kind::Error(error))
    }
}

impl From<ErrorKind> for Answer {
    fn from(kind: ErrorKind) -> Self {
        error(kind).into()
    }
}

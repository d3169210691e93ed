use super::{Reply, error};
use crate::error::{Error, ErrorKind};

/// What a request is answered with: a [`Reply`], an [`Error`], an [`ErrorKind`] ([`error`](error())), or nothing ([`never`](Self::never)).
#[derive(Clone, Debug)]
pub struct Answer(pub(super) Kind);

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
        Self(Kind::Never)
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self(Kind::Reply(reply))
    }
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        Self(Kind::Error(error))
    }
}

impl From<ErrorKind> for Answer {
    fn from(kind: ErrorKind) -> Self {
        error(kind).into()
    }
}

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error_frames::ErrorFrame;
use crate::request::Request;
use crate::rows::Rows;

/// What a node does with a frame.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Action {
    /// Executes it and answers, as without a rule.
    Answer,
    /// Answers an error without executing anything.
    Error(ErrorFrame),
    /// Answers that it is done, without doing it.
    Void,
    /// Answers rows.
    Rows(Rows),
    /// Answers that a conditional write was not applied.
    NotApplied,
    /// Answers that the node does not know the prepared statement, and forgets it.
    Unprepared,
    /// Answers a frame with this opcode and body, such as none that the client expects.
    Frame(u8, Vec<u8>),
    /// Sends these bytes, which need not be a frame.
    Bytes(Vec<u8>),
    /// Does the inner action at once, and sends what it answers later.
    Delay(Duration, Box<Action>),
    /// Does the inner action, whose answer gets these warnings.
    Warn(Vec<String>, Box<Action>),
    /// Does the inner action, and sends what a function makes of its answer, header and all.
    Change(Change, Box<Action>),
    /// Executes the frame, and then does the inner action: a write that was done, and reported as failed.
    Executed(Box<Action>),
    /// Never answers. The frame is not executed.
    Silence,
    /// Executes it, sends the first half of the answer, and nothing more on this connection.
    HalfAnswer,
    /// Executes it, sends the first half of the answer, and closes the connection.
    HalfAnswerThenClose,
    /// Closes the connection, after the answers that were given before.
    Close,
    /// Closes the connection with a reset.
    Reset,
    /// Reads nothing more from this connection, until [`Node::resume_reading`](crate::Node::resume_reading).
    /// The frame is neither executed nor answered.
    StopReading,
    /// What this function says. It runs on the server's thread, which waits for it, and must not use the
    /// cluster.
    Decide(Decide),
}

/// A function that looks at a frame and says what to do with it.
#[derive(Clone)]
pub struct Decide(pub(crate) Arc<DecideFn>);

type DecideFn = dyn Fn(&Request<'_>) -> Action + Send + Sync;

impl fmt::Debug for Decide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decide(..)")
    }
}

/// A function that changes the bytes of an answer. They need not be a frame any more.
#[derive(Clone)]
pub struct Change(pub(crate) Arc<ChangeFn>);

type ChangeFn = dyn Fn(&mut Vec<u8>) + Send + Sync;

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Change(..)")
    }
}

impl Action {
    /// The usual answer, later.
    #[must_use]
    pub fn delay(by: Duration) -> Self {
        Self::Answer.after(by)
    }

    /// This action, whose answer is sent later.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self::Delay(by, Box::new(self))
    }

    /// This action after the frame was executed.
    #[must_use]
    pub fn executed(self) -> Self {
        Self::Executed(Box::new(self))
    }

    /// This action, whose answer is changed. The function runs on the server's thread and must not use the cluster.
    #[must_use]
    pub fn changed(self, by: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Self {
        Self::Change(Change(Arc::new(by)), Box::new(self))
    }

    /// The usual answer with warnings.
    #[must_use]
    pub fn warn<T: Into<String>>(warnings: impl IntoIterator<Item = T>) -> Self {
        let warnings = warnings.into_iter().map(Into::into).collect();
        Self::Warn(warnings, Box::new(Self::Answer))
    }

    /// See [`Action::Decide`].
    #[must_use]
    pub fn decide(by: impl Fn(&Request<'_>) -> Self + Send + Sync + 'static) -> Self {
        Self::Decide(Decide(Arc::new(by)))
    }
}

impl From<ErrorFrame> for Action {
    fn from(error: ErrorFrame) -> Self {
        Self::Error(error)
    }
}

impl From<Rows> for Action {
    fn from(rows: Rows) -> Self {
        Self::Rows(rows)
    }
}

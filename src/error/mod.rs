//! The one error of the crate.

mod attempt;
mod classify;
mod create;
mod details;
mod facts;
mod judge;
mod kind;
mod row;
mod source;
mod text;
mod tls;
#[cfg(any(feature = "axum", feature = "tonic"))]
mod words;

#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use tower_cassandra_layers::classify::Stop;
use tower_cassandra_layers::{Advice, Applied};
use uuid::Uuid;

pub use attempt::AttemptError;
pub(crate) use create::BoxError;
pub use kind::ErrorKind;
pub use tls::TlsFailure;

use crate::cql::Fingerprint;
use crate::nature::Nature;
use crate::statement::{Statement, Subject};
use source::Core;

/// Why a request failed, whether it may have been applied all the same, and what may be done about it.
///
/// It is one pointer wide, and a clone costs a reference count: one failure can go to many waiters.
///
/// `Display` and `Debug` hold neither values nor credentials, nor text of the statement, nor the message of the
/// server, which may quote them. They are for logs. The message is in [`message`](Self::message), and the driver's
/// error, which prints all it knows, in [`source`](StdError::source).
///
/// # Was it applied?
///
/// [`applied`](Self::applied) is the worst over all attempts of the request: once one of them may have been applied,
/// no later answer makes that undone. For a conditional write there is a way to find out: read the row at `SERIAL` or
/// `LOCAL_SERIAL`. Such a read first finishes an open round.
///
/// # Which of several errors is it?
///
/// When attempts on several nodes failed, the last answer of a *server* is the error: trouble with the connection to
/// another node does not hide that too few replicas are alive. Without an answer it is the last attempt's error, or
/// [`ErrorKind::NoHost`] if nothing was sent to any node. When a time limit ended it, it is [`ErrorKind::Timeout`],
/// and the error it would have been is the source. All are in [`attempts`](Self::attempts).
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    core: Arc<Core>,
    nature: Nature,
    node: Option<Uuid>,
    /// The worst over the attempts so far. Only `core` says it for an error that went through no retry.
    earlier: Applied,
    /// Was any attempt sent to a node?
    sent: bool,
    stop: Option<Stop>,
    attempts: Vec<AttemptError>,
    subject: Option<Subject>,
    prepare_wait: Duration,
    queue_wait: Duration,
    retry_after: Option<Duration>,
}

impl Error {
    /// What happened.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.core.kind()
    }

    /// Did the statement take effect, as far as the client can know? The worst over all attempts.
    #[must_use]
    pub fn applied(&self) -> Applied {
        self.judge(self.0.nature).applied
    }

    /// Can the client not know whether it was applied?
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.applied() == Applied::Maybe
    }

    /// Could the same request succeed later or elsewhere, unchanged? `false` where nobody can say.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.0.core.row.columns().transient
    }

    /// Did time run out, here or on the server? True for [`ErrorKind::Timeout`], [`ErrorKind::ReadTimeout`] and
    /// [`ErrorKind::WriteTimeout`].
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Timeout | ErrorKind::ReadTimeout | ErrorKind::WriteTimeout
        )
    }

    /// May the request be sent again, given whether applying it twice is harmless? For callers with a loop of their
    /// own around a stack without retry. After a retry that has ended it is always `false`: there is no sense in
    /// multiplying attempts.
    ///
    /// Conditional writes and counters are refused by themselves once they may have been applied.
    #[must_use]
    pub fn may_retry(&self, idempotent: bool) -> bool {
        self.judge(self.0.nature).may_retry(idempotent)
    }

    /// What may be done, *if* [`may_retry`](Self::may_retry) allows it.
    #[must_use]
    pub fn advice(&self) -> Advice {
        self.judge(self.0.nature).advice
    }

    /// Has a retry ended with this error? Then the advice is [`Advice::Never`].
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.0.stop.is_some()
    }

    /// May it have changed anything? A read changes nothing, even one that was executed.
    #[cfg(any(feature = "axum", feature = "tonic"))]
    pub(crate) fn may_have_changed(&self) -> bool {
        let nature = self.0.core.nature(self.0.nature);
        let reads = nature.is_read() || nature == Nature::Prepare;
        !reads && self.applied() != Applied::No
    }

    /// How long what caused it will last, where whoever refused the request knows: a rate limit when those that wait will have had their turn, the
    /// balancer when the first ejected node is tried again, a session that is [still connecting](crate::Cluster::connect_lazy) when it tries
    /// next. For the caller of a service: to send it again is not made safe by it, see [`applied`](Self::applied).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Notes how long what caused it will last.
    #[must_use]
    pub(crate) fn lasting(mut self, retry_after: Option<Duration>) -> Self {
        if retry_after.is_some() && self.0.retry_after.is_none() {
            Arc::make_mut(&mut self.0).retry_after = retry_after;
        }
        self
    }

    /// The kind as a label for metrics, out of a fixed set.
    #[must_use]
    pub fn label(&self) -> &'static str {
        self.kind().label()
    }

    /// The node it came from, or that did not answer, where one was chosen.
    #[must_use]
    pub fn node(&self) -> Option<Uuid> {
        self.0.node
    }

    /// The failed attempts in their order, at most the last sixteen. Empty for an error that went through no retry.
    #[must_use]
    pub fn attempts(&self) -> &[AttemptError] {
        &self.0.attempts
    }

    /// The statement it is about, without its values: for logs and statistics. `Display` and `Debug` do not show it.
    ///
    /// None where no statement was run, as in connecting, and from a service that is called without a [`Session`](crate::Session).
    #[must_use]
    pub fn statement_fingerprint(&self) -> Option<Fingerprint> {
        self.0.subject.as_ref().map(Subject::fingerprint)
    }

    /// Notes which statement it is about.
    #[must_use]
    pub(crate) fn about(mut self, statement: &Statement) -> Self {
        if self.0.subject.is_none() {
            Arc::make_mut(&mut self.0).subject = Some(statement.subject());
        }
        self
    }

    /// Does it come from something this version of the crate does not know? Metrics show that apart, as `error_type="unclassified"`.
    #[must_use]
    pub fn is_unclassified(&self) -> bool {
        self.0.core.row.is_unclassified()
    }

    fn new(core: Core) -> Self {
        Self(Arc::new(Inner {
            core: Arc::new(core),
            nature: Nature::Other,
            node: None,
            earlier: Applied::No,
            sent: false,
            stop: None,
            attempts: Vec::new(),
            subject: None,
            prepare_wait: Duration::ZERO,
            queue_wait: Duration::ZERO,
            retry_after: None,
        }))
    }

    fn with(mut self, nature: Nature, node: Option<Uuid>) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        inner.nature = nature;
        inner.node = node.or(inner.node);
        self
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.core.source()
    }
}

//! What a user can have judged otherwise than the table of errors does.

use std::fmt;
use std::sync::{Arc, Once};

use scylla::errors::WriteType;
use tower_cassandra_layers::panic::contain;
use tower_cassandra_layers::trace::emit;
use tower_cassandra_layers::{Advice, Applied, Failure};

use crate::error::{Error, ErrorKind};
use crate::nature::Nature;

/// Which reads are repeated after a node answered that its replicas were too slow, or failed ([`ErrorKind::ReadTimeout`],
/// [`ErrorKind::ReadFailure`]). Never reads at a serial level, and the consistency is never changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadTimeoutRule {
    /// Once on the same node, when enough replicas answered and the data was not among the answers: the node has asked for it meanwhile. All
    /// else would time out again while it adds to the load.
    #[default]
    Once,
    /// As in the Python original: whenever enough replicas answered or the data was there, after a pause, up to the number of retries.
    Original,
    /// All of them, failures of replicas too, on another node: for clusters in which one replica often is the trouble. The retry budget bounds what that
    /// adds when it is all of them.
    Elsewhere,
}

/// The choices that the table of errors leaves to the user.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    pub(super) read_timeouts: ReadTimeoutRule,
    pub(super) resend_overloaded: bool,
    pub(super) retry_views: bool,
}

impl Rules {
    pub(super) fn apply(self, error: &Error, nature: Nature, failure: &mut Failure) {
        match error.kind() {
            ErrorKind::ReadTimeout | ErrorKind::ReadFailure if nature == Nature::Read => {
                if let Some(advice) = self.of_read(error) {
                    failure.advice = advice;
                }
            }
            // C14.
            ErrorKind::Overloaded if self.resend_overloaded && is_refused_as_a_whole(nature) => {
                failure.applied = Applied::No;
            }
            // C26.
            ErrorKind::WriteTimeout if self.retry_views && !nature.never_twice() => {
                if matches!(error.write_type(), Some(WriteType::View | WriteType::Cdc)) {
                    failure.advice = Advice::NextBackoff;
                }
            }
            _ => {}
        }
    }

    /// What the rule says of the failure of a read; none where it says nothing.
    fn of_read(self, error: &Error) -> Option<Advice> {
        let is_timeout = error.kind() == ErrorKind::ReadTimeout;
        match self.read_timeouts {
            ReadTimeoutRule::Once => None,
            ReadTimeoutRule::Original => {
                let had_enough = error.received() >= error.required() || error.data_present() == Some(true);
                (is_timeout && had_enough).then_some(Advice::Backoff)
            }
            ReadTimeoutRule::Elsewhere => Some(Advice::Next),
        }
    }
}

/// Not where a part may have gone through before the rest was refused, nor where once too often is wrong.
const fn is_refused_as_a_whole(nature: Nature) -> bool {
    matches!(
        nature,
        Nature::Read | Nature::SerialRead | Nature::Write | Nature::LoggedBatch
    )
}

type Judge = dyn Fn(&Error, Nature, Failure) -> Failure + Send + Sync;

/// A judgement of the user's own.
#[derive(Clone)]
pub(super) struct Own(pub(super) Arc<Judge>);

impl Own {
    /// Metrics ask outside of the layer that contains panics, so one is contained here.
    pub(super) fn judge(&self, error: &Error, nature: Nature, failure: Failure) -> Failure {
        contain(|| (self.0)(error, nature, failure)).unwrap_or_else(|_| {
            static TOLD: Once = Once::new();
            TOLD.call_once(|| {
                emit(|| tracing::error!("a function given to `judged_by` panicked; our judgement holds"))
            });
            failure
        })
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own")
    }
}

//! What a line of the table means for a request of a given nature (R4–R7), and for the choice among attempts.

use std::sync::Arc;

use tower_cassandra_layers::{Advice, Applied, Failure};

use super::row::{Row, Write};
use super::{Error, ErrorKind};
use crate::nature::Nature;

/// How far an attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// The node could not be reached, nothing was sent to it.
    Nobody,
    /// It was sent, nobody answered.
    Silence,
    /// The server answered.
    Server,
    /// It ended on our side, for a reason of our own.
    OurSide,
}

/// The label of what this version of the crate does not know (R12): the kind may be one that is known, and what to do about it is a guess.
const UNCLASSIFIED: &str = "unclassified";

impl Error {
    /// The judgement for the layers.
    pub(crate) fn judge(&self, nature: Nature) -> Failure {
        let core = &self.0.core;
        // R5, R6: what an earlier attempt left open stops these even after an attempt that was not sent.
        let left_open = nature.never_twice() && self.0.earlier != Applied::No;
        let nature = core.nature(nature);
        let columns = core.row.columns();
        Failure {
            applied: core.row.applied(nature).worst(self.0.earlier),
            advice: if self.is_exhausted() || left_open {
                Advice::Never
            } else {
                core.row.advice(nature)
            },
            fault: columns.fault,
            label: if self.is_unclassified() {
                UNCLASSIFIED
            } else {
                columns.kind.label()
            },
        }
    }

    /// Settles the nature of the request, where whoever made the error could not know it: limits and balancers know
    /// nothing of statements.
    #[must_use]
    pub(crate) fn judged(mut self, nature: Nature) -> Self {
        if self.0.nature != nature {
            Arc::make_mut(&mut self.0).nature = nature;
        }
        self
    }
}

impl Row {
    /// May a request of this nature have been applied?
    pub(super) const fn applied(self, nature: Nature) -> Applied {
        match (nature, self) {
            // A9: whatever became of PREPARE, the statement itself was not sent.
            (Nature::Prepare, _) => Applied::No,
            // R4, C17–C19.
            (
                Nature::Read | Nature::SerialRead,
                Self::ReadTimeoutNoData | Self::ReadTimeout | Self::ReadFailure,
            ) => Applied::No,
            // R5: it can come from the commit of an accepted proposal. R7: other partitions may have it.
            (
                Nature::Lwt | Nature::UnloggedBatch | Nature::CounterBatch | Nature::Other,
                Self::Unavailable | Self::WriteTimeout(Write::Batch),
            ) => Applied::Maybe,
            // D2, D4, R5: the verdict is lost.
            (Nature::Lwt | Nature::Other, Self::UnreadableResult | Self::UnreadableRows) => Applied::Maybe,
            _ => self.columns().applied,
        }
    }

    /// What may be done about it for a request of this nature.
    pub(super) const fn advice(self, nature: Nature) -> Advice {
        let columns = self.columns();
        let stop = match nature {
            // R5, R6: once they may have been applied, never again, however they are marked.
            Nature::Lwt | Nature::Counter | Nature::CounterBatch => {
                !matches!(self.applied(nature), Applied::No)
            }
            // R4: it changes nothing, but repeating it feeds the contention that made it fail.
            Nature::SerialRead => {
                !matches!(columns.applied, Applied::No) || matches!(self, Self::Unavailable)
            }
            Nature::Read
            | Nature::Write
            | Nature::LoggedBatch
            | Nature::UnloggedBatch
            | Nature::Schema
            | Nature::Truncate
            | Nature::Prepare
            | Nature::Other => false,
        };
        if stop { Advice::Never } else { columns.advice }
    }

    pub(super) const fn kind(self) -> ErrorKind {
        self.columns().kind
    }

    /// Is it something that this version of the crate does not know (R12)? Metrics show it apart.
    pub(super) const fn is_unclassified(self) -> bool {
        matches!(
            self,
            Self::ConnectionUnknown
                | Self::WriteTimeout(Write::Unknown)
                | Self::OtherCode(_)
                | Self::Unclassified
        )
    }

    /// Has the time for the whole call passed?
    pub(super) const fn ends_the_call(self) -> bool {
        matches!(self, Self::LateUnsent | Self::CallTimeout | Self::CallCutShort)
    }

    pub(super) const fn reached(self) -> Reached {
        match self {
            Self::NodeGone
            | Self::PoolBroken
            | Self::PoolInitializing
            | Self::NodeDisabled
            | Self::NoStreamId
            | Self::PreparePool(_)
            | Self::NoCandidate
            | Self::NoHost
            | Self::QueueLost => Reached::Nobody,

            Self::ConnectionLost | Self::ConnectionUnknown | Self::AttemptTimeout => Reached::Silence,

            Self::Syntax
            | Self::Invalid
            | Self::Unauthorized
            | Self::Authentication
            | Self::ServerConfig
            | Self::ServerProtocol
            | Self::AlreadyExists
            | Self::FunctionFailure
            | Self::Unprepared
            | Self::Bootstrapping
            | Self::Unavailable
            | Self::RateLimitedByCoordinator
            | Self::RateLimitedByReplica
            | Self::Overloaded
            | Self::ServerError
            | Self::Truncate
            | Self::ReadTimeoutNoData
            | Self::ReadTimeout
            | Self::ReadFailure
            | Self::WriteTimeout(_)
            | Self::WriteFailure
            | Self::OtherCode(_)
            | Self::UnreadableAnswer
            | Self::UnreadableResult
            | Self::UnfinishedPaging
            | Self::Decode
            | Self::UnreadableRows
            | Self::PreparedIdsDiffer
            | Self::PreparedIdChanged
            | Self::AfterSuccess => Reached::Server,

            Self::Serialization
            | Self::BatchTooLarge
            | Self::Rejected
            | Self::Closed
            | Self::ClosedMeanwhile
            | Self::LateUnsent
            | Self::CallTimeout
            | Self::CallCutShort
            | Self::Connect { .. }
            | Self::Config
            | Self::ProtocolVersion
            | Self::Unsupported
            | Self::ParametersNeedPrepare
            | Self::Foreign { .. }
            | Self::Unclassified => Reached::OurSide,
        }
    }
}

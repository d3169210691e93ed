//! The table of all errors: what each one means. Nothing else in the crate decides that.

use tower_cassandra_layers::{Advice, Applied, Fault};

use super::ErrorKind;

/// One line of the table. The comments in [`Row::columns`] give the lines' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    // Nothing was sent.
    Serialization,
    BatchTooLarge,
    NodeGone,
    PoolBroken,
    PoolInitializing,
    NodeDisabled,
    NoStreamId,
    /// The fault is that of the connection error inside.
    PreparePool(Fault),
    PreparedIdsDiffer,
    Rejected,
    Closed,
    /// A time limit passed before anything was sent.
    LateUnsent,
    ClosedMeanwhile,
    NoCandidate,
    NoHost,
    // Sent, and no answer.
    QueueLost,
    ConnectionLost,
    /// Broken for a reason that the driver does not name.
    ConnectionUnknown,
    AttemptTimeout,
    CallTimeout,
    /// The same, when the node had had little time.
    CallCutShort,
    // The server answered with an error.
    Syntax,
    Invalid,
    Unauthorized,
    Authentication,
    ServerConfig,
    ServerProtocol,
    AlreadyExists,
    FunctionFailure,
    Unprepared,
    Bootstrapping,
    Unavailable,
    RateLimitedByCoordinator,
    RateLimitedByReplica,
    Overloaded,
    ServerError,
    Truncate,
    /// Enough replicas answered, but the one that was to send the data did not.
    ReadTimeoutNoData,
    ReadTimeout,
    ReadFailure,
    WriteTimeout(Write),
    WriteFailure,
    OtherCode(i32),
    // An answer that cannot be used.
    UnreadableAnswer,
    UnreadableResult,
    UnfinishedPaging,
    Decode,
    /// The rows cannot be read at all, whoever asks.
    UnreadableRows,
    PreparedIdChanged,
    // After success.
    AfterSuccess,
    // While connecting; the kind depends on the cause.
    Connect {
        kind: ErrorKind,
        permanent: bool,
    },
    // Ours.
    Config,
    ProtocolVersion,
    Unsupported,
    ParametersNeedPrepare,
    /// Made by foreign code: a layer that is not ours, or a panic.
    Foreign {
        called: bool,
    },
    /// A variant that a newer driver may have.
    Unclassified,
}

/// The write type of a write timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Simple,
    UnloggedBatch,
    Batch,
    BatchLog,
    Counter,
    Cas,
    View,
    Cdc,
    Unknown,
}

/// What a line says for a plain write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    pub(super) applied: Applied,
    pub(super) transient: bool,
    pub(super) fault: Fault,
    pub(super) advice: Advice,
    pub(super) kind: ErrorKind,
}

const PASSING: bool = true;
const LASTING: bool = false;

impl Row {
    #[rustfmt::skip]
    pub(super) const fn columns(self) -> Columns {
        use Advice::{Backoff, BackoffOnce, Never, Next, NextBackoff, Reprepare, SameOnce};
        use Applied::{Maybe, No, Yes};
        use ErrorKind as K;
        use Fault::{Client, Load, Node, Replicas, Request};

        const fn is(applied: Applied, transient: bool, fault: Fault, advice: Advice, kind: ErrorKind) -> Columns {
            Columns { applied, transient, fault, advice, kind }
        }

        match self {
            Self::Serialization            => is(No,    LASTING, Request,  Never,       K::Serialization),   // A1, A2
            Self::BatchTooLarge            => is(No,    LASTING, Request,  Never,       K::Invalid),         // A1
            Self::NodeGone                 => is(No,    PASSING, Client,   Next,        K::NoHost),          // A3
            Self::PoolBroken               => is(No,    PASSING, Node,     Next,        K::Connection),      // A4
            Self::PoolInitializing         => is(No,    PASSING, Node,     Next,        K::Connection),      // A5
            Self::NodeDisabled             => is(No,    LASTING, Client,   Next,        K::NoHost),          // A6
            Self::NoStreamId               => is(No,    PASSING, Load,     Next,        K::Connection),      // A7
            Self::PreparePool(inner)       => is(No,    PASSING, inner,    NextBackoff, K::Connection),      // A8
            Self::PreparedIdsDiffer        => is(No,    PASSING, Request,  BackoffOnce, K::Prepare),         // A10
            Self::Rejected                 => is(No,    PASSING, Client,   Never,       K::Rejected),        // A11
            Self::Closed                   => is(No,    LASTING, Client,   Never,       K::Closed),          // A11
            Self::LateUnsent               => is(No,    PASSING, Client,   Never,       K::Timeout),         // A12
            Self::ClosedMeanwhile          => is(Maybe, LASTING, Client,   Never,       K::Closed),          // A13
            // No node may take it: as for A11, the caller decides.
            Self::NoCandidate
            | Self::NoHost                 => is(No,    PASSING, Client,   Never,       K::NoHost),

            Self::QueueLost                => is(No,    PASSING, Node,     Next,        K::Connection),      // B1
            Self::ConnectionLost           => is(Maybe, PASSING, Node,     Next,        K::Connection),      // B2
            Self::ConnectionUnknown        => is(Maybe, PASSING, Node,     Next,        K::Connection),      // B2, R12
            Self::AttemptTimeout           => is(Maybe, PASSING, Node,     Next,        K::Timeout),         // B3
            Self::CallTimeout              => is(Maybe, PASSING, Node,     Never,       K::Timeout),         // B4
            Self::CallCutShort             => is(Maybe, PASSING, Client,   Never,       K::Timeout),         // B4

            Self::Syntax                   => is(No,    LASTING, Request,  Never,       K::Syntax),          // C1
            Self::Invalid                  => is(No,    LASTING, Request,  Never,       K::Invalid),         // C2
            Self::Unauthorized             => is(No,    LASTING, Request,  Never,       K::Unauthorized),    // C3
            Self::Authentication           => is(No,    LASTING, Request,  Never,       K::Authentication),  // C4
            Self::ServerConfig             => is(No,    LASTING, Request,  Never,       K::ServerConfig),    // C5
            Self::ServerProtocol           => is(No,    LASTING, Request,  Never,       K::Protocol),        // C6
            Self::AlreadyExists            => is(No,    LASTING, Request,  Never,       K::AlreadyExists),   // C7
            Self::FunctionFailure          => is(No,    LASTING, Request,  Never,       K::FunctionFailure), // C8
            Self::Unprepared               => is(No,    PASSING, Request,  Reprepare,   K::Prepare),         // C9
            Self::Bootstrapping            => is(No,    PASSING, Node,     Next,        K::Bootstrapping),   // C10
            Self::Unavailable              => is(No,    PASSING, Replicas, Next,        K::Unavailable),     // C11
            Self::RateLimitedByCoordinator => is(No,    PASSING, Request,  Backoff,     K::ServerRateLimit), // C12
            Self::RateLimitedByReplica     => is(Maybe, PASSING, Request,  Backoff,     K::ServerRateLimit), // C13
            Self::Overloaded               => is(Maybe, PASSING, Load,     NextBackoff, K::Overloaded),      // C14
            Self::ServerError              => is(Maybe, LASTING, Node,     NextBackoff, K::ServerError),     // C15
            Self::Truncate                 => is(Maybe, PASSING, Replicas, NextBackoff, K::Truncate),        // C16
            Self::ReadTimeoutNoData        => is(Maybe, PASSING, Replicas, SameOnce,    K::ReadTimeout),     // C17
            Self::ReadTimeout              => is(Maybe, PASSING, Replicas, Never,       K::ReadTimeout),     // C18
            Self::ReadFailure              => is(Maybe, LASTING, Replicas, Never,       K::ReadFailure),     // C19
            Self::WriteTimeout(write)      => match write {
                Write::Simple              => is(Maybe, PASSING, Replicas, Next,        K::WriteTimeout),    // C20
                Write::UnloggedBatch       => is(Maybe, PASSING, Replicas, Next,        K::WriteTimeout),    // C21
                Write::Batch               => is(Yes,   PASSING, Replicas, Next,        K::WriteTimeout),    // C22
                Write::BatchLog            => is(Maybe, PASSING, Replicas, SameOnce,    K::WriteTimeout),    // C23
                Write::Counter             => is(Maybe, PASSING, Replicas, Never,       K::WriteTimeout),    // C24
                Write::Cas                 => is(Maybe, PASSING, Replicas, Never,       K::WriteTimeout),    // C25
                Write::View | Write::Cdc   => is(Maybe, PASSING, Replicas, Never,       K::WriteTimeout),    // C26
                Write::Unknown             => is(Maybe, LASTING, Replicas, Never,       K::WriteTimeout),    // C27
            },
            Self::WriteFailure             => is(Maybe, LASTING, Replicas, Never,       K::WriteFailure),    // C28
            Self::OtherCode(code)          => is(Maybe, LASTING, Request,  Never,       K::Other(code)),     // C29

            Self::UnreadableAnswer         => is(Maybe, LASTING, Request,  Never,       K::Protocol),        // D1
            Self::UnreadableResult         => is(Yes,   LASTING, Request,  Never,       K::Protocol),        // D2
            Self::UnfinishedPaging         => is(Yes,   LASTING, Request,  Never,       K::Protocol),        // D3
            Self::Decode                   => is(Yes,   LASTING, Client,   Never,       K::Decode),          // D4
            Self::UnreadableRows           => is(Yes,   LASTING, Client,   Never,       K::Decode),          // D4
            Self::PreparedIdChanged        => is(No,    LASTING, Request,  Reprepare,   K::Prepare),         // D5

            Self::AfterSuccess             => is(Yes,   PASSING, Client,   Never,       K::SchemaAgreement), // E1

            Self::Connect { kind, permanent } => is(No, !permanent, Client, Never,      kind),               // F

            Self::Config                   => is(No,    LASTING, Client,   Never,       K::Config),
            Self::ProtocolVersion          => is(No,    LASTING, Client,   Never,       K::ProtocolVersion),
            Self::Unsupported              => is(No,    LASTING, Client,   Never,       K::Unsupported),
            Self::ParametersNeedPrepare    => is(No,    LASTING, Client,   Never,       K::ParametersNeedPrepare),
            Self::Foreign { called: false } => is(No,   LASTING, Client,   Never,       K::Internal),
            Self::Foreign { called: true } => is(Maybe, LASTING, Client,   Never,       K::Internal),
            Self::Unclassified             => is(Maybe, LASTING, Request,  Never,       K::Internal),        // R12
        }
    }
}

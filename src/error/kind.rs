use std::fmt;

/// What happened, in one word. The numbers and names that belong to it are methods of [`Error`](super::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An option makes no sense, or does not fit the others.
    Config,
    /// A version of the protocol is demanded that the driver does not speak.
    ProtocolVersion,
    /// Something the driver cannot do.
    Unsupported,
    /// The values do not fit the statement.
    Serialization,
    /// Text was given together with values, while strict preparing is on.
    ParametersNeedPrepare,
    /// No session could be made.
    Connect,
    /// There was no connection to the node, or it broke.
    Connection,
    /// The session is closed.
    Closed,
    /// The request was sent to no node at all. The reasons are in [`Error::attempts`](super::Error::attempts).
    NoHost,
    /// *We* refused it: rate limit, full queue, all nodes full.
    Rejected,
    /// A time limit of ours passed; [`Error::timeout`](super::Error::timeout) says which.
    Timeout,
    /// The server does not accept the credentials, or wants some.
    Authentication,
    /// The user may not do this.
    Unauthorized,
    /// The text is not CQL.
    Syntax,
    /// The statement is CQL, but it makes no sense for this schema, or the batch is too large.
    Invalid,
    /// The server refuses it because of its configuration.
    ServerConfig,
    /// The keyspace or table exists already.
    AlreadyExists,
    /// A user-defined function failed.
    FunctionFailure,
    /// Preparing failed, or the prepared form stayed stale when it was prepared anew.
    Prepare,
    /// Too few replicas are alive for the consistency level.
    Unavailable,
    /// The node refuses because it is overloaded.
    Overloaded,
    /// The node is still joining the cluster.
    Bootstrapping,
    /// TRUNCATE failed.
    Truncate,
    /// The *server* refused because of its own rate limit.
    ServerRateLimit,
    /// Too few replicas answered a read in time.
    ReadTimeout,
    /// Too few replicas answered a write in time.
    WriteTimeout,
    /// Replicas failed while reading.
    ReadFailure,
    /// Replicas failed while writing.
    WriteFailure,
    /// An error inside the server.
    ServerError,
    /// The answer does not keep to the protocol, or the server says so of the request.
    Protocol,
    /// The server answered with a code that has no kind of its own.
    Other(i32),
    /// A row does not fit the type that was asked for.
    Decode,
    /// The statement succeeded, but the nodes did not agree on the schema afterwards.
    SchemaAgreement,
    /// A panic, or an error that a foreign layer made.
    Internal,
}

impl ErrorKind {
    /// The kind as a label for metrics: snake case, out of a fixed set. All codes of [`ErrorKind::Other`] share
    /// `other`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::ProtocolVersion => "protocol_version",
            Self::Unsupported => "unsupported",
            Self::Serialization => "serialization",
            Self::ParametersNeedPrepare => "parameters_need_prepare",
            Self::Connect => "connect",
            Self::Connection => "connection",
            Self::Closed => "closed",
            Self::NoHost => "no_host",
            Self::Rejected => "rejected",
            Self::Timeout => "timeout",
            Self::Authentication => "authentication",
            Self::Unauthorized => "unauthorized",
            Self::Syntax => "syntax",
            Self::Invalid => "invalid",
            Self::ServerConfig => "server_config",
            Self::AlreadyExists => "already_exists",
            Self::FunctionFailure => "function_failure",
            Self::Prepare => "prepare",
            Self::Unavailable => "unavailable",
            Self::Overloaded => "overloaded",
            Self::Bootstrapping => "bootstrapping",
            Self::Truncate => "truncate",
            Self::ServerRateLimit => "server_rate_limit",
            Self::ReadTimeout => "read_timeout",
            Self::WriteTimeout => "write_timeout",
            Self::ReadFailure => "read_failure",
            Self::WriteFailure => "write_failure",
            Self::ServerError => "server_error",
            Self::Protocol => "protocol",
            Self::Other(_) => "other",
            Self::Decode => "decode",
            Self::SchemaAgreement => "schema_agreement",
            Self::Internal => "internal",
        }
    }

    /// The kind in a few words, for people.
    const fn words(self) -> &'static str {
        match self {
            Self::Config => "invalid configuration",
            Self::ProtocolVersion => "protocol version not available",
            Self::Unsupported => "not supported",
            Self::Serialization => "values do not fit the statement",
            Self::ParametersNeedPrepare => "text with values has to be prepared",
            Self::Connect => "cannot connect",
            Self::Connection => "no connection, or it broke",
            Self::Closed => "session is closed",
            Self::NoHost => "sent to no node",
            Self::Rejected => "refused by a limit",
            Self::Timeout => "timed out",
            Self::Authentication => "authentication failed",
            Self::Unauthorized => "not permitted",
            Self::Syntax => "syntax error",
            Self::Invalid => "invalid request",
            Self::ServerConfig => "refused by the server's configuration",
            Self::AlreadyExists => "exists already",
            Self::FunctionFailure => "user-defined function failed",
            Self::Prepare => "prepared statement is stale",
            Self::Unavailable => "not enough replicas alive",
            Self::Overloaded => "node overloaded",
            Self::Bootstrapping => "node still bootstrapping",
            Self::Truncate => "truncate failed",
            Self::ServerRateLimit => "refused by a rate limit of the server",
            Self::ReadTimeout => "read timeout on the server",
            Self::WriteTimeout => "write timeout on the server",
            Self::ReadFailure => "read failed on replicas",
            Self::WriteFailure => "write failed on replicas",
            Self::ServerError => "server error",
            Self::Protocol => "protocol error",
            Self::Other(_) => "server error of another kind",
            Self::Decode => "row does not fit the type",
            Self::SchemaAgreement => "no schema agreement",
            Self::Internal => "internal error",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

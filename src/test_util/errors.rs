use scylla::errors::{
    BadQuery, BrokenConnectionErrorKind, DbError, OperationType, PrepareError, RequestAttemptError, WriteType,
};
use scylla::statement::Consistency;
use tower_cassandra_layers::limit::Reason;
use tower_cassandra_layers::{Applied, Limit};

use crate::error::{Error, ErrorKind};
use crate::nature::Nature;

/// An error of this kind, as a typical case of it is: an answer of a server has its fields, a timeout is one of the call, possibly applied.
///
/// For an answer of a server with other fields, see [`server_error`].
#[must_use]
pub fn error(kind: ErrorKind) -> Error {
    let server = |error| server_error(error, "made for a test");
    let consistency = Consistency::LocalQuorum;
    match kind {
        ErrorKind::Config => Error::config("option", "value", "another one"),
        ErrorKind::ProtocolVersion => Error::protocol_version(4, 5),
        ErrorKind::Unsupported => Error::unsupported("made for a test"),
        ErrorKind::Serialization => Error::from_bad_query(BadQuery::PartitionKeyExtraction),
        ErrorKind::ParametersNeedPrepare => Error::parameters_need_prepare(),
        ErrorKind::Connect => Error::connect("made for a test"),
        ErrorKind::Connection => {
            let broken = BrokenConnectionErrorKind::WriteError(std::io::ErrorKind::ConnectionReset.into());
            let broken = RequestAttemptError::BrokenConnectionError(broken.into());
            Error::from_attempt(broken, Nature::Other, None)
        }
        ErrorKind::Closed => Error::closed(Applied::No),
        ErrorKind::NoHost => Error::no_host(None),
        ErrorKind::Rejected => Error::rejected(Reason::ConcurrencyQueueFull),
        ErrorKind::Timeout => Error::timed_out(Limit::Call, Applied::Maybe),
        ErrorKind::Authentication => server(DbError::AuthenticationError),
        ErrorKind::Unauthorized => server(DbError::Unauthorized),
        ErrorKind::Syntax => server(DbError::SyntaxError),
        ErrorKind::Invalid => server(DbError::Invalid),
        ErrorKind::ServerConfig => server(DbError::ConfigError),
        ErrorKind::AlreadyExists => server(DbError::AlreadyExists {
            keyspace: "test".to_owned(),
            table: "test".to_owned(),
        }),
        ErrorKind::FunctionFailure => server(DbError::FunctionFailure {
            keyspace: "test".to_owned(),
            function: "test".to_owned(),
            arg_types: vec!["int".to_owned()],
        }),
        ErrorKind::Prepare => {
            Error::from_prepare(PrepareError::PreparedStatementIdsMismatch, Nature::Other, None)
        }
        ErrorKind::Unavailable => server(DbError::Unavailable {
            consistency,
            required: 2,
            alive: 1,
        }),
        ErrorKind::Overloaded => server(DbError::Overloaded),
        ErrorKind::Bootstrapping => server(DbError::IsBootstrapping),
        ErrorKind::Truncate => server(DbError::TruncateError),
        ErrorKind::ServerRateLimit => server(DbError::RateLimitReached {
            op_type: OperationType::Read,
            rejected_by_coordinator: true,
        }),
        ErrorKind::ReadTimeout => server(DbError::ReadTimeout {
            consistency,
            received: 1,
            required: 2,
            data_present: false,
        }),
        ErrorKind::WriteTimeout => server(DbError::WriteTimeout {
            consistency,
            received: 1,
            required: 2,
            write_type: WriteType::Simple,
        }),
        ErrorKind::ReadFailure => server(DbError::ReadFailure {
            consistency,
            received: 1,
            required: 2,
            numfailures: 1,
            data_present: false,
        }),
        ErrorKind::WriteFailure => server(DbError::WriteFailure {
            consistency,
            received: 1,
            required: 2,
            numfailures: 1,
            write_type: WriteType::Simple,
        }),
        ErrorKind::ServerError => server(DbError::ServerError),
        ErrorKind::Protocol => server(DbError::ProtocolError),
        ErrorKind::Other(code) => server(DbError::Other(code)),
        ErrorKind::Decode => Error::decode("made for a test"),
        ErrorKind::SchemaAgreement => Error::schema_disagreement(),
        ErrorKind::Internal => Error::internal("made for a test"),
    }
}

/// What a server answers with: any [`DbError`] of the driver with its fields, and a message. It is judged like one that came over the network.
///
/// ```
/// use tower_cassandra::ErrorKind;
/// use tower_cassandra::scylla::errors::DbError;
/// use tower_cassandra::test_util::server_error;
///
/// let error = server_error(DbError::AlreadyExists { keyspace: "shop".into(), table: "".into() }, "there is one");
/// assert_eq!((error.kind(), error.keyspace()), (ErrorKind::AlreadyExists, Some("shop")));
/// ```
#[must_use]
pub fn server_error(error: DbError, message: impl Into<String>) -> Error {
    let error = RequestAttemptError::DbError(error, message.into());
    Error::from_attempt(error, Nature::Other, None)
}

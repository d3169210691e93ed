//! The lines that have a number of their own in the table.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use scylla::errors::BrokenConnectionErrorKind as Broken;
use scylla::errors::{
    BadQuery, ConnectionPoolError as Pool, CqlErrorParseError, CqlEventHandlingError,
    CqlRequestSerializationError, CqlResponseKind, CqlResultParseError, DbError, ExecutionError as X,
    FrameBodyExtensionsParseError, FrameHeaderParseError, MetadataError, OperationType, PeersMetadataError,
    PrepareError, RequestAttemptError as R, RowsError, SchemaAgreementError, TypeCheckError,
    UseKeyspaceError,
};
use scylla::frame::frame_errors::LowLevelDeserializationError;
use tower_cassandra_layers::limit::Reason;
use tower_cassandra_layers::{Advice, Applied, Fault, Limit};

use super::Again::{All, Idempotent, Nothing};
use super::{Line, line};
use crate::error::ErrorKind;
use crate::error::tests::*;

use Advice::{Backoff, BackoffOnce, Never, Next, NextBackoff, Reprepare, SameOnce};
use Applied::{Maybe, No, Yes};
use Fault::{Client, Load, Node, Replicas, Request};

const PASSING: bool = true;
const LASTING: bool = false;
const REPEAT: bool = true;
const STOP: bool = false;

fn w(from: X) -> Error {
    error(from)
}
fn rate_limited(rejected_by_coordinator: bool) -> X {
    db(DbError::RateLimitReached {
        op_type: OperationType::Write,
        rejected_by_coordinator,
    })
}
fn malformed() -> LowLevelDeserializationError {
    LowLevelDeserializationError::InvalidValueLength(-5)
}
fn snap() -> CqlRequestSerializationError {
    CqlRequestSerializationError::SnapCompressError(Arc::new(io_error()))
}
fn id_changed() -> X {
    attempt(R::RepreparedIdChanged {
        statement: SECRET.into(),
        expected_id: vec![1],
        reprepared_id: vec![2],
    })
}
fn exists() -> X {
    db(DbError::AlreadyExists {
        keyspace: "shop".into(),
        table: "users".into(),
    })
}
fn function() -> X {
    db(DbError::FunctionFailure {
        keyspace: "shop".into(),
        function: "f".into(),
        arg_types: vec!["int".into()],
    })
}
fn unprepared() -> X {
    db(DbError::Unprepared {
        statement_id: vec![7].into(),
    })
}
fn host() -> IpAddr {
    Ipv4Addr::LOCALHOST.into()
}
fn event() -> CqlEventHandlingError {
    CqlEventHandlingError::SendError
}

/// All of them, in the order of the table.
#[rustfmt::skip]
pub(in crate::error::tests) fn lines() -> Vec<Line> {
    use ErrorKind as K;
    let values = BadQuery::SerializationError;
    let rows = || RowsError::TypeCheckFailed(TypeCheckError::new(io_error()));
    let agreement = SchemaAgreementError::Timeout(Duration::from_secs(1));
    let metadata = MetadataError::Peers(PeersMetadataError::EmptyPeers);
    let second = Duration::from_secs(1);
    vec![
        line("A1", w(BadQuery::PartitionKeyExtraction.into()),           K::Serialization, No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("A1", w(values(serialization()).into()),                    K::Serialization, No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("A1", Error::serialization(serialization()),                K::Serialization, No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("A1", w(BadQuery::ValuesTooLongForKey(9, 8).into()),        K::Serialization, No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("A1", w(BadQuery::TooManyQueriesInBatchStatement(9).into()), K::Invalid,      No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("A2", w(attempt(R::SerializationError(serialization()))),   K::Serialization, No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("A2", w(attempt(R::CqlRequestSerialization(snap()))),       K::Serialization, No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("A3", w(X::EmptyPlan),                                      K::NoHost,        No, Client,  PASSING, Next, All, (No, REPEAT), (No, REPEAT)),
        line("A4", w(pool_broken().into()),                              K::Connection,    No, Node,    PASSING, Next, All, (No, REPEAT), (No, REPEAT)),
        line("A5", w(Pool::Initializing.into()),                         K::Connection,    No, Node,    PASSING, Next, All, (No, REPEAT), (No, REPEAT)),
        line("A6", w(Pool::NodeDisabledByHostFilter.into()),             K::NoHost,        No, Client,  LASTING, Next, All, (No, REPEAT), (No, REPEAT)),
        line("A7", w(attempt(R::UnableToAllocStreamId)),                 K::Connection,    No, Load,    PASSING, Next, All, (No, REPEAT), (No, REPEAT)),
        line("A8", w(PrepareError::from(pool_broken()).into()),          K::Connection,    No, Node,    PASSING, NextBackoff, All, (No, REPEAT), (No, REPEAT)),
        line("A8", w(PrepareError::from(Pool::NodeDisabledByHostFilter).into()), K::Connection, No, Client, PASSING, NextBackoff, All, (No, REPEAT), (No, REPEAT)),
        line("A9", w(prepare(R::DbError(DbError::SyntaxError, SECRET.into()))), K::Syntax, No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("A9", w(prepare(R::DbError(DbError::ServerError, SECRET.into()))), K::ServerError, No, Node, LASTING, NextBackoff, All, (No, REPEAT), (No, REPEAT)),
        line("A9", w(prepare(R::DbError(unavailable(), SECRET.into()))), K::Unavailable,   No, Replicas, PASSING, Next, All, (No, REPEAT), (No, REPEAT)),
        line("A10", w(PrepareError::PreparedStatementIdsMismatch.into()), K::Prepare,      No, Request, PASSING, BackoffOnce, All, (No, REPEAT), (No, REPEAT)),
        line("A11", Error::rejected(Reason::NodesFull),                  K::Rejected,      No, Client,  PASSING, Never, Nothing, (No, STOP), (No, STOP)),
        line("A11", Error::closed(No),                                   K::Closed,        No, Client,  LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("A12", Error::timed_out(Limit::Attempt, No),                K::Timeout,       No, Client,  PASSING, Never, Nothing, (No, STOP), (No, STOP)),
        line("A12", Error::timed_out(Limit::Call, No),                   K::Timeout,       No, Client,  PASSING, Never, Nothing, (No, STOP), (No, STOP)),
        line("A13", Error::closed(Maybe),                                K::Closed,        Maybe, Client, LASTING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),

        line("B1", w(broken(Broken::ChannelError)),                      K::Connection, No,    Node, PASSING, Next, All, (No, REPEAT), (No, REPEAT)),
        line("B2", w(broken(Broken::KeepaliveTimeout(host()))),          K::Connection, Maybe, Node, PASSING, Next, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("B2", w(broken(Broken::KeepaliveRequestError(Arc::new(io_error())))), K::Connection, Maybe, Node, PASSING, Next, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("B2", w(broken(Broken::FrameHeaderParseError(FrameHeaderParseError::HeaderIoError(io_error())))), K::Connection, Maybe, Node, PASSING, Next, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("B2", w(broken(Broken::WriteError(io_error()))),            K::Connection, Maybe, Node, PASSING, Next, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("B2", w(broken(Broken::UnexpectedStreamId(9))),             K::Connection, Maybe, Node, PASSING, Next, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("B2", w(broken(Broken::TooManyOrphanedStreamIds(1100))),    K::Connection, Maybe, Node, PASSING, Next, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("B2", w(broken(Broken::CqlEventHandlingError(event()))),    K::Connection, Maybe, Node, PASSING, Next, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("B3", Error::timed_out(Limit::Attempt, Maybe),              K::Timeout,    Maybe, Node, PASSING, Next, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("B3", w(X::RequestTimeout(second)),                         K::Timeout,    Maybe, Node, PASSING, Next, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("B4", Error::timed_out(Limit::Call, Maybe),                 K::Timeout,    Maybe, Node, PASSING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("B4", Error::timed_out(Limit::Deadline, Maybe),             K::Timeout,    Maybe, Node, PASSING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),

        line("C1", w(db(DbError::SyntaxError)),           K::Syntax,          No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("C2", w(db(DbError::Invalid)),               K::Invalid,         No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("C3", w(db(DbError::Unauthorized)),          K::Unauthorized,    No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("C4", w(db(DbError::AuthenticationError)),   K::Authentication,  No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("C5", w(db(DbError::ConfigError)),           K::ServerConfig,    No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("C6", w(db(DbError::ProtocolError)),         K::Protocol,        No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("C7", w(exists()),                           K::AlreadyExists,   No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("C8", w(function()),                         K::FunctionFailure, No, Request, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("C9", w(unprepared()),                       K::Prepare,         No, Request, PASSING, Reprepare, All, (No, REPEAT), (No, REPEAT)),
        line("C10", w(db(DbError::IsBootstrapping)),      K::Bootstrapping,   No, Node,    PASSING, Next, All, (No, REPEAT), (No, REPEAT)),
        line("C11", w(db(unavailable())),                 K::Unavailable,     No, Replicas, PASSING, Next, All, (Maybe, STOP), (No, REPEAT)),
        line("C12", w(rate_limited(true)),                K::ServerRateLimit, No, Request, PASSING, Backoff, All, (No, REPEAT), (No, REPEAT)),
        line("C13", w(rate_limited(false)),               K::ServerRateLimit, Maybe, Request, PASSING, Backoff, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("C14", w(db(DbError::Overloaded)),           K::Overloaded,      Maybe, Load, PASSING, NextBackoff, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("C15", w(db(DbError::ServerError)),          K::ServerError,     Maybe, Node, LASTING, NextBackoff, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("C16", w(db(DbError::TruncateError)),        K::Truncate,        Maybe, Replicas, PASSING, NextBackoff, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("C17", w(db(read_timeout(2, false))),        K::ReadTimeout,     Maybe, Replicas, PASSING, SameOnce, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("C17", w(db(read_timeout(3, false))),        K::ReadTimeout,     Maybe, Replicas, PASSING, SameOnce, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("C18", w(db(read_timeout(1, false))),        K::ReadTimeout,     Maybe, Replicas, PASSING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("C18", w(db(read_timeout(2, true))),         K::ReadTimeout,     Maybe, Replicas, PASSING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("C19", w(db(read_failure())),                K::ReadFailure,     Maybe, Replicas, LASTING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("C20", w(db(write_timeout("SIMPLE"))),       K::WriteTimeout,    Maybe, Replicas, PASSING, Next, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("C21", w(db(write_timeout("UNLOGGED_BATCH"))), K::WriteTimeout,  Maybe, Replicas, PASSING, Next, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("C22", w(db(write_timeout("BATCH"))),        K::WriteTimeout,    Yes,   Replicas, PASSING, Next, Idempotent, (Maybe, STOP), (Yes, STOP)),
        line("C23", w(db(write_timeout("BATCH_LOG"))),    K::WriteTimeout,    Maybe, Replicas, PASSING, SameOnce, Idempotent, (Maybe, STOP), (Maybe, STOP)),
        line("C24", w(db(write_timeout("COUNTER"))),      K::WriteTimeout,    Maybe, Replicas, PASSING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("C25", w(db(write_timeout("CAS"))),          K::WriteTimeout,    Maybe, Replicas, PASSING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("C26", w(db(write_timeout("VIEW"))),         K::WriteTimeout,    Maybe, Replicas, PASSING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("C26", w(db(write_timeout("CDC"))),          K::WriteTimeout,    Maybe, Replicas, PASSING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("C27", w(db(write_timeout(SECRET))),         K::WriteTimeout,    Maybe, Replicas, LASTING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("C28", w(db(write_failure("SIMPLE"))),       K::WriteFailure,    Maybe, Replicas, LASTING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("C28", w(db(write_failure("BATCH"))),        K::WriteFailure,    Maybe, Replicas, LASTING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("C29", w(db(DbError::Other(0x1600))),        K::Other(0x1600),   Maybe, Request, LASTING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("C29", w(db(DbError::Other(0x1700))),        K::Other(0x1700),   Maybe, Request, LASTING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),

        line("D1", w(attempt(FrameBodyExtensionsParseError::NoCompressionNegotiated.into())), K::Protocol, Maybe, Request, LASTING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("D1", w(attempt(CqlErrorParseError::ErrorCodeParseError(malformed()).into())), K::Protocol, Maybe, Request, LASTING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("D1", w(attempt(R::UnexpectedResponse(CqlResponseKind::Ready))), K::Protocol, Maybe, Request, LASTING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("D2", w(attempt(CqlResultParseError::UnknownResultId(9).into())), K::Protocol, Yes, Request, LASTING, Never, Nothing, (Maybe, STOP), (Yes, STOP)),
        line("D3", w(attempt(R::NonfinishedPagingState)), K::Protocol, Yes, Request, LASTING, Never, Nothing, (Yes, STOP), (Yes, STOP)),
        line("D4", Error::decode(rows()),                 K::Decode,   Yes, Client,  LASTING, Never, Nothing, (Yes, STOP), (Yes, STOP)),
        line("D5", w(id_changed()),                       K::Prepare,  No,  Request, LASTING, Reprepare, All, (No, REPEAT), (No, REPEAT)),
        line("D5", w(attempt(R::RepreparedIdMissingInBatch)), K::Prepare, No, Request, LASTING, Reprepare, All, (No, REPEAT), (No, REPEAT)),

        line("E1", w(agreement.clone().into()),           K::SchemaAgreement, Yes, Client, PASSING, Never, Nothing, (Yes, STOP), (Yes, STOP)),
        line("E1", Error::from_schema_agreement(agreement), K::SchemaAgreement, Yes, Client, PASSING, Never, Nothing, (Yes, STOP), (Yes, STOP)),
        line("E1", w(metadata.clone().into()),            K::SchemaAgreement, Yes, Client, PASSING, Never, Nothing, (Yes, STOP), (Yes, STOP)),
        line("E1", Error::from_metadata(metadata),        K::SchemaAgreement, Yes, Client, PASSING, Never, Nothing, (Yes, STOP), (Yes, STOP)),
        line("E1", w(UseKeyspaceError::RequestTimeout(second).into()), K::SchemaAgreement, Yes, Client, PASSING, Never, Nothing, (Yes, STOP), (Yes, STOP)),

        line("ours", Error::no_host(None),                K::NoHost,          No, Client, PASSING, Never, Nothing, (No, STOP), (No, STOP)),
        line("ours", Error::internal(io_error()),         K::Internal,        Maybe, Client, LASTING, Never, Nothing, (Maybe, STOP), (Maybe, STOP)),
        line("ours", Error::config("size", 0, "one or more"), K::Config,      No, Client, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("ours", Error::unsupported("USE as a statement"), K::Unsupported, No, Client, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("ours", Error::protocol_version(4, 5),       K::ProtocolVersion, No, Client, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
        line("ours", Error::parameters_need_prepare(),    K::ParametersNeedPrepare, No, Client, LASTING, Never, Nothing, (No, STOP), (No, STOP)),
    ]
}

//! The table, line by line, and what becomes of several errors of one request.

mod attempts;
mod connecting;
mod leaks;
mod natures;
mod seam;
mod table;
mod threads;

use std::sync::Arc;

use scylla::errors::{
    BrokenConnectionError, BrokenConnectionErrorKind, ConnectionError, ConnectionPoolError, DbError,
    ExecutionError, PrepareError, RequestAttemptError, SerializationError, WriteType,
};
use scylla::statement::Consistency;

use super::Error;
use crate::nature::Nature;

/// What a server might quote.
const SECRET: &str = "secret-token";

fn io_error() -> std::io::Error {
    std::io::ErrorKind::ConnectionReset.into()
}

fn serialization() -> SerializationError {
    SerializationError::new(std::io::Error::other(SECRET))
}

/// As the leaf gets it.
fn attempt(error: RequestAttemptError) -> ExecutionError {
    ExecutionError::LastAttemptError(error)
}

fn db(error: DbError) -> ExecutionError {
    attempt(RequestAttemptError::DbError(error, SECRET.to_owned()))
}

fn broken(kind: BrokenConnectionErrorKind) -> ExecutionError {
    attempt(BrokenConnectionError::from(kind).into())
}

fn prepare(first_attempt: RequestAttemptError) -> ExecutionError {
    PrepareError::AllAttemptsFailed { first_attempt }.into()
}

fn pool_broken() -> ConnectionPoolError {
    ConnectionPoolError::Broken {
        last_connection_error: ConnectionError::IoError(Arc::new(io_error())),
    }
}

const fn unavailable() -> DbError {
    DbError::Unavailable {
        consistency: Consistency::Quorum,
        required: 2,
        alive: 1,
    }
}

const fn read_timeout(received: i32, data_present: bool) -> DbError {
    DbError::ReadTimeout {
        consistency: Consistency::Quorum,
        received,
        required: 2,
        data_present,
    }
}

const fn read_failure() -> DbError {
    DbError::ReadFailure {
        consistency: Consistency::Quorum,
        received: 1,
        required: 2,
        numfailures: 1,
        data_present: true,
    }
}

fn write_timeout(write_type: &str) -> DbError {
    DbError::WriteTimeout {
        consistency: Consistency::Quorum,
        received: 1,
        required: 2,
        write_type: WriteType::from(write_type),
    }
}

fn write_failure(write_type: &str) -> DbError {
    DbError::WriteFailure {
        consistency: Consistency::Quorum,
        received: 1,
        required: 2,
        numfailures: 1,
        write_type: WriteType::from(write_type),
    }
}

fn error(from: ExecutionError) -> Error {
    Error::from_execution(from, Nature::Write, None)
}

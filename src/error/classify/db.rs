//! Table C: the server answered with an error.

use scylla::errors::{DbError, WriteType};

use crate::error::row::{Row, Write};

#[deny(clippy::wildcard_enum_match_arm)]
pub(super) fn row(error: &DbError) -> Row {
    match error {
        DbError::SyntaxError => Row::Syntax,
        DbError::Invalid => Row::Invalid,
        DbError::Unauthorized => Row::Unauthorized,
        DbError::AuthenticationError => Row::Authentication,
        DbError::ConfigError => Row::ServerConfig,
        DbError::ProtocolError => Row::ServerProtocol,
        DbError::AlreadyExists { .. } => Row::AlreadyExists,
        DbError::FunctionFailure { .. } => Row::FunctionFailure,
        DbError::Unprepared { .. } => Row::Unprepared,
        DbError::IsBootstrapping => Row::Bootstrapping,
        DbError::Unavailable { .. } => Row::Unavailable,
        DbError::RateLimitReached {
            rejected_by_coordinator: true,
            ..
        } => Row::RateLimitedByCoordinator,
        DbError::RateLimitReached { .. } => Row::RateLimitedByReplica,
        DbError::Overloaded => Row::Overloaded,
        DbError::ServerError => Row::ServerError,
        DbError::TruncateError => Row::Truncate,
        // C17: enough replicas answered, but with digests only. The replica with the data was merely slow.
        DbError::ReadTimeout {
            received,
            required,
            data_present: false,
            ..
        } if received >= required => Row::ReadTimeoutNoData,
        DbError::ReadTimeout { .. } => Row::ReadTimeout,
        DbError::ReadFailure { .. } => Row::ReadFailure,
        DbError::WriteTimeout { write_type, .. } => Row::WriteTimeout(write(write_type)),
        DbError::WriteFailure { .. } => Row::WriteFailure,
        DbError::Other(code) => Row::OtherCode(*code),
        _ => Row::Unclassified,
    }
}

const fn write(write_type: &WriteType) -> Write {
    match write_type {
        WriteType::Simple => Write::Simple,
        WriteType::Batch => Write::Batch,
        WriteType::UnloggedBatch => Write::UnloggedBatch,
        WriteType::Counter => Write::Counter,
        WriteType::BatchLog => Write::BatchLog,
        WriteType::Cas => Write::Cas,
        WriteType::View => Write::View,
        WriteType::Cdc => Write::Cdc,
        WriteType::Other(_) => Write::Unknown,
    }
}

//! From the driver's errors to lines of the table. Every variant that the driver has is named, and a new one is a
//! lint error.

pub(super) mod connect;
mod connection;
mod db;
mod tls;

#[cfg(any(feature = "rustls", feature = "openssl"))]
use std::sync::Arc;

use scylla::errors::{
    BadQuery, ExecutionError, MetadataError, NewSessionError, PrepareError, RequestAttemptError,
    SchemaAgreementError, UseKeyspaceError,
};
use tower_cassandra_layers::Limit;
use uuid::Uuid;

use super::Error;
#[cfg(any(feature = "rustls", feature = "openssl"))]
use super::TlsFailure;
use super::row::Row;
use super::source::{Core, Detail, Source};
use crate::nature::Nature;

#[deny(clippy::wildcard_enum_match_arm)]
fn bad_query(error: &BadQuery) -> Row {
    match error {
        BadQuery::PartitionKeyExtraction
        | BadQuery::SerializationError(_)
        | BadQuery::ValuesTooLongForKey(..) => Row::Serialization,
        BadQuery::TooManyQueriesInBatchStatement(_) => Row::BatchTooLarge,
        // R12, but refused before anything was sent.
        _ => Row::Serialization,
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn attempt(error: &RequestAttemptError) -> Row {
    match error {
        RequestAttemptError::SerializationError(_) | RequestAttemptError::CqlRequestSerialization(_) => {
            Row::Serialization
        }
        RequestAttemptError::UnableToAllocStreamId => Row::NoStreamId,
        RequestAttemptError::BrokenConnectionError(error) => connection::broken(error),
        RequestAttemptError::BodyExtensionsParseError(_)
        | RequestAttemptError::CqlErrorParseError(_)
        | RequestAttemptError::UnexpectedResponse(_) => Row::UnreadableAnswer,
        RequestAttemptError::CqlResultParseError(_) => Row::UnreadableResult,
        RequestAttemptError::DbError(error, _) => db::row(error),
        RequestAttemptError::RepreparedIdChanged { .. } | RequestAttemptError::RepreparedIdMissingInBatch => {
            Row::PreparedIdChanged
        }
        RequestAttemptError::NonfinishedPagingState => Row::UnfinishedPaging,
        _ => Row::Unclassified,
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn prepare(error: &PrepareError) -> Row {
    match error {
        PrepareError::ConnectionPoolError(error) => Row::PreparePool(connection::pool(error).columns().fault),
        PrepareError::AllAttemptsFailed { first_attempt } => attempt(first_attempt),
        PrepareError::PreparedStatementIdsMismatch => Row::PreparedIdsDiffer,
        _ => Row::Unclassified,
    }
}

fn made(row: Row, source: Source) -> Error {
    Error::new(Core::new(row, Detail::None, source))
}

impl Error {
    /// What one execution of the driver ended with. The wrapper that the driver puts around the error of an attempt
    /// is taken off, so that every way to execute ends with the same source.
    #[deny(clippy::wildcard_enum_match_arm)]
    pub(crate) fn from_execution(error: ExecutionError, nature: Nature, node: Option<Uuid>) -> Self {
        let after = |source| made(Row::AfterSuccess, source);
        match error {
            ExecutionError::BadQuery(error) => Self::from_bad_query(error),
            ExecutionError::EmptyPlan => made(Row::NodeGone, Source::Execution(error)),
            ExecutionError::PrepareError(error) => return Self::from_prepare(error, nature, node),
            ExecutionError::ConnectionPoolError(error) => made(connection::pool(&error), Source::Pool(error)),
            ExecutionError::LastAttemptError(error) => return Self::from_attempt(error, nature, node),
            // The driver's own limit is off. Were it on, it would lie around one attempt.
            ExecutionError::RequestTimeout(waited) => Self::new(Core::new(
                Row::AttemptTimeout,
                Detail::Timeout {
                    limit: Limit::Attempt,
                    waited: Some(waited),
                },
                Source::Execution(error),
            )),
            ExecutionError::UseKeyspaceError(error) => after(Source::UseKeyspace(error)),
            ExecutionError::SchemaAgreementError(error) => after(Source::Agreement(error)),
            ExecutionError::MetadataError(error) => after(Source::Metadata(error)),
            _ => made(Row::Unclassified, Source::Execution(error)),
        }
        .with(nature, node)
    }

    /// What one attempt ended with.
    pub(crate) fn from_attempt(error: RequestAttemptError, nature: Nature, node: Option<Uuid>) -> Self {
        made(attempt(&error), Source::Attempt(error)).with(nature, node)
    }

    /// Preparing failed, by itself or before the statement of this nature could be sent.
    pub(crate) fn from_prepare(error: PrepareError, nature: Nature, node: Option<Uuid>) -> Self {
        let mut core = Core::new(prepare(&error), Detail::None, Source::Prepare(error));
        core.preparing = true;
        Self::new(core).with(nature, node)
    }

    /// Refused by the driver before it was sent.
    pub(crate) fn from_bad_query(error: BadQuery) -> Self {
        made(bad_query(&error), Source::BadQuery(error))
    }

    /// The wait for schema agreement failed. The statement before it succeeded (E1).
    pub(crate) fn from_schema_agreement(error: SchemaAgreementError) -> Self {
        made(Row::AfterSuccess, Source::Agreement(error)).with(Nature::Schema, None)
    }

    /// Reading the schema anew failed. The statement before it succeeded (E1).
    pub(crate) fn from_metadata(error: MetadataError) -> Self {
        made(Row::AfterSuccess, Source::Metadata(error)).with(Nature::Schema, None)
    }

    /// A session could not be made, and whether trying again is pointless.
    pub(crate) fn from_new_session(error: NewSessionError) -> (Self, bool) {
        let connect::Verdict { kind, permanent, tls } = connect::new_session(&error);
        let row = Row::Connect { kind, permanent };
        let detail = tls.map_or(Detail::None, Detail::Tls);
        (
            Self::new(Core::new(row, detail, Source::NewSession(error))),
            permanent,
        )
    }

    /// Did the node that was sent the login say this?
    pub(crate) fn is_about_login(error: &NewSessionError) -> bool {
        connect::is_about_login(error)
    }

    /// Corrects why TLS refused, by what is known beside the error.
    #[cfg(any(feature = "rustls", feature = "openssl"))]
    pub(crate) fn refine_tls(mut self, refine: impl FnOnce(TlsFailure) -> TlsFailure) -> Self {
        if let Some(core) = Arc::get_mut(&mut Arc::make_mut(&mut self.0).core)
            && let Detail::Tls(failure) = &mut core.detail
        {
            *failure = refine(*failure);
        }
        self
    }

    /// A session could not be given its keyspace.
    pub(crate) fn from_use_keyspace(error: UseKeyspaceError) -> Self {
        let connect::Verdict { kind, permanent, .. } = connect::use_keyspace(&error);
        made(Row::Connect { kind, permanent }, Source::UseKeyspace(error))
    }
}

//! What an error was made of.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use scylla::errors::{
    BadQuery, ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, ExecutionError,
    MetadataError, NewSessionError, PrepareError, RequestAttemptError, SchemaAgreementError,
    UseKeyspaceError,
};
use tower_cassandra_layers::limit::Reason;
use tower_cassandra_layers::{InvalidConfig, Limit};

use super::row::Row;
use super::{Error, ErrorKind, TlsFailure};
use crate::nature::Nature;

/// One failure as it happened, shared by the errors that tell of it.
// No `Debug` here and on `Source`: the driver's errors print what they quote.
pub(super) struct Core {
    pub(super) row: Row,
    /// Did PREPARE fail, and not the statement itself (A9)?
    pub(super) preparing: bool,
    pub(super) detail: Detail,
    pub(super) source: Source,
}

impl Core {
    pub(super) const fn new(row: Row, detail: Detail, source: Source) -> Self {
        Self {
            row,
            preparing: false,
            detail,
            source,
        }
    }

    pub(super) const fn kind(&self) -> ErrorKind {
        self.row.kind()
    }

    /// The nature that counts: a statement whose preparing failed was not sent.
    pub(super) const fn nature(&self, of_request: Nature) -> Nature {
        if self.preparing {
            Nature::Prepare
        } else {
            of_request
        }
    }

    pub(super) const fn timeout(&self) -> Option<(Limit, Option<Duration>)> {
        match self.detail {
            Detail::Timeout { limit, waited } => Some((limit, waited)),
            _ => None,
        }
    }

    pub(super) fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(match &self.source {
            Source::None => return None,
            Source::Cause(core) => return core.source(),
            Source::Execution(e) => e,
            Source::Attempt(e) => e,
            Source::Pool(e) => e,
            Source::BadQuery(e) => e,
            Source::Prepare(e) => e,
            Source::NewSession(e) => e,
            Source::UseKeyspace(e) => e,
            Source::Agreement(e) => e,
            Source::Metadata(e) => e,
            Source::Ours(e) => e,
            Source::Foreign(e) => &**e,
        })
    }

    /// What the server answered, if it did.
    pub(super) fn answer(&self) -> Option<(&DbError, &str)> {
        match &self.source {
            Source::Attempt(e) => of_attempt(e),
            Source::Prepare(PrepareError::AllAttemptsFailed { first_attempt }) => of_attempt(first_attempt),
            Source::NewSession(NewSessionError::MetadataError(MetadataError::ConnectionPoolError(
                ConnectionPoolError::Broken {
                    last_connection_error,
                },
            ))) => of_connection(last_connection_error),
            Source::NewSession(NewSessionError::UseKeyspaceError(e)) | Source::UseKeyspace(e) => of_use(e),
            _ => None,
        }
    }
}

const fn of_attempt(error: &RequestAttemptError) -> Option<(&DbError, &str)> {
    if let RequestAttemptError::DbError(error, message) = error {
        Some((error, message.as_str()))
    } else {
        None
    }
}

const fn of_use(error: &UseKeyspaceError) -> Option<(&DbError, &str)> {
    if let UseKeyspaceError::RequestError(error) = error {
        of_attempt(error)
    } else {
        None
    }
}

fn of_connection(error: &ConnectionError) -> Option<(&DbError, &str)> {
    match error {
        ConnectionError::ConnectionSetupRequestError(setup) => match &setup.error {
            ConnectionSetupRequestErrorKind::DbError(error, message) => Some((error, message)),
            _ => None,
        },
        ConnectionError::UseKeyspaceError(error) => of_use(error),
        _ => None,
    }
}

/// What belongs to the kinds that we make ourselves.
#[derive(Debug)]
pub(super) enum Detail {
    None,
    Timeout {
        limit: Limit,
        waited: Option<Duration>,
    },
    Rejected(Reason),
    Config(InvalidConfig),
    Protocol {
        negotiated: u8,
        required: u8,
    },
    Tls(TlsFailure),
    #[cfg(feature = "config")]
    Setting(Box<crate::config::BadSetting>),
    Text(&'static str),
}

/// The driver's enums are kept by value: their size does not matter behind the one `Arc`, and no downcast is needed
/// to read their fields.
#[allow(clippy::large_enum_variant)]
pub(super) enum Source {
    None,
    /// The same source as that of another failure.
    Cause(Arc<Core>),
    Execution(ExecutionError),
    Attempt(RequestAttemptError),
    Pool(ConnectionPoolError),
    BadQuery(BadQuery),
    Prepare(PrepareError),
    NewSession(NewSessionError),
    UseKeyspace(UseKeyspaceError),
    Agreement(SchemaAgreementError),
    Metadata(MetadataError),
    Ours(Error),
    Foreign(Arc<dyn StdError + Send + Sync>),
}

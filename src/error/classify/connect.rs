//! Table F: a session could not be made.

use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind as Setup, CqlRequestKind, DbError,
    MetadataError, NewSessionError, TranslationError, UseKeyspaceError,
};

use super::tls;
use crate::error::{ErrorKind, TlsFailure};

/// Permanent ones end connecting at once. What is not known to be permanent is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::error) struct Verdict {
    pub(in crate::error) kind: ErrorKind,
    pub(in crate::error) permanent: bool,
    pub(in crate::error) tls: Option<TlsFailure>,
}

const fn permanent(kind: ErrorKind) -> Verdict {
    Verdict {
        kind,
        permanent: true,
        tls: None,
    }
}

const fn refused_by_tls(failure: TlsFailure) -> Verdict {
    Verdict {
        kind: ErrorKind::Connect,
        permanent: true,
        tls: Some(failure),
    }
}

const AGAIN: Verdict = Verdict {
    kind: ErrorKind::Connect,
    permanent: false,
    tls: None,
};

#[deny(clippy::wildcard_enum_match_arm)]
pub(in crate::error) fn new_session(error: &NewSessionError) -> Verdict {
    match error {
        NewSessionError::EmptyKnownNodesList | NewSessionError::IllegalConfig(_) => {
            permanent(ErrorKind::Config)
        }
        NewSessionError::FailedToResolveAnyHostname(_) => AGAIN,
        NewSessionError::MetadataError(error) => metadata(error),
        NewSessionError::UseKeyspaceError(error) => use_keyspace(error),
        _ => AGAIN,
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn metadata(error: &MetadataError) -> Verdict {
    match error {
        MetadataError::ConnectionPoolError(error) => pool(error),
        MetadataError::FetchError(_)
        | MetadataError::Peers(_)
        | MetadataError::Keyspaces(_)
        | MetadataError::Udts(_)
        | MetadataError::Tables(_)
        | MetadataError::ClientRoutes(_) => AGAIN,
        _ => AGAIN,
    }
}

/// The answer to a login that was sent, or a connection that was lost while it was waited for.
pub(in crate::error) fn is_about_login(error: &NewSessionError) -> bool {
    match error {
        NewSessionError::MetadataError(MetadataError::ConnectionPoolError(ConnectionPoolError::Broken {
            last_connection_error: ConnectionError::ConnectionSetupRequestError(setup),
        })) => {
            matches!(setup.request_kind, CqlRequestKind::AuthResponse)
                && !matches!(setup.error, Setup::StartAuthSessionError(_))
        }
        _ => false,
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn pool(error: &ConnectionPoolError) -> Verdict {
    match error {
        ConnectionPoolError::Broken {
            last_connection_error,
        } => connection(last_connection_error),
        ConnectionPoolError::Initializing => AGAIN,
        ConnectionPoolError::NodeDisabledByHostFilter => Verdict {
            kind: ErrorKind::NoHost,
            permanent: false,
            tls: None,
        },
        _ => AGAIN,
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
pub(in crate::error) fn connection(error: &ConnectionError) -> Verdict {
    match error {
        ConnectionError::IoError(error) => tls::of_io(error).map_or(AGAIN, refused_by_tls),
        ConnectionError::BrokenConnection(error) => tls::of_broken(error).map_or(AGAIN, refused_by_tls),
        ConnectionError::ConnectTimeout | ConnectionError::NoSourcePortForShard(_) => AGAIN,
        ConnectionError::TranslationError(error) => translation(error),
        ConnectionError::ConnectionSetupRequestError(error) => setup(&error.error),
        ConnectionError::UseKeyspaceError(error) => use_keyspace(error),
        _ => AGAIN,
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn translation(error: &TranslationError) -> Verdict {
    match error {
        TranslationError::NoRuleForAddress(_)
        | TranslationError::NoRuleForHost(_)
        | TranslationError::InvalidAddressInRule { .. } => permanent(ErrorKind::Config),
        TranslationError::IoError(_)
        | TranslationError::DnsLookupFailed(_)
        | TranslationError::MissingPortForHost(_)
        | TranslationError::Custom(_) => AGAIN,
        _ => AGAIN,
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
pub(in crate::error) fn setup(error: &Setup) -> Verdict {
    match error {
        // Accounts get locked when these are repeated.
        Setup::MissingAuthentication
        | Setup::StartAuthSessionError(_)
        | Setup::AuthChallengeEvaluationError(_)
        | Setup::AuthFinishError(_) => permanent(ErrorKind::Authentication),
        Setup::DbError(DbError::AuthenticationError, _) => permanent(ErrorKind::Authentication),
        Setup::DbError(DbError::ProtocolError, _) => permanent(ErrorKind::Protocol),
        // Overloaded, bootstrapping, an error inside the server, and whatever else it may say.
        Setup::DbError(..) => AGAIN,
        Setup::CqlRequestSerialization(_)
        | Setup::BodyExtensionsParseError(_)
        | Setup::UnexpectedResponse(_)
        | Setup::CqlSupportedParseError(_)
        | Setup::CqlAuthenticateParseError(_)
        | Setup::CqlAuthSuccessParseError(_)
        | Setup::CqlAuthChallengeParseError(_)
        | Setup::CqlErrorParseError(_) => permanent(ErrorKind::Protocol),
        Setup::BrokenConnection(error) => tls::of_broken(error).map_or(AGAIN, refused_by_tls),
        Setup::UnableToAllocStreamId => AGAIN,
        _ => AGAIN,
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
pub(in crate::error) fn use_keyspace(error: &UseKeyspaceError) -> Verdict {
    match error {
        UseKeyspaceError::BadKeyspaceName(_) => permanent(ErrorKind::Config),
        UseKeyspaceError::RequestError(error) => {
            let columns = super::attempt(error).columns();
            Verdict {
                kind: columns.kind,
                permanent: !columns.transient,
                tls: None,
            }
        }
        UseKeyspaceError::KeyspaceNameMismatch { .. } | UseKeyspaceError::RequestTimeout(_) => AGAIN,
        _ => AGAIN,
    }
}

//! Table F: a session could not be made.

use std::io;

use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind as Setup, DbError, MetadataError,
    NewSessionError, TranslationError, UseKeyspaceError,
};

use crate::error::ErrorKind;

/// Permanent ones end connecting at once. What is not known to be permanent is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::error) struct Verdict {
    pub(in crate::error) kind: ErrorKind,
    pub(in crate::error) permanent: bool,
}

const fn permanent(kind: ErrorKind) -> Verdict {
    Verdict {
        kind,
        permanent: true,
    }
}

const AGAIN: Verdict = Verdict {
    kind: ErrorKind::Connect,
    permanent: false,
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
        },
        _ => AGAIN,
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
pub(in crate::error) fn connection(error: &ConnectionError) -> Verdict {
    match error {
        ConnectionError::IoError(error) if is_tls(error) => permanent(ErrorKind::Connect),
        ConnectionError::ConnectTimeout
        | ConnectionError::IoError(_)
        | ConnectionError::NoSourcePortForShard(_)
        | ConnectionError::BrokenConnection(_) => AGAIN,
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
        Setup::UnableToAllocStreamId | Setup::BrokenConnection(_) => AGAIN,
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
            }
        }
        UseKeyspaceError::KeyspaceNameMismatch { .. } | UseKeyspaceError::RequestTimeout(_) => AGAIN,
        _ => AGAIN,
    }
}

/// Did the TLS library refuse (certificate, name, version), and not the network below it?
///
/// The libraries are the driver's and cannot be named here. What tells them apart is how the driver builds the error:
/// plain failures of the socket carry no error inside. rustls puts its own into `InvalidData`. OpenSSL puts
/// everything into `Other`, with a failure of the socket, an end of file, or the library's own stack inside.
fn is_tls(error: &io::Error) -> bool {
    let Some(inner) = error.get_ref() else {
        return false;
    };
    match error.kind() {
        io::ErrorKind::InvalidData => true,
        io::ErrorKind::Other => inner.source().is_some_and(|cause| !cause.is::<io::Error>()),
        _ => false,
    }
}

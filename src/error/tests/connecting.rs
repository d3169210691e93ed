use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use scylla::errors::{
    BadKeyspaceName, ConnectionSetupRequestErrorKind as Setup, CqlResponseKind, CqlSupportedParseError,
    CustomTranslationError, DnsLookupError, FrameBodyExtensionsParseError, MetadataError, NewSessionError,
    PeersMetadataError, TranslationError, UseKeyspaceError,
};
use scylla::frame::frame_errors::LowLevelDeserializationError;
use tower_cassandra_layers::{Advice, Applied, Limit};
use uuid::Uuid;

use super::*;
use crate::error::ErrorKind as K;
use crate::error::classify::connect::setup;

/// What the libraries put into an error of the socket.
#[derive(Debug)]
struct Tls(Option<io::Error>, Option<std::fmt::Error>);
impl std::fmt::Display for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("handshake")
    }
}
impl std::error::Error for Tls {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self(Some(socket), _) => Some(socket),
            Self(None, Some(library)) => Some(library),
            Self(None, None) => None,
        }
    }
}

fn pool(error: ConnectionError) -> NewSessionError {
    let error = ConnectionPoolError::Broken {
        last_connection_error: error,
    };
    NewSessionError::MetadataError(MetadataError::ConnectionPoolError(error))
}
fn socket(error: io::Error) -> NewSessionError {
    pool(error.into())
}
fn translation(error: TranslationError) -> NewSessionError {
    pool(error.into())
}
fn keyspace(error: DbError) -> NewSessionError {
    UseKeyspaceError::RequestError(RequestAttemptError::DbError(error, SECRET.to_owned())).into()
}
fn address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 9042).into()
}
fn no_address() -> std::net::AddrParseError {
    "x".parse::<SocketAddr>().unwrap_err()
}

#[rustfmt::skip]
fn lines() -> Vec<(NewSessionError, K, bool)> {
    use NewSessionError as N;
    use TranslationError as T;
    let broken: BrokenConnectionError = BrokenConnectionErrorKind::ChannelError.into();
    let mismatch = UseKeyspaceError::KeyspaceNameMismatch {
        expected_keyspace_name_lowercase: "a".into(),
        result_keyspace_name_lowercase: "b".into(),
    };
    vec![
        (N::EmptyKnownNodesList,                                        K::Config,     true),
        (N::IllegalConfig(SECRET.into()),                               K::Config,     true),
        (UseKeyspaceError::from(BadKeyspaceName::Empty).into(),         K::Config,     true),
        (translation(T::NoRuleForAddress(address())),                   K::Config,     true),
        (translation(T::NoRuleForHost(Uuid::nil())),                    K::Config,     true),
        (translation(T::InvalidAddressInRule { translated_addr_str: "x", reason: no_address() }), K::Config, true),
        (N::FailedToResolveAnyHostname(vec!["db".into()]),              K::Connect,    false),
        (pool(ConnectionError::ConnectTimeout),                         K::Connect,    false),
        (socket(io_error()),                                            K::Connect,    false),
        (pool(broken.into()),                                           K::Connect,    false),
        (pool(ConnectionError::NoSourcePortForShard(1)),                K::Connect,    false),
        (translation(T::IoError(Arc::new(io_error()))),                 K::Connect,    false),
        (translation(T::DnsLookupFailed(DnsLookupError::Timeout(1))),   K::Connect,    false),
        (translation(T::MissingPortForHost(Uuid::nil())),               K::Connect,    false),
        (translation(CustomTranslationError::new(io_error()).into()),   K::Connect,    false),
        (UseKeyspaceError::RequestTimeout(Duration::ZERO).into(),       K::Connect,    false),
        (mismatch.into(),                                               K::Connect,    false),
        // rustls, OpenSSL refusing, OpenSSL over a dead socket, an end of file in the handshake.
        (socket(io::Error::new(io::ErrorKind::InvalidData, Tls(None, None))), K::Connect, true),
        (socket(io::Error::other(Tls(None, Some(std::fmt::Error)))),    K::Connect,    true),
        (socket(io::Error::other(Tls(Some(io_error()), None))),         K::Connect,    false),
        (socket(io::Error::other(Tls(None, None))),                     K::Connect,    false),
        (socket(io::Error::new(io::ErrorKind::UnexpectedEof, "tls handshake eof")), K::Connect, false),
        (keyspace(DbError::Invalid),                                    K::Invalid,    true),
        (keyspace(DbError::Unauthorized),                               K::Unauthorized, true),
        (keyspace(DbError::Overloaded),                                 K::Overloaded, false),
        (MetadataError::from(ConnectionPoolError::NodeDisabledByHostFilter).into(), K::NoHost, false),
        (MetadataError::from(ConnectionPoolError::Initializing).into(), K::Connect,    false),
        (MetadataError::from(PeersMetadataError::EmptyPeers).into(),    K::Connect,    false),
    ]
}

#[test]
fn connecting_knows_what_is_worth_another_try() {
    for (from, kind, permanent) in lines() {
        let text = from.to_string();
        let (error, is_permanent) = Error::from_new_session(from);
        assert_eq!((error.kind(), is_permanent), (kind, permanent), "{text}");
        assert_eq!(error.is_transient(), !permanent, "{text}");
        assert_eq!(
            (error.applied(), error.advice()),
            (Applied::No, Advice::Never),
            "{text}"
        );
        assert!(!format!("{error} {error:?}").contains(SECRET), "{text}");
    }
}

/// `ConnectionSetupRequestError` cannot be built from outside, so what is inside is judged here.
#[test]
fn the_set_up_of_a_connection_is_judged_by_its_answer() {
    let db = |error| Setup::DbError(error, SECRET.to_owned());
    let malformed = LowLevelDeserializationError::InvalidValueLength(-5);
    let broken: BrokenConnectionError = BrokenConnectionErrorKind::ChannelError.into();
    for (error, kind, permanent) in [
        (Setup::MissingAuthentication, K::Authentication, true),
        (
            Setup::StartAuthSessionError(SECRET.to_owned()),
            K::Authentication,
            true,
        ),
        (
            Setup::AuthChallengeEvaluationError(SECRET.to_owned()),
            K::Authentication,
            true,
        ),
        (Setup::AuthFinishError(SECRET.to_owned()), K::Authentication, true),
        (db(DbError::AuthenticationError), K::Authentication, true),
        (db(DbError::ProtocolError), K::Protocol, true),
        (
            Setup::UnexpectedResponse(CqlResponseKind::Event),
            K::Protocol,
            true,
        ),
        (
            FrameBodyExtensionsParseError::NoCompressionNegotiated.into(),
            K::Protocol,
            true,
        ),
        (
            CqlSupportedParseError::OptionsMapDeserialization(malformed).into(),
            K::Protocol,
            true,
        ),
        (db(DbError::Overloaded), K::Connect, false),
        (db(DbError::IsBootstrapping), K::Connect, false),
        (db(DbError::ServerError), K::Connect, false),
        (broken.into(), K::Connect, false),
        (Setup::UnableToAllocStreamId, K::Connect, false),
    ] {
        let verdict = setup(&error);
        assert_eq!((verdict.kind, verdict.permanent), (kind, permanent), "{error}");
    }
}

#[test]
fn the_connect_limit_is_a_timeout_over_the_last_try() {
    let (last, _) = Error::from_new_session(socket(io_error()));
    let error = Error::connect_timed_out(Duration::from_secs(5), Some(last));
    assert_eq!((error.kind(), error.timeout()), (K::Timeout, Some(Limit::Call)));
    assert_eq!(error.waited(), Some(Duration::from_secs(5)));
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.downcast_ref::<Error>().unwrap().kind(), K::Connect);
}

#[test]
fn a_keyspace_that_does_not_exist_shows_the_server_s_answer() {
    let (error, _) = Error::from_new_session(keyspace(DbError::Invalid));
    assert_eq!((error.code(), error.message()), (Some(0x2200), Some(SECRET)));
    let same = Error::from_use_keyspace(UseKeyspaceError::RequestError(RequestAttemptError::DbError(
        DbError::Invalid,
        SECRET.to_owned(),
    )));
    assert_eq!((same.kind(), same.message()), (error.kind(), error.message()));
}

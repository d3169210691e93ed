//! What the TLS library said, taken out of the error of a socket.

use std::io;

use scylla::errors::{BrokenConnectionError, BrokenConnectionErrorKind};
use scylla::frame::frame_errors::FrameHeaderParseError;

use crate::error::TlsFailure;

/// Did the TLS library refuse, and not the network below it?
pub(super) fn of_io(error: &io::Error) -> Option<TlsFailure> {
    let inner = error.get_ref()?;
    #[cfg(feature = "rustls")]
    if let Some(error) = inner.downcast_ref::<rustls::Error>() {
        return Some(by_rustls(error));
    }
    #[cfg(feature = "openssl")]
    if let Some(error) = inner.downcast_ref::<openssl::ssl::Error>() {
        return error.ssl_error().map(by_openssl);
    }
    // Of a library that is not known here: plain failures of the socket carry no error inside. rustls puts its own into
    // `InvalidData`. OpenSSL puts everything into `Other`, with a failure of the socket, an end of file, or its own stack inside.
    let refused = match error.kind() {
        io::ErrorKind::InvalidData => true,
        io::ErrorKind::Other => inner.source().is_some_and(|cause| !cause.is::<io::Error>()),
        _ => false,
    };
    refused.then_some(TlsFailure::Handshake)
}

/// With TLS 1.3 a node refuses the client's certificate when for the client the handshake is over: as the end of the connection.
/// Java's library then says `internal_error` as often as anything about certificates, and nothing else is left to refuse.
pub(super) fn of_broken(error: &BrokenConnectionError) -> Option<TlsFailure> {
    let failure = match error.downcast_ref::<BrokenConnectionErrorKind>()? {
        BrokenConnectionErrorKind::FrameHeaderParseError(
            FrameHeaderParseError::HeaderIoError(error) | FrameHeaderParseError::BodyChunkIoError(_, error),
        )
        | BrokenConnectionErrorKind::WriteError(error) => of_io(error),
        _ => None,
    }?;
    Some(match failure {
        TlsFailure::Handshake => TlsFailure::ClientCertificateRefused,
        other => other,
    })
}

#[cfg(feature = "rustls")]
fn by_rustls(error: &rustls::Error) -> TlsFailure {
    use rustls::AlertDescription as Alert;
    use rustls::{CertificateError as Certificate, Error};
    match error {
        Error::InvalidCertificate(error) => match error {
            Certificate::UnknownIssuer | Certificate::BadSignature => TlsFailure::UnknownAuthority,
            Certificate::Expired | Certificate::ExpiredContext { .. } => TlsFailure::Expired,
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => TlsFailure::NotYetValid,
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                TlsFailure::WrongName
            }
            Certificate::Revoked => TlsFailure::Revoked,
            _ => TlsFailure::BadCertificate,
        },
        Error::AlertReceived(alert) => match alert {
            Alert::CertificateRequired => TlsFailure::ClientCertificateRequired,
            Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied => TlsFailure::ClientCertificateRefused,
            _ => TlsFailure::Handshake,
        },
        _ => TlsFailure::Handshake,
    }
}

#[cfg(feature = "openssl")]
fn by_openssl(stack: &openssl::error::ErrorStack) -> TlsFailure {
    // The texts are those of OpenSSL's table of reasons; codes are not public in the binding.
    let reasons = || stack.errors().iter().filter_map(openssl::error::Error::reason);
    let any = |texts: &[&str]| reasons().any(|reason| texts.iter().any(|text| reason.ends_with(text)));
    if any(&["alert certificate required"]) {
        TlsFailure::ClientCertificateRequired
    } else if any(&[
        "alert bad certificate",
        "alert unsupported certificate",
        "alert certificate revoked",
        "alert certificate expired",
        "alert certificate unknown",
        "alert unknown ca",
        "alert access denied",
    ]) {
        TlsFailure::ClientCertificateRefused
    } else if any(&["certificate verify failed"]) {
        TlsFailure::BadCertificate
    } else {
        TlsFailure::Handshake
    }
}

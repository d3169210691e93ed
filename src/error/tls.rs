use std::fmt;

/// Why no TLS connection could be made. It is in [`Error::tls_failure`](super::Error::tls_failure) of errors of kind `Connect`.
///
/// All of them are permanent: nothing is tried again before somebody has changed a certificate or an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsFailure {
    /// The node's certificate comes from an authority that is not trusted here.
    UnknownAuthority,
    /// The node's certificate has expired.
    Expired,
    /// The node's certificate is not valid yet: is the clock right?
    NotYetValid,
    /// The node's certificate is for other names or addresses. Unless told otherwise its IP address has to be in it.
    WrongName,
    /// The node's certificate was revoked.
    Revoked,
    /// The node's certificate was refused for another reason, or the library does not tell which.
    BadCertificate,
    /// The node wants a certificate of the client, and there is none.
    ClientCertificateRequired,
    /// The node does not accept the client's certificate.
    ClientCertificateRefused,
    /// The handshake failed otherwise: no common version or cipher, or the node speaks no TLS at this port.
    Handshake,
}

impl TlsFailure {
    const fn text(self) -> &'static str {
        match self {
            Self::UnknownAuthority => "the node's certificate comes from an unknown authority: trust its CA",
            Self::Expired => "the node's certificate has expired",
            Self::NotYetValid => "the node's certificate is not valid yet, or the clock is wrong",
            Self::WrongName => {
                "the node's certificate is for other names: it has to name the node's IP address, or the `server_name` that is set"
            }
            Self::Revoked => "the node's certificate was revoked",
            Self::BadCertificate => "the node's certificate was refused",
            Self::ClientCertificateRequired => {
                "the node wants a certificate of the client: give one with its key"
            }
            Self::ClientCertificateRefused => "the node does not accept the client's certificate",
            Self::Handshake => "the handshake failed: is TLS on at this port, in a version both sides speak?",
        }
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

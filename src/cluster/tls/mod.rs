//! TLS from PEM files.

mod knock;
#[cfg(feature = "openssl")]
mod openssl;
#[cfg(feature = "rustls")]
mod rustls;

use std::path::{Path, PathBuf};

use scylla::client::session::TlsContext;

pub(super) use self::knock::{Knock, Knocking};
use super::builder::{ClusterBuilder, TlsChoice};
use crate::error::{Error, TlsFailure};

/// TLS with files in PEM form, as they lie on a server: the authorities to trust, and the client's own certificate.
///
/// The files are read, and every mistake in them found, when the cluster is built; they are read anew for every session that connects,
/// so rotated files need a new session and not a new process. The libraries' own settings serve for versions and ciphers. Whoever wants
/// to change those gives a context of the library to [`ClusterBuilder::tls`](crate::ClusterBuilder::tls).
#[derive(Clone, Debug)]
pub struct TlsFiles {
    authorities: PathBuf,
    client: Option<(PathBuf, PathBuf)>,
    server_name: Option<String>,
    library: TlsLibrary,
}

/// Which library makes the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsLibrary {
    /// rustls 0.23.
    #[cfg(feature = "rustls")]
    Rustls,
    /// OpenSSL by the `openssl` crate 0.10.
    #[cfg(feature = "openssl")]
    OpenSsl,
}

impl Default for TlsLibrary {
    /// rustls where the crate was built with it, else OpenSSL.
    fn default() -> Self {
        #[cfg(feature = "rustls")]
        let library = Self::Rustls;
        #[cfg(not(feature = "rustls"))]
        let library = Self::OpenSsl;
        library
    }
}

impl TlsFiles {
    /// Trusts the authorities whose certificates are in this file, one or more, and no others. Clusters have authorities of their own;
    /// those of the web are not trusted unless they are in the file.
    pub fn new(authorities: impl Into<PathBuf>) -> Self {
        Self {
            authorities: authorities.into(),
            client: None,
            server_name: None,
            library: TlsLibrary::default(),
        }
    }

    /// The client's certificate with its chain, and its key (PKCS#8, PKCS#1 or SEC1, not encrypted). Default: none.
    #[must_use]
    pub fn client_certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.client = Some((certificate.into(), key.into()));
        self
    }

    /// The name that every node's certificate has to bear. Default: the IP address that is connected to. The driver knows nodes by address
    /// only, and certificates of containers rarely name one; a name that all nodes share takes its place. With rustls only.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Which library is used, where the crate was built with both. Default: rustls.
    #[must_use]
    pub const fn library(mut self, library: TlsLibrary) -> Self {
        self.library = library;
        self
    }

    pub(super) fn context(&self) -> Result<Ready, Error> {
        match self.library {
            #[cfg(feature = "rustls")]
            TlsLibrary::Rustls => rustls::context(self),
            #[cfg(feature = "openssl")]
            TlsLibrary::OpenSsl => openssl::context(self),
        }
    }
}

/// A context, and what it notes of a certificate it refuses: OpenSSL says no more than that to the caller.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) context: TlsContext,
    #[cfg(feature = "openssl")]
    refused: openssl::Note,
    /// The same context again: the driver keeps the one that it has to itself.
    #[cfg(feature = "openssl")]
    own_context: Option<::openssl::ssl::SslContext>,
}

impl Ready {
    /// A context of the user's own: nothing is known but what the error says.
    pub(super) fn given(context: TlsContext) -> Self {
        Self {
            context,
            #[cfg(feature = "openssl")]
            refused: openssl::Note::default(),
            #[cfg(feature = "openssl")]
            own_context: None,
        }
    }

    /// What exactly was refused, given what the error says.
    pub(super) fn refine(&self, failure: TlsFailure) -> TlsFailure {
        #[cfg(feature = "openssl")]
        if failure == TlsFailure::BadCertificate
            && let Some(exact) = self.refused.take()
        {
            return exact;
        }
        self.about_client(failure)
    }

    /// Most nodes refuse an absent certificate in the words for a bad one.
    fn about_client(&self, failure: TlsFailure) -> TlsFailure {
        #[cfg(feature = "rustls")]
        if failure == TlsFailure::ClientCertificateRefused
            && let TlsContext::Rustls023(config) = &self.context
            && !config.client_auth_cert_resolver.has_certs()
        {
            return TlsFailure::ClientCertificateRequired;
        }
        #[cfg(feature = "openssl")]
        if failure == TlsFailure::ClientCertificateRefused && self.refused.without_certificate() {
            return TlsFailure::ClientCertificateRequired;
        }
        failure
    }
}

/// A file that cannot be used. Its name is told, nothing of its content.
fn bad_file(option: &'static str, path: &Path, why: impl std::fmt::Display) -> Error {
    Error::config(
        option,
        format_args!("{}: {why}", path.display()),
        "a file in PEM form that can be read",
    )
}

/// What the builder was given, ready to connect with.
pub(super) fn ready(builder: &ClusterBuilder) -> Result<Option<Ready>, Error> {
    match &builder.tls {
        None => Ok(None),
        Some(TlsChoice::Context(context)) => Ok(Some(Ready::given(context.clone()))),
        Some(TlsChoice::Files(files)) => files.context().map(Some),
    }
}

//! Options about who connects: credentials and TLS.

use std::sync::Arc;

use scylla::authentication::AuthenticatorProvider;

use super::ClusterBuilder;
use crate::cluster::login::{Credentials, CredentialsProvider, LoginChoice};

impl ClusterBuilder {
    /// A builder for these contact points with a user name and a password; all else by default.
    ///
    /// ```
    /// use tower_cassandra::ClusterBuilder;
    /// let builder = ClusterBuilder::with_auth(["10.0.0.1", "10.0.0.2"], "app", "secret");
    /// ```
    pub fn with_auth<I>(points: I, user: impl Into<String>, password: impl Into<String>) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self::new().contact_points(points).credentials(user, password)
    }

    /// User name and password, for servers with `PasswordAuthenticator` and its like. Default: none. They are never shown.
    ///
    /// While connecting they are sent to one contact point; only when it accepted them do others see them. So a wrong password is tried once
    /// per `connect`, which ends with kind `Authentication`. Of this, [`credentials_provider`](Self::credentials_provider) and
    /// [`authenticator`](Self::authenticator) the last call counts.
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.login = LoginChoice::Fixed(Credentials::new(user, password));
        self
    }

    /// Credentials that are asked for anew with every connection, also when one is opened again: a closure that returns a future, a
    /// [`PasswordFile`](crate::PasswordFile), or a type of your own. Default: none.
    pub fn credentials_provider(mut self, provider: impl CredentialsProvider) -> Self {
        self.login = LoginChoice::Provider(Arc::new(provider));
        self
    }

    /// The whole exchange with the server, for other mechanisms than user name and password (Kerberos, tokens). Default: none.
    ///
    /// The errors it returns reach the driver's log: keep secrets out of them.
    pub fn authenticator(mut self, authenticator: Arc<dyn AuthenticatorProvider>) -> Self {
        self.login = LoginChoice::Authenticator(authenticator);
        self
    }

    /// TLS for all connections, by a context of the library: `Arc<rustls::ClientConfig>` or `openssl`'s. Default: none.
    ///
    /// The name that is checked is the node's IP address. A certificate that is refused ends connecting at once, with the reason in
    /// [`Error::tls_failure`](crate::Error::tls_failure). Of this and [`tls_files`](Self::tls_files) the last call counts.
    ///
    /// The driver has no limit for a handshake, so a node that is frozen would keep a session from connecting. Therefore each is asked for a handshake first, for as long as
    /// [`tcp_connect_timeout`](Self::tcp_connect_timeout) says, and who does not answer is left alone until the driver tries again: two handshakes for each connection. Not with a
    /// context of OpenSSL that is given here, which the driver keeps to itself; with [`tls_files`](Self::tls_files) there is no such difference.
    #[cfg(any(feature = "rustls", feature = "openssl"))]
    pub fn tls(mut self, context: impl Into<scylla::client::session::TlsContext>) -> Self {
        self.tls = Some(super::TlsChoice::Context(context.into()));
        self
    }

    /// TLS for all connections, with authorities and the client's certificate from files. Default: none.
    #[cfg(any(feature = "rustls", feature = "openssl"))]
    pub fn tls_files(mut self, files: crate::cluster::TlsFiles) -> Self {
        self.tls = Some(super::TlsChoice::Files(files));
        self
    }
}

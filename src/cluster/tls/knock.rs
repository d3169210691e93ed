//! A sign of life before the driver's own handshake.
//!
//! The driver limits how long a TCP connection takes to open, and asks an open one for signs of life once it speaks CQL. Between the two lies the handshake of TLS, for which it
//! waits without end: a node that is frozen is connected to by its kernel and never says a word. The driver waits for the pools of all nodes before a session begins, and
//! before it takes over a change of the cluster, so one such node would stop both. Therefore a node is asked for a handshake of ours first, which has a limit.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use scylla::client::session::TlsContext;
use scylla::errors::{CustomTranslationError, TranslationError};
use scylla::policies::address_translator::{AddressTranslator, UntranslatedPeer};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::super::points::addresses;
use super::Ready;

/// What a handshake is made with.
#[derive(Clone)]
enum With {
    #[cfg(feature = "rustls")]
    Rustls(Arc<rustls::ClientConfig>),
    #[cfg(feature = "openssl")]
    OpenSsl(openssl::ssl::SslContext),
}

/// Asks nodes for a handshake.
#[derive(Clone)]
pub(in crate::cluster) struct Knock {
    with: With,
    limit: Duration,
}

impl Knock {
    /// None where the driver keeps the context to itself: one of OpenSSL that the user made.
    pub(in crate::cluster) fn new(ready: &Ready, limit: Duration) -> Option<Self> {
        #[cfg(feature = "openssl")]
        if let Some(context) = &ready.own_context {
            let with = With::OpenSsl(context.clone());
            return Some(Self { with, limit });
        }
        match &ready.context {
            #[cfg(feature = "rustls")]
            TlsContext::Rustls023(config) => {
                let with = With::Rustls(Arc::clone(config));
                Some(Self { with, limit })
            }
            _ => None,
        }
    }

    /// Does it not say a word? Who refuses does: what it says is for the driver to hear.
    async fn is_silent(&self, address: SocketAddr) -> bool {
        timeout(self.limit, self.shake_hands(address)).await.is_err()
    }

    async fn shake_hands(&self, address: SocketAddr) {
        let Ok(stream) = TcpStream::connect(address).await else {
            return;
        };
        match &self.with {
            #[cfg(feature = "rustls")]
            With::Rustls(config) => {
                let connector = tokio_rustls::TlsConnector::from(Arc::clone(config));
                let name = rustls::pki_types::ServerName::IpAddress(address.ip().into());
                if let Ok(stream) = connector.connect(name, stream).await {
                    part(stream).await;
                }
            }
            #[cfg(feature = "openssl")]
            With::OpenSsl(context) => {
                let made = openssl::ssl::Ssl::new(context)
                    .and_then(|mut ssl| ssl.param_mut().set_ip(address.ip()).map(|()| ssl))
                    .and_then(|ssl| tokio_openssl::SslStream::new(ssl, stream));
                if let Ok(mut stream) = made
                    && std::pin::Pin::new(&mut stream).connect().await.is_ok()
                {
                    part(stream).await;
                }
            }
        }
    }

    /// The addresses of these contact points without those that are silent; none where there is nothing to leave out, or nothing would be left.
    pub(in crate::cluster) async fn without_silent(&self, points: &[String]) -> Option<Vec<SocketAddr>> {
        let mut addresses = addresses(points, Instant::now() + self.limit).await;
        addresses.sort_unstable();
        addresses.dedup();
        if addresses.len() < 2 {
            return None;
        }
        let silent = join_all(addresses.iter().map(|address| self.is_silent(*address))).await;
        let (silent, awake): (Vec<_>, Vec<_>) =
            addresses.into_iter().zip(silent).partition(|(_, silent)| *silent);
        if silent.is_empty() || awake.is_empty() {
            return None;
        }
        let left_out: Vec<_> = silent.into_iter().map(|(address, _)| address).collect();
        tower_cassandra_layers::trace::emit(
            || tracing::warn!(?left_out, limit = ?self.limit, "contact points that do not answer a TLS handshake"),
        );
        Some(awake.into_iter().map(|(address, _)| address).collect())
    }
}

/// Ends the connection in the way of the protocol, so that the node finds nothing to complain of.
async fn part(mut stream: impl AsyncWrite + Unpin) {
    let _ = stream.shutdown().await;
}

/// Knocks at nodes before the driver opens a connection, at the addresses that another translator gives, if there is one.
pub(in crate::cluster) struct Knocking {
    pub(in crate::cluster) knock: Knock,
    pub(in crate::cluster) inner: Option<Arc<dyn AddressTranslator>>,
}

#[async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait has it so, and a named one is another signature"
)]
impl AddressTranslator for Knocking {
    async fn translate_address(&self, peer: &UntranslatedPeer) -> Result<SocketAddr, TranslationError> {
        let address = match &self.inner {
            Some(inner) => inner.translate_address(peer).await?,
            None => peer.untranslated_address(),
        };
        if self.knock.is_silent(address).await {
            let limit = self.knock.limit;
            return Err(CustomTranslationError::new(Silent { address, limit }).into());
        }
        Ok(address)
    }
}

/// A node does not answer the handshake.
#[derive(Debug)]
struct Silent {
    address: SocketAddr,
    limit: Duration,
}

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, limit } = self;
        write!(f, "{address} has not answered a TLS handshake in {limit:?}")
    }
}

impl std::error::Error for Silent {}

#[cfg(all(test, feature = "rustls"))]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    fn knock() -> Knock {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        Knock {
            with: With::Rustls(Arc::new(config)),
            limit: Duration::from_millis(200),
        }
    }

    #[tokio::test]
    async fn only_who_says_nothing_is_silent() {
        let (frozen, refusing) = (TcpListener::bind("127.0.0.1:0"), TcpListener::bind("127.0.0.1:0"));
        // Never accepted from: the kernel alone connects.
        let (frozen, refusing) = (frozen.await.unwrap(), refusing.await.unwrap());
        let silent = frozen.local_addr().unwrap();
        let speaks = refusing.local_addr().unwrap();
        let server = tokio::spawn(async move {
            loop {
                let (mut stream, _) = refusing.accept().await.unwrap();
                let _ = stream.write_all(b"no").await;
            }
        });
        let knock = knock();
        assert!(knock.is_silent(silent).await);
        assert!(!knock.is_silent(speaks).await);
        let points = |points: &[SocketAddr]| points.iter().map(ToString::to_string).collect::<Vec<_>>();
        let left = knock.without_silent(&points(&[silent, speaks])).await;
        assert_eq!(left, Some(vec![speaks]));
        assert_eq!(knock.without_silent(&points(&[speaks, speaks])).await, None);
        assert_eq!(
            knock.without_silent(&points(&[silent])).await,
            None,
            "the driver finds out"
        );
        server.abort();
    }
}

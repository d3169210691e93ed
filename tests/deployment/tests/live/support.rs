//! The one node of these tests, with a login and TLS.

use std::sync::LazyLock;
use std::time::Duration;

use local_cassandra::forward::Forward;
use local_cassandra::testing::Shared;
pub(crate) use local_cassandra::testing::chain;
use local_cassandra::{Builder, testing};
use tower_cassandra::{ClusterBuilder, Error, Session, TlsFiles, TlsLibrary};

use crate::certificates::{Certificates, quoted};

pub(crate) const QUERY: &str = "SELECT key FROM system.local";
/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(Certificates::make);

/// A node that wants a login. It speaks plain text and TLS at one port, and wants a certificate of those who speak TLS.
pub(crate) struct Secured {
    pub(crate) cluster: Shared,
    pub(crate) certificates: &'static Certificates,
}

fn builder() -> Builder {
    with_tls(testing::patient_node())
        .authentication(true)
        // Otherwise a password that was changed is good for two more seconds.
        .yaml("credentials_validity", "0ms")
}

/// Nodes that speak plain text and TLS at one port, and want a certificate of those who speak TLS.
pub(crate) fn with_tls(nodes: Builder) -> Builder {
    let factory = "org.apache.cassandra.security.PEMBasedSslContextFactory";
    let options = format!(
        "{{enabled: true, optional: true, require_client_auth: true, keystore: {}, truststore: {}, \
         ssl_context_factory: {{class_name: {factory}}}}}",
        quoted(&CERTIFICATES.path("node.pem")),
        quoted(&CERTIFICATES.path("ca.pem")),
    );
    nodes.yaml("client_encryption_options", options)
}

/// The right authority and certificate.
pub(crate) fn right_files(library: TlsLibrary) -> TlsFiles {
    let file = |name| CERTIFICATES.path(name);
    TlsFiles::new(file("ca.pem"))
        .library(library)
        .client_certificate(file("client.pem"), file("client-key.pem"))
}

/// None where it is not ours: it may have neither a login nor TLS.
fn secured(test: &str, cluster: Shared) -> Option<Secured> {
    if cluster.is_external() {
        testing::skip(
            test,
            "it needs a node with TLS and a login, and CASSANDRA_CONTACT_POINTS names others",
        );
        return None;
    }
    let certificates = &CERTIFICATES;
    Some(Secured {
        cluster,
        certificates,
    })
}

/// The node, beside other tests.
pub(crate) async fn shared(test: &str) -> Option<Secured> {
    secured(test, testing::shared(test, builder).await?)
}

/// The node for one test alone.
pub(crate) async fn alone(test: &str) -> Option<Secured> {
    secured(test, testing::exclusive(test, builder).await?)
}

impl Secured {
    pub(crate) fn address(&self) -> &str {
        self.cluster.node(0).address()
    }

    /// Everything by default but limits of time, and the right password.
    pub(crate) fn client(&self) -> ClusterBuilder {
        ClusterBuilder::with_auth([self.address()], "cassandra", "cassandra")
            .no_metrics()
            .timeout(PATIENCE)
            .attempt_timeout(PATIENCE / 2)
            .connect_timeout(PATIENCE)
            .tcp_connect_timeout(PATIENCE / 4)
            .metadata_timeout(PATIENCE / 4)
            .keepalive(Duration::from_secs(1), PATIENCE / 4)
    }

    /// Another address of the node, at which connections are counted.
    pub(crate) async fn forward(&self) -> Forward {
        Forward::beside(self.address()).await.unwrap()
    }

    /// The right authority and certificate.
    pub(crate) fn tls(&self, library: TlsLibrary) -> TlsFiles {
        right_files(library)
    }

    pub(crate) fn trusting(&self, ca: &str, library: TlsLibrary) -> TlsFiles {
        TlsFiles::new(self.file(ca)).library(library)
    }

    pub(crate) fn file(&self, name: &str) -> std::path::PathBuf {
        self.certificates.path(name)
    }
}

/// It answers, and closes.
pub(crate) async fn works(session: &Session) {
    assert_eq!(session.execute(QUERY).await.unwrap().len(), 1);
    session.close(PATIENCE).await.unwrap();
}

pub(crate) async fn fails(builder: ClusterBuilder) -> Error {
    match builder.connect().await {
        Err(error) => error,
        Ok(session) => panic!("connected: {session:?}"),
    }
}

/// How often one text is in another.
pub(crate) fn count(text: &[u8], part: &[u8]) -> usize {
    text.windows(part.len()).filter(|window| *window == part).count()
}

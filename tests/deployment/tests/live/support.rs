//! The one node of these tests, with a login and TLS.

use std::io::Write as _;
use std::time::Duration;

use local_cassandra::forward::Forward;
pub(crate) use local_cassandra::testing::chain;
use local_cassandra::{LocalCluster, testing};
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tower_cassandra::{ClusterBuilder, Error, Session, TlsFiles, TlsLibrary};

use crate::certificates::{Certificates, quoted};

pub(crate) const QUERY: &str = "SELECT key FROM system.local";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

static NODE: OnceCell<Secured> = OnceCell::const_new();
static USERS: RwLock<()> = RwLock::const_new(());

/// A node that wants a login. It speaks plain text and TLS at one port, and wants a certificate of those who speak TLS.
pub(crate) struct Secured {
    pub(crate) cluster: LocalCluster,
    pub(crate) certificates: Certificates,
}

/// None where tests with a server are skipped, or the node is not ours.
async fn node(test: &str) -> Option<&'static Secured> {
    if testing::skipped(test) {
        return None;
    }
    if std::env::var_os("CASSANDRA_CONTACT_POINTS").is_some() {
        let why = "it needs a node with TLS and a login, and CASSANDRA_CONTACT_POINTS names others";
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
        return None;
    }
    Some(NODE.get_or_init(start).await)
}

async fn start() -> Secured {
    let certificates = Certificates::make();
    let factory = "org.apache.cassandra.security.PEMBasedSslContextFactory";
    let options = format!(
        "{{enabled: true, optional: true, require_client_auth: true, keystore: {}, truststore: {}, \
         ssl_context_factory: {{class_name: {factory}}}}}",
        quoted(&certificates.path("node.pem")),
        quoted(&certificates.path("ca.pem")),
    );
    let cluster = LocalCluster::builder()
        .authentication(true)
        .yaml("client_encryption_options", options)
        // Otherwise a password that was changed is good for two more seconds.
        .yaml("credentials_validity", "0ms")
        .start()
        .await
        .expect("a node");
    Secured {
        cluster,
        certificates,
    }
}

/// The node, beside other tests.
pub(crate) async fn shared(test: &str) -> Option<(&'static Secured, RwLockReadGuard<'static, ()>)> {
    let node = node(test).await?;
    Some((node, USERS.read().await))
}

/// The node for one test alone.
pub(crate) async fn alone(test: &str) -> Option<(&'static Secured, RwLockWriteGuard<'static, ()>)> {
    let node = node(test).await?;
    Some((node, USERS.write().await))
}

impl Secured {
    pub(crate) fn address(&self) -> &str {
        self.cluster.node(0).address()
    }

    /// Everything by default, and the right password.
    pub(crate) fn client(&self) -> ClusterBuilder {
        ClusterBuilder::with_auth([self.address()], "cassandra", "cassandra").no_metrics()
    }

    /// Another address of the node, at which connections are counted.
    pub(crate) async fn forward(&self) -> Forward {
        Forward::beside(self.address()).await.unwrap()
    }

    /// The right authority and certificate.
    pub(crate) fn tls(&self, library: TlsLibrary) -> TlsFiles {
        self.trusting("ca.pem", library)
            .client_certificate(self.file("client.pem"), self.file("client-key.pem"))
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

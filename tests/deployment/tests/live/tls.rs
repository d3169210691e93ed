//! TLS: what is accepted, and each reason to refuse as its own, after one connection.

use std::net::Ipv4Addr;
use std::sync::Arc;

use tower_cassandra::scylla::cluster::metadata::Peer;
use tower_cassandra::scylla::policies::host_filter::HostFilter;
use tower_cassandra::{Error, ErrorKind, TlsFailure, TlsFiles, TlsLibrary};

use crate::certificates::SERVER_NAME;
use crate::support::{Secured, alone, chain, fails, shared, works};

pub(crate) fn libraries() -> Vec<TlsLibrary> {
    vec![
        TlsLibrary::Rustls,
        #[cfg(feature = "openssl")]
        TlsLibrary::OpenSsl,
    ]
}

fn refused(error: &Error, failure: TlsFailure) {
    assert_eq!(error.tls_failure(), Some(failure), "{}", chain(error));
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(!error.is_transient());
    assert!(error.to_string().contains(&failure.to_string()), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_certificates_open_a_session() {
    let Some(node) = shared("the_right_certificates").await else {
        return;
    };
    for library in libraries() {
        let session = node
            .client()
            .tls_files(node.tls(library))
            .connect()
            .await
            .unwrap();
        let clients = "SELECT ssl_enabled FROM system_views.clients";
        let rows = session.execute(clients).await.unwrap();
        let encrypted = rows.rows::<(Option<bool>,)>().unwrap();
        let encrypted = encrypted.iter().filter(|row| row.0 == Some(true));
        // The control connection and the one for requests.
        assert!(encrypted.count() >= 2, "{library:?}");
        works(&session).await;
    }
}

/// Refused, and tried once where we are those who refuse: counted at another address of the node, under a name its certificate bears.
async fn refused_once(node: &Secured, files: TlsFiles, library: TlsLibrary, failure: TlsFailure) {
    let forward = node.forward().await;
    let point = forward.address().to_string();
    // OpenSSL checks the address, so there it has to be the node's own.
    let (files, point) = match library {
        TlsLibrary::Rustls => (files.server_name(SERVER_NAME), point),
        _ => (files, node.address().to_owned()),
    };
    // What the node refuses it refuses when the client has begun to speak: the end of the connection may overtake the reason. Then the client
    // tries again, and may never hear of it.
    let by_the_node = matches!(
        failure,
        TlsFailure::ClientCertificateRequired | TlsFailure::ClientCertificateRefused
    );
    let connect = || {
        node.client()
            .contact_points([point.clone()])
            .tls_files(files.clone())
    };
    let mut error = fails(connect()).await;
    for _ in 0..20 {
        if !by_the_node || error.tls_failure().is_some() {
            break;
        }
        error = fails(connect()).await;
    }
    refused(&error, failure);
    if library == TlsLibrary::Rustls && !by_the_node {
        assert_eq!(forward.accepted(), 1, "{failure:?}");
    }
    println!("{library:?}: {failure:?}: {}", chain(&error));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_refusal_has_its_own_name_and_is_not_repeated() {
    let Some(node) = shared("each_refusal").await else {
        return;
    };
    for library in libraries() {
        let foreign = node.trusting("foreign-ca.pem", library);
        refused_once(&node, foreign, library, TlsFailure::UnknownAuthority).await;
        let nobody = node.trusting("ca.pem", library);
        refused_once(&node, nobody, library, TlsFailure::ClientCertificateRequired).await;
        let stranger = node.trusting("ca.pem", library).client_certificate(
            node.file("foreign-client.pem"),
            node.file("foreign-client-key.pem"),
        );
        refused_once(&node, stranger, library, TlsFailure::ClientCertificateRefused).await;

        let forward = node.forward().await;
        let elsewhere = node
            .client()
            .contact_points([forward.address().to_string()])
            .tls_files(node.tls(library));
        refused(&fails(elsewhere).await, TlsFailure::WrongName);
        assert_eq!(forward.accepted(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_name_may_stand_for_all_addresses() {
    let Some(node) = shared("one_name").await else {
        return;
    };
    let forward = node.forward().await;
    let client = node.client().contact_points([forward.address().to_string()]);
    let files = node.tls(TlsLibrary::Rustls);
    let right = client.clone().tls_files(files.clone().server_name(SERVER_NAME));
    works(&right.connect().await.unwrap()).await;
    let wrong = fails(client.tls_files(files.server_name("elsewhere.test"))).await;
    refused(&wrong, TlsFailure::WrongName);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_out_of_its_time_is_told_as_such() {
    let Some(node) = alone("out_of_its_time").await else {
        return;
    };
    let reload = async || {
        node.cluster.node(0).node_tool(["reloadssl"]).await.unwrap();
    };
    node.certificates.give_node_an_expired_one();
    reload().await;
    for library in libraries() {
        refused_once(&node, node.tls(library), library, TlsFailure::Expired).await;
    }
    node.certificates.give_node_one_of_the_future();
    reload().await;
    for library in libraries() {
        refused_once(&node, node.tls(library), library, TlsFailure::NotYetValid).await;
    }
    node.certificates.give_node_a_good_one();
    reload().await;
    let session = node
        .client()
        .tls_files(node.tls(TlsLibrary::Rustls))
        .connect()
        .await;
    works(&session.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_to_a_port_without_it_is_no_riddle() {
    let Some(node) = shared("tls_to_a_port_without_it").await else {
        return;
    };
    // Something that answers in plain text.
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        while let Ok((mut client, _)) = listener.accept().await {
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    for library in libraries() {
        let client = node
            .client()
            .contact_points([&address])
            .tls_files(node.tls(library));
        refused(&fails(client).await, TlsFailure::Handshake);
    }
    server.abort();
}

#[tokio::test]
async fn files_that_cannot_be_used_are_found_before_anything_is_opened() {
    let Some(node) = shared("files_that_cannot_be_used").await else {
        return;
    };
    for library in libraries() {
        for (files, option) in [
            (node.trusting("missing.pem", library), "tls.ca_file"),
            (node.trusting("client-key.pem", library), "tls.ca_file"),
            (
                node.trusting("ca.pem", library)
                    .client_certificate(node.file("missing.pem"), node.file("client-key.pem")),
                "tls.certificate_file",
            ),
            (
                node.trusting("ca.pem", library)
                    .client_certificate(node.file("client.pem"), node.file("ca.pem")),
                "tls.key_file",
            ),
            (
                node.trusting("ca.pem", library)
                    .client_certificate(node.file("client.pem"), node.file("foreign-client-key.pem")),
                "tls.key_file",
            ),
        ] {
            let error = node.client().tls_files(files).build().unwrap_err();
            let config = error.invalid_config().expect("an option is named");
            assert_eq!(config.option(), option, "{library:?}: {error}");
        }
    }
}

struct Nobody;
impl HostFilter for Nobody {
    fn accept(&self, _: &Peer) -> bool {
        false
    }
}

#[tokio::test]
async fn a_filter_that_refuses_all_nodes_leaves_no_host() {
    let Some(node) = shared("a_filter_that_refuses_all").await else {
        return;
    };
    let error = fails(node.client().host_filter(Arc::new(Nobody))).await;
    assert_eq!(error.kind(), ErrorKind::NoHost, "{}", chain(&error));
    assert!(chain(&error).contains("host filter"), "{}", chain(&error));
}

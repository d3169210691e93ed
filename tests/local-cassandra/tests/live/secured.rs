//! Clients that must log in, over TLS.

use std::time::Duration;

use local_cassandra::{LocalCluster, testing};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{AUTHENTICATE, PATIENCE, greet, greet_within};

#[tokio::test]
async fn a_node_with_authentication_asks_for_a_password() {
    let test = "a_node_with_authentication_asks_for_a_password";
    let builder = LocalCluster::builder().authentication(true);
    let Some(cluster) = testing::start(test, builder).await else {
        return;
    };
    // That the password is right was a condition for being ready.
    assert_eq!(cluster.credentials(), Some(("cassandra", "cassandra")));
    assert_eq!(greet(cluster.node(0).address()).await, Some(AUTHENTICATE));
    cluster.stop().await;
}

#[tokio::test]
async fn a_node_with_tls_answers_to_tls_alone() {
    const CLIENT_HELLO: &[u8] = b"\x16\x03\x01\0\x05\x01\0\0\x01\0";
    const ALERT: u8 = 0x15;

    let test = "a_node_with_tls_answers_to_tls_alone";
    let Some(cluster) = testing::start(test, LocalCluster::builder().tls(true)).await else {
        return;
    };
    let certificate = cluster.certificate_pem_path().unwrap();
    let certificate = std::fs::read_to_string(certificate).unwrap();
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"));

    let address = cluster.node(0).address();
    assert_eq!(greet_within(Duration::from_secs(1), address).await, None);
    // No handshake, but only one who speaks TLS refuses it in the words of TLS.
    let mut node = TcpStream::connect(address).await.unwrap();
    node.write_all(CLIENT_HELLO).await.unwrap();
    let mut kind = [0];
    let answer = timeout(PATIENCE, node.read_exact(&mut kind));
    answer.await.expect("an answer").unwrap();
    assert_eq!(kind, [ALERT]);
    cluster.stop().await;
}

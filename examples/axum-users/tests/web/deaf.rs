//! Clients that ask for much and take nothing of it.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tower_cassandra::ClusterBuilder;

use crate::child::Child;
use crate::support::{Client, PATIENCE, keyspace, node};

const CLIENTS: usize = 10;
/// So much per user that an answer is several times what kernels keep for a connection.
const USERS: i32 = 10_000;
const NAME: usize = 1_000;

async fn write_users(points: Vec<String>, keyspace: &str) {
    let session = ClusterBuilder::new().contact_points(points).no_metrics();
    let session = session.connect_timeout(PATIENCE).connect().await.unwrap();
    let text = format!(
        "INSERT INTO {keyspace}.users (id, name, email, age, created_at, updated_at) VALUES (uuid(), ?, 'a@b', 1, toTimestamp(now()), toTimestamp(now()))"
    );
    let insert = session.prepare(text).await.unwrap();
    let name = "n".repeat(NAME);
    let inserts =
        (0..USERS).map(|_| Ok::<_, tower_cassandra::Error>(insert.bind((&name,))?.timeout(PATIENCE)));
    session.execute_many(inserts).concurrency(64).run().await.unwrap();
    session.close(PATIENCE).await.unwrap();
}

/// Asks, reads the first bytes of the answer, and then nothing.
async fn deaf(client: &Client, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let mut socket = socket.connect(client.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    timeout(PATIENCE, socket.read_exact(&mut head))
        .await
        .expect("it is answered")
        .unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    socket
}

/// The value of a series without labels.
fn figure(text: &str, name: &str) -> u64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |value| value.parse::<f64>().unwrap() as u64)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deaf_clients_hold_no_permit_and_few_rows_and_are_given_up() {
    let Some(node) = node("deaf").await else { return };
    let stall = Duration::from_secs(10);
    let child = Child::ready(&node, "deaf", &[("WRITE_SECONDS", "10")]).await;
    write_users(node.contact_points(), &keyspace("deaf")).await;
    let client = &child.client;
    let before = child.memory();
    // Small pages: whenever a client stops to read, the next one is being asked for.
    let paths = ["/users?limit=10000", "/users/stream?limit=10000&fetch_size=10"];
    let mut clients = Vec::new();
    let began = Instant::now();
    for n in 0..CLIENTS {
        clients.push(deaf(client, paths[n % paths.len()]).await);
    }
    // All are answered, and nothing is asked for them any more: neither a permit nor a request is theirs.
    let (mut quiet, mut last) = (Instant::now(), String::new());
    while quiet.elapsed() < Duration::from_secs(1) {
        sleep(Duration::from_millis(20)).await;
        let figures = client.get("/metrics").await.text();
        let open = figure(&figures, "cassandra_streams_open");
        let limit = client.get("/rate_limit/status").await.json();
        let is_quiet = limit["running"] == 0 && limit["queued"] == 0;
        let now = format!("{open} streams, limit {limit}");
        if !is_quiet || open != CLIENTS as u64 || now != last {
            (quiet, last) = (Instant::now(), now);
        }
        assert!(began.elapsed() < PATIENCE, "{last}");
    }
    let while_deaf = child.memory();
    println!("deaf: {before:?} MB before, {while_deaf:?} MB with {CLIENTS} clients");
    if let (Some(before), Some(while_deaf)) = (before, while_deaf) {
        // All of their answers together are twice as much, as rows, as values and as JSON each.
        assert!(while_deaf - before < 50.0, "{before} MB, then {while_deaf} MB");
    }
    // They stay what they are, and are given up.
    let gave_up = async {
        while figure(&client.get("/metrics").await.text(), "cassandra_streams_open") > 0 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, gave_up).await.expect("they are kept for ever");
    println!("deaf: given up after {:?}", began.elapsed());
    assert!(began.elapsed() >= stall);
    drop(clients);
    child.done().await;
}

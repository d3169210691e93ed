//! The web socket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use local_cassandra::testing;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, client_async};
use tower_cassandra::cluster::defaults;

use crate::support::{App, Client, PATIENCE, eventually, node, within};

async fn open(client: &Client) -> WebSocketStream<TcpStream> {
    let socket = TcpStream::connect(client.address).await.unwrap();
    let url = format!("ws://{}/ws/stream", client.address);
    client_async(url, socket).await.unwrap().0
}

/// Opens one by hand, says this, and gives what came behind the head until it was closed.
async fn raw(client: &Client, says: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(client.address).await.unwrap();
    let head = "GET /ws/stream HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(says).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut answer))
        .await
        .expect("it is closed");
    let said = String::from_utf8_lossy(&answer);
    assert!(said.starts_with("HTTP/1.1 101"), "{said}");
    let end = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
    answer.split_off(end + 4)
}

/// The next message that is a text.
async fn next(socket: &mut WebSocketStream<TcpStream>) -> Value {
    loop {
        let message = timeout(PATIENCE, socket.next())
            .await
            .expect("a message")
            .unwrap()
            .unwrap();
        if let Message::Text(text) = message {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_07_products_come_every_second_until_the_client_goes() {
    let Some(node) = node("web_07").await else { return };
    let app = App::ready(&node, "web_07", |_| ()).await;
    let mut socket = open(&app.client).await;
    let mut times = Vec::new();
    for _ in 0..3 {
        let message = next(&mut socket).await;
        assert!(!message["products"].as_array().unwrap().is_empty());
        times.push(message["timestamp"].as_str().unwrap().to_owned());
    }
    assert!(times[0] < times[1] && times[1] < times[2], "{times:?}");
    assert_eq!(app.state.open_sockets(), 1);
    drop(socket);
    let began = Instant::now();
    eventually("the task behind the socket has ended", || {
        app.state.open_sockets() == 0
    })
    .await;
    within("web_07: end of the task", began.elapsed(), Duration::from_secs(2));
    app.done().await;
}

/// What a server sent, frame by frame: the first byte of each. It sends without masks.
fn frames(mut bytes: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let [kind, length, rest @ ..] = bytes {
        kinds.push(*kind);
        let (length, rest) = match (length, rest) {
            (126, [high, low, rest @ ..]) => (usize::from(*high) << 8 | usize::from(*low), rest),
            (length, rest) => (usize::from(*length), rest),
        };
        bytes = rest.get(length..).unwrap_or_default();
    }
    kinds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_answers_no_ping_is_gone_and_one_that_does_stays() {
    let Some(node) = node("pings").await else { return };
    let app = App::ready(&node, "pings", |settings| {
        settings.socket_ping = Duration::from_millis(1_500);
    });
    let app = app.await;
    let mut alive = open(&app.client).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let listening = tokio::spawn(async move {
        let mut stopped = std::pin::pin!(stopped);
        loop {
            tokio::select! {
                message = alive.next() => assert!(matches!(message, Some(Ok(Message::Text(_) | Message::Ping(_)))), "{message:?}"),
                _ = &mut stopped => return alive,
            }
        }
    });
    // This one reads all that comes, and says nothing.
    let began = Instant::now();
    let answer = raw(&app.client, b"").await;
    let frames = frames(&answer);
    println!("pings: {frames:x?}, closed after {:?}", began.elapsed());
    assert!(
        frames.contains(&0x89),
        "it was asked whether it is there: {frames:x?}"
    );
    assert_eq!(
        frames.last(),
        Some(&0x88),
        "and told that it is over: {frames:x?}"
    );
    eventually("its task has ended", || app.state.open_sockets() == 1).await;
    stop.send(()).unwrap();
    next(&mut listening.await.unwrap()).await;
    eventually("both have ended", || app.state.open_sockets() == 0).await;
    app.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_whose_client_goes_does_not_wait_for_the_database() {
    let Some(cluster) = testing::exclusive("socket_wait", testing::patient_node).await else {
        return;
    };
    let app = App::ready(&cluster, "socket_wait", |settings| {
        settings.socket_interval = Duration::from_millis(50);
    });
    let app = app.await;
    let mut socket = open(&app.client).await;
    next(&mut socket).await;
    cluster.node(0).freeze().unwrap();
    let session = app.state.session();
    eventually("its query waits for the node", || session.running() > 0).await;
    drop(socket);
    let began = Instant::now();
    eventually("its task has ended", || app.state.open_sockets() == 0).await;
    let took = began.elapsed();
    cluster.node(0).resume().unwrap();
    println!("socket_wait: {took:?}");
    // The query itself would have gone on until its connection is given up.
    assert!(took < defaults::KEEPALIVE_TIMEOUT / 2, "{took:?}");
    app.client.ready().await;
    app.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_ends_a_web_socket_and_there_are_only_so_many() {
    let Some(node) = node("sockets").await else { return };
    let app = App::ready(&node, "sockets", |settings| settings.max_sockets = 2).await;
    let close = async |message| {
        let mut socket = open(&app.client).await;
        // Refused messages may break the connection before all of them is sent.
        let _ = socket.send(message).await;
        loop {
            match timeout(PATIENCE, socket.next()).await.expect("an end") {
                Some(Ok(Message::Close(frame))) => break frame.map(|frame| frame.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break None,
            }
        }
    };
    assert_eq!(close(Message::text("hello")).await, Some(CloseCode::Policy));
    assert_eq!(close(Message::binary(vec![0; 10])).await, Some(CloseCode::Policy));
    close(Message::text("x".repeat(100_000))).await;
    eventually("all have ended", || app.state.open_sockets() == 0).await;

    // What is no frame at all.
    raw(&app.client, &[0xff; 200]).await;
    eventually("it has ended", || app.state.open_sockets() == 0).await;

    let (_one, _two) = (open(&app.client).await, open(&app.client).await);
    let socket = TcpStream::connect(app.client.address).await.unwrap();
    let url = format!("ws://{}/ws/stream", app.client.address);
    let refused = client_async(url, socket).await.unwrap_err().to_string();
    assert!(refused.contains("503"), "{refused}");
    app.client.get("/ws/stream").await.expect(400);
    // The end of the application ends them.
    app.end().await;
    app.drop_keyspaces().await;
}

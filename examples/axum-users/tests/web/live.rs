//! The web socket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::{App, Client, PATIENCE, eventually, node, within};

async fn open(client: &Client) -> WebSocketStream<TcpStream> {
    let socket = TcpStream::connect(client.address).await.unwrap();
    let url = format!("ws://{}/ws/stream", client.address);
    client_async(url, socket).await.unwrap().0
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
    let mut raw = TcpStream::connect(app.client.address).await.unwrap();
    let head = "GET /ws/stream HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    raw.write_all(head.as_bytes()).await.unwrap();
    raw.write_all(&[0xff; 200]).await.unwrap();
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, raw.read_to_end(&mut rest))
        .await
        .expect("it is closed");
    assert!(
        rest.starts_with(b"HTTP/1.1 101"),
        "{}",
        String::from_utf8_lossy(&rest)
    );
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

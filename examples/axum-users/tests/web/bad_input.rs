//! Requests that make no sense, and clients that mean no good.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::support::{App, Client, PATIENCE, node};

/// Sends these bytes and reads until the server closes the connection.
async fn raw(client: &Client, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(client.address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut answer))
        .await
        .expect("an end");
    String::from_utf8_lossy(&answer).into_owned()
}

fn post(kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /users HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_requests_are_answered_with_what_is_wrong() {
    let Some(node) = node("bad").await else { return };
    let app = App::ready(&node, "bad", |settings| settings.demo_items = 50).await;
    let client = &app.client;

    // Bodies.
    let json_type = "application/json";
    let bodies = [
        (json_type, r#"{"name":"#, "400"),
        (json_type, "\u{fffd}", "400"),
        (json_type, "{} {}", "422"),
        (json_type, r#"{"name":"a","email":"a@b","age":1} x"#, "400"),
        (json_type, r#"["name"]"#, "422"),
        (json_type, r#"{"name":"a","email":"a@b","age":"old"}"#, "422"),
        (json_type, r#"{"name":"a","email":"a@b","age":1e99}"#, "422"),
        (json_type, r#"{"name":"a","email":"nobody","age":1}"#, "422"),
        (json_type, r#"{"name":" ","email":"a@b","age":1}"#, "422"),
        (json_type, r#"{"name":"a\u0000b","email":"a@b","age":1}"#, "422"),
        (json_type, r#"{"name":"a","email":"a@b","age":151}"#, "422"),
        ("text/plain", r#"{"name":"a","email":"a@b","age":1}"#, "415"),
        (json_type, r#"{"name":"a","email":"a@b","age":1}"#, "201"),
    ];
    for (kind, body, status) in bodies {
        let answer = raw(client, &post(kind, body)).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{body}: {answer}"
        );
    }
    let age = client
        .post("/users", json!({ "name": "a", "email": "a@b", "age": "old" }))
        .await;
    assert_eq!(age.expect(422).json()["fields"][0]["field"], "age");
    let deep = "[".repeat(10_000);
    assert!(
        raw(client, &post(json_type, &deep))
            .await
            .starts_with("HTTP/1.1 4")
    );
    // Too large, said before and found out on the way.
    let head = "POST /users HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n";
    let said = raw(
        client,
        format!("{head}Content-Length: 100000000\r\n\r\n").as_bytes(),
    )
    .await;
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    let chunk = format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n10001\r\n{}\r\n",
        "x".repeat(0x10001)
    );
    let found = raw(client, chunk.as_bytes()).await;
    assert!(found.is_empty() || found.starts_with("HTTP/1.1 413 "), "{found}");

    // Paths and parameters.
    for id in [
        "not-a-uuid",
        "1",
        "%00",
        "00000000000000000000000000000000",
        "%ff",
        "'; DROP TABLE users; --",
    ] {
        let path = format!("/users/{}", id.replace(' ', "%20"));
        assert!(
            client
                .get(&path)
                .await
                .expect(400)
                .text()
                .contains("Invalid UUID")
        );
    }
    for path in [
        "/users?limit=0",
        "/users?limit=10001",
        "/users?limit=-1",
        "/users?limit=99999999999999999999",
        "/users?limit=1&limit=2",
        "/users?timeout=NaN",
        "/users?timeout=61",
        "/users/stream?fetch_size=9",
        "/users/stream/pages?max_pages=101",
        "/users/stream/advanced?timeout_seconds=0.5",
        "/large-dataset?limit=100001",
        "/paginated-items?limit=0",
        "/performance/async?requests=1001",
        "/products/search?limit=101",
        "/user-data",
    ] {
        let reply = client.get(path).await.expect(422).json();
        let field = reply["fields"][0]["field"].as_str().unwrap();
        assert!(path.contains(field) || field == "user", "{path}: {reply}");
    }

    // Cursors.
    let first = client.get("/paginated-items?limit=10").await.expect(200).json();
    let cursor = first["next_cursor"].as_str().unwrap();
    client
        .get(&format!("/paginated-items?limit=10&cursor={cursor}"))
        .await
        .expect(200);
    client
        .get(&format!("/paginated-items?limit=11&cursor={cursor}"))
        .await
        .expect(400);
    let turned: String = cursor.chars().rev().collect();
    let mut forged = vec!["x".to_owned(), "AAAA".to_owned(), turned, "A".repeat(3_000)];
    // Cut at each place, and changed there.
    for (at, is) in cursor.char_indices() {
        forged.push(cursor[..at].to_owned());
        forged.push(cursor[at + 1..].to_owned());
        let other = if is == 'A' { 'B' } else { 'A' };
        forged.push(format!("{}{other}{}", &cursor[..at], &cursor[at + 1..]));
    }
    for forged in forged {
        let refused = client
            .get(&format!("/paginated-items?limit=10&cursor={forged}"))
            .await;
        assert_eq!(refused.expect(400).json()["error"], "invalid cursor", "{forged}");
    }

    // Headers.
    for value in ["", "0", "-1", "soon", "61", "1e1", "inf", "0x1"] {
        let refused = client.get_with("/users", &[("x-request-timeout", value)]).await;
        assert!(refused.expect(400).text().contains("X-Request-Timeout"));
    }
    for value in ["", "MOST", "SERIAL", "ANY", "one two"] {
        let refused = client.get_with("/users", &[("x-consistency-level", value)]).await;
        let text = refused.expect(400).text();
        assert!(
            text.contains("X-Consistency-Level") && text.contains("LOCAL_QUORUM"),
            "{text}"
        );
    }
    client.get("/nothing").await.expect(404).is_silent();
    client.ask("PUT", "/users", &[], None).await.unwrap().expect(405);
    assert!(
        raw(client, b"NONSENSE\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 400 ")
    );
    app.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_cost_no_more_than_their_connection() {
    let Some(node) = node("loris").await else { return };
    let app = App::ready(&node, "loris", |settings| {
        settings.header_timeout = Duration::from_secs(1);
        settings.body_timeout = Duration::from_secs(1);
        settings.write_timeout = Duration::from_secs(1);
        settings.demo_items = 2_000;
        settings.max_connections = 20;
    });
    let app = app.await;
    let client = &app.client;
    // All but two of the places, each by a client that says a little and waits.
    let mut slow = Vec::new();
    for n in 0..18 {
        let mut socket = TcpStream::connect(client.address).await.unwrap();
        let said = match n % 3 {
            0 => "GET /users HT",
            1 => {
                "POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
            }
            // It never reads what it asked for: more than the kernel keeps for it.
            _ => "GET /users HTTP/1.1\r\nHost: a\r\n\r\nGET /us",
        };
        socket.write_all(said.as_bytes()).await.unwrap();
        slow.push(socket);
    }
    client.get("/users").await.expect(200);
    let began = Instant::now();
    for (n, mut socket) in slow.into_iter().enumerate() {
        let mut answer = Vec::new();
        let _ = timeout(PATIENCE, socket.read_to_end(&mut answer))
            .await
            .expect("it is closed");
        let answer = String::from_utf8_lossy(&answer);
        match n % 3 {
            0 => assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}"),
            1 => assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}"),
            _ => assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}"),
        }
    }
    println!("loris: all were closed after {:?}", began.elapsed());

    // One that takes nothing of a large answer.
    let mut deaf = TcpStream::connect(client.address).await.unwrap();
    let large = "GET /stream-data?limit=100000 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(40);
    deaf.write_all(large.as_bytes()).await.unwrap();
    // It has begun: what follows is its end, and not that it was not there yet.
    let mut head = [0; 12];
    timeout(PATIENCE, deaf.read_exact(&mut head))
        .await
        .expect("it is answered")
        .unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    app.at_rest().await;
    // The server has closed it: nothing but what was on its way is left.
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, deaf.read_to_end(&mut rest))
        .await
        .expect("it is closed");
    client.get("/users").await.expect(200);
    app.done().await;
}

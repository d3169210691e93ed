//! Clients that vanish, and clients that are there when the application ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::child::Child;
use crate::support::{App, Client, crowd, eventually, is_full, node};

/// Begins something and goes away in the middle of it.
async fn vanish(client: Client, n: usize) {
    let mut socket = TcpStream::connect(client.address).await.unwrap();
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let post = "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"name\":";
    let request = match n % 7 {
        0 => "GET /slow_query HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        1 => "GET /stream-data?limit=100000 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        2 => format!("POST /users HTTP/1.1\r\nHost: a\r\n{post}"),
        3 => format!("GET /ws/stream HTTP/1.1\r\nHost: a\r\n{upgrade}\r\n"),
        4 => "GET /users/stream/pages HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        5 => "GET /user".to_owned(),
        _ => String::new(),
    };
    // The server may have had enough of us already.
    let _ = socket.write_all(request.as_bytes()).await;
    match n % 3 {
        0 => {}
        1 => sleep(Duration::from_millis(n as u64 % 50)).await,
        // Not for ever: where more come at once than the kernel keeps for the server, some wait for nobody.
        _ => drop(timeout(Duration::from_secs(5), socket.read(&mut [0; 100])).await),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_vanish_leave_nothing_behind() {
    let Some(node) = node("vanish").await else { return };
    let app = App::ready(&node, "vanish", |settings| {
        settings.demo_items = 2_000;
        // So that those who send half a request and wait are gone as well.
        settings.header_timeout = Duration::from_secs(1);
        settings.body_timeout = Duration::from_secs(1);
        settings.slow_query = Duration::from_millis(500);
    });
    let app = app.await;
    app.client.get("/users").await.expect(200);
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    // Connections of our own client end when they were idle for that second.
    sleep(Duration::from_millis(1_500)).await;
    let before = alive();
    let count = if is_full() { 1_000 } else { 100 };
    crowd(count, count, |n| vanish(app.client.clone(), n)).await;
    eventually("no task is left", || alive() <= before).await;
    // Before we ask again: each connection of our own client is a task.
    println!(
        "vanish: {count} clients, {before} tasks before and {} after",
        alive()
    );
    app.at_rest().await;
    let figures = app.client.get("/metrics").await.text();
    for gauge in [
        "cassandra_requests_in_flight 0",
        "cassandra_streams_open 0",
        "app_web_sockets 0",
    ] {
        assert!(figures.contains(&format!("\n{gauge}\n")), "{gauge}");
    }
    assert!(
        figures.contains("\nhttp_requests_in_flight 1\n"),
        "only the one that asks"
    );
    app.done().await;
}

/// What became of the requests of one client.
#[derive(Default)]
struct Outcome {
    written: Vec<String>,
    refused: u32,
    broken: Vec<String>,
}

async fn write_until_the_end(client: Client, ending: Arc<AtomicBool>, stop: Arc<AtomicBool>) -> Outcome {
    let mut outcome = Outcome::default();
    while !stop.load(SeqCst) {
        let began_before = !ending.load(SeqCst);
        let body = json!({ "name": "Alice", "email": "alice@example.org", "age": 30 });
        match client.ask("POST", "/users", &[], Some(&body)).await {
            Ok(answer) if answer.status == 201 => {
                outcome
                    .written
                    .push(answer.json()["id"].as_str().unwrap().to_owned());
            }
            Ok(answer) if answer.status == 503 && !began_before && answer.header("retry-after") == "1" => {
                outcome.refused += 1;
            }
            // It came when the listener was closed: nobody accepted it.
            Err(error) if !began_before || error.contains("refused") => {
                outcome.refused += 1;
                sleep(Duration::from_millis(20)).await;
            }
            // Sent before the signal, read after it.
            Ok(answer) if answer.status == 503 && ending.load(SeqCst) => outcome.refused += 1,
            Ok(answer) => outcome
                .broken
                .push(format!("{}: {}", answer.status, answer.text())),
            Err(error) => outcome.broken.push(error),
        }
    }
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_accepted_request_fails_when_the_application_ends_under_load() {
    let Some(node) = node("sigterm").await else { return };
    // Long enough for whoever began before the signal and was kept waiting by a busy machine; the slow ones take longer than that.
    let times = [("LINGER_SECONDS", "3"), ("SLOW_SECONDS", "5")];
    let mut child = Child::ready(&node, "sigterm", &times).await;
    let (ending, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> = (0..20)
        .map(|_| write_until_the_end(child.client.clone(), Arc::clone(&ending), Arc::clone(&stop)))
        .map(tokio::spawn)
        .collect();
    sleep(Duration::from_millis(500)).await;
    // Answered when late requests are not even refused any more.
    let slow: Vec<_> = (0..5)
        .map(|_| {
            let client = child.client.clone();
            tokio::spawn(async move { client.get("/slow_query").await })
        })
        .collect();
    sleep(Duration::from_millis(500)).await;
    // First the word, then the deed.
    ending.store(true, SeqCst);
    child.terminate().await;
    child.ended().await;
    stop.store(true, SeqCst);
    for slow in slow {
        slow.await.unwrap().expect(200);
    }
    let mut all = Outcome::default();
    for writer in writers {
        let outcome = writer.await.unwrap();
        all.written.extend(outcome.written);
        all.refused += outcome.refused;
        all.broken.extend(outcome.broken);
    }
    println!("sigterm: {} written, {} refused", all.written.len(), all.refused);
    assert!(all.broken.is_empty(), "{:?}", all.broken);
    assert!(!all.written.is_empty());
    // What was acknowledged is there.
    let again = Child::ready(&node, "sigterm", &[]).await;
    let lost = crowd(all.written.len().min(500), 20, |n| {
        let (client, path) = (again.client.clone(), format!("/users/{}", all.written[n]));
        async move { client.get(&path).await.status != 200 }
    });
    assert!(!lost.await.contains(&true));
    again.done().await;
}

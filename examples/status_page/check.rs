//! The example looks at its own page, over HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::support::{Place, Result, check, result};
use super::{PATH, VICTIM};

/// A machine that is busy with other things takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn run(place: &Place, address: SocketAddr) -> Result<()> {
    for mounted in [PATH.to_owned(), format!("{PATH}/")] {
        let page = get(address, &mounted).await?;
        check(
            page.starts_with("HTTP/1.1 200 ") && page.contains("</html>"),
            "there is no page",
        )?;
        check(
            page.contains("content-security-policy: default-src 'none'"),
            "it has no policy",
        )?;
    }
    let missing = get(address, &format!("{PATH}/nothing")).await?;
    check(
        missing.starts_with("HTTP/1.1 404 "),
        "a path that is not there has an answer",
    )?;

    let mut events = request(address, &format!("{PATH}/events")).await?;
    let mut first = vec![0; 64 * 1024];
    let mut length = 0;
    while !first[..length].windows(2).any(|end| end == b"}\n") {
        let read = timeout(PATIENCE, events.read(&mut first[length..])).await??;
        check(read > 0, "the stream ended before its first event")?;
        length += read;
    }
    let first = String::from_utf8_lossy(&first[..length]);
    check(first.contains("content-type: text/event-stream"), "no events")?;

    let victim = place.cluster.node(VICTIM);
    let level = async || -> Result<String> {
        let answer = get(address, &format!("{PATH}/status.json")).await?;
        let (_, json) = answer.split_once("\r\n\r\n").ok_or("no body")?;
        let json: serde_json::Value = serde_json::from_str(json)?;
        let nodes = json["nodes"].as_array().ok_or("no nodes")?;
        let node = nodes.iter().find(|node| node["address"] == victim.address());
        let node = node.ok_or("the node is not there")?;
        Ok(format!(
            "{} {} {}",
            node["level"], node["condition"], node["reason"]
        ))
    };
    let until = async |wanted: &str| -> Result<Duration> {
        let began = Instant::now();
        loop {
            let seen = level().await?;
            if seen.starts_with(wanted) {
                println!("{}: {seen}", victim.address());
                return Ok(began.elapsed());
            }
            check(began.elapsed() < PATIENCE, format!("it stays {seen}"))?;
            sleep(Duration::from_millis(200)).await;
        }
    };
    until("\"good\"").await?;
    victim.freeze()?;
    let seen = until("\"bad\"").await?;
    victim.resume()?;
    let back = until("\"good\"").await?;
    result("frozen_seen_within_10_s", seen < Duration::from_secs(10));
    println!("seen after {seen:?}, back after {back:?}");
    Ok(())
}

async fn request(address: SocketAddr, path: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

async fn get(address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = request(address, path).await?;
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

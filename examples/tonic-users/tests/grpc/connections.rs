//! Clients that connect and say little.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tonic::Code;
use tonic_users::Limits;

use crate::support::{Bed, PATIENCE};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A frame of settings that sets nothing.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

const PING: u8 = 6;

/// The types of the frames that a server sent.
fn frames(mut bytes: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let [a, b, c, kind, ..] = *bytes {
        kinds.push(kind);
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        bytes = bytes.get(9 + length..).unwrap_or_default();
    }
    kinds
}

async fn says(bed: &Bed, bytes: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(bed.address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    socket
}

/// Reads until the server closes it, and gives what came.
async fn ends(mut socket: TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut answer))
        .await
        .expect("it is kept for ever");
    answer
}

#[tokio::test]
async fn connections_are_bounded_and_those_that_say_nothing_are_closed() {
    let limits = Limits {
        // The client of the test has one.
        connections: 4,
        preface: Duration::from_secs(2),
        keepalive: Duration::from_secs(2),
        keepalive_timeout: Duration::from_secs(3),
    };
    let Some(bed) = Bed::limited("grpc_silent", limits).await else {
        return;
    };
    assert_eq!(bed.get(NOBODY).await.unwrap_err().code(), Code::NotFound);
    let began = Instant::now();
    let silent = says(&bed, b"").await;
    let half = says(&bed, &PREFACE[..10]).await;
    let greets = says(&bed, &[PREFACE, SETTINGS].concat()).await;
    // One more waits until there is a place, and is served then.
    let mut next = says(&bed, &[PREFACE, SETTINGS].concat()).await;
    let mut head = [0; 9];
    timeout(PATIENCE, next.read_exact(&mut head))
        .await
        .expect("it is never served")
        .unwrap();
    assert!(
        began.elapsed() >= limits.preface,
        "served while all places were taken, after {:?}",
        began.elapsed()
    );
    assert_eq!(head[3], 4, "settings");
    // Neither of them has said what it is, so they are not even asked whether they are alive.
    for socket in [silent, half] {
        let frames = frames(&ends(socket).await);
        assert!(!frames.contains(&PING), "{frames:?}");
    }
    // This one is asked, and does not answer.
    let frames = frames(&ends(greets).await);
    assert!(frames.contains(&PING), "{frames:?}");
    assert!(began.elapsed() >= limits.keepalive + limits.keepalive_timeout);
    println!("the last one was closed after {:?}", began.elapsed());
    // Who answers stays.
    assert_eq!(bed.get(NOBODY).await.unwrap_err().code(), Code::NotFound);
    drop(next);
    bed.done().await;
}

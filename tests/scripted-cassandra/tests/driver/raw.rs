//! What the driver hides: how connections begin and end.

use std::io;

use scripted_cassandra::{Action, ErrorFrame, Match, Opcode, ScriptedCluster};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::cluster;

const ERROR: u8 = 0x00;
const READY: u8 = 0x02;
const SUPPORTED: u8 = 0x06;
const OPTIONS: u8 = 0x05;
const QUERY: u8 = 0x07;

fn frame(version: u8, opcode: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[version, 0, 0, 5, opcode], &length[..], body].concat()
}

fn query(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    frame(4, QUERY, &[&length[..], text.as_bytes(), &[0, 1, 0]].concat())
}

async fn connect(cluster: &ScriptedCluster) -> TcpStream {
    TcpStream::connect(cluster.node(0).address()).await.unwrap()
}

/// Opcode and body of the next frame.
async fn answer(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut header = [0; 9];
    stream.read_exact(&mut header).await?;
    assert_eq!((header[0], &header[2..4]), (0x84, &[0, 5][..]));
    let mut body = vec![0; u32::from_be_bytes(header[5..].try_into().unwrap()) as usize];
    stream.read_exact(&mut body).await?;
    Ok((header[4], body))
}

async fn started(cluster: &ScriptedCluster) -> TcpStream {
    let mut stream = connect(cluster).await;
    let startup = [&[0, 1, 0, 11][..], b"CQL_VERSION", &[0, 5], b"3.0.0"].concat();
    stream.write_all(&frame(4, 0x01, &startup)).await.unwrap();
    assert_eq!(answer(&mut stream).await.unwrap().0, READY);
    stream
}

#[tokio::test]
async fn frames_arrive_in_any_pieces() {
    let cluster = cluster(1).await;
    let mut stream = started(&cluster).await;
    for byte in frame(4, OPTIONS, &[]) {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(answer(&mut stream).await.unwrap().0, SUPPORTED);
    let many = frame(4, OPTIONS, &[]).repeat(100);
    stream.write_all(&many).await.unwrap();
    for _ in 0..100 {
        assert_eq!(answer(&mut stream).await.unwrap().0, SUPPORTED);
    }
}

#[tokio::test]
async fn what_is_not_the_protocol_is_refused() {
    let cluster = cluster(1).await;
    let mut early = connect(&cluster).await;
    early.write_all(&query("SELECT * FROM ks.t")).await.unwrap();
    let (opcode, body) = answer(&mut early).await.unwrap();
    assert_eq!((opcode, &body[..4]), (ERROR, &[0, 0, 0, 0x0A][..]));

    let mut newer = connect(&cluster).await;
    newer.write_all(&frame(5, OPTIONS, &[])).await.unwrap();
    assert_eq!(answer(&mut newer).await.unwrap().0, ERROR);
    assert_eq!(newer.read(&mut [0; 1]).await.unwrap(), 0);

    let mut broken = started(&cluster).await;
    for request in [frame(4, QUERY, &[0, 0]), frame(4, 0x77, &[])] {
        broken.write_all(&request).await.unwrap();
        let (opcode, body) = answer(&mut broken).await.unwrap();
        assert_eq!((opcode, &body[..4]), (ERROR, &[0, 0, 0, 0x0A][..]));
    }
}

#[tokio::test]
async fn a_close_is_an_end_and_a_reset_is_an_error() {
    let cluster = cluster(1).await;
    cluster
        .on(Match::any().statement_contains("close"))
        .then(Action::Close);
    cluster
        .on(Match::any().statement_contains("reset"))
        .then(Action::Reset);
    cluster
        .on(Match::any().statement_contains("half"))
        .then(Action::HalfAnswerThenClose);

    let mut stream = started(&cluster).await;
    let requests = [frame(4, OPTIONS, &[]), query("close"), query("never read")].concat();
    stream.write_all(&requests).await.unwrap();
    assert_eq!(answer(&mut stream).await.unwrap().0, SUPPORTED);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);

    let mut stream = started(&cluster).await;
    stream.write_all(&query("reset")).await.unwrap();
    let error = stream.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);

    let mut stream = started(&cluster).await;
    stream
        .write_all(&query("SELECT * FROM ks.t -- half"))
        .await
        .unwrap();
    let mut half = Vec::new();
    stream.read_to_end(&mut half).await.unwrap();
    let length = u32::from_be_bytes(half[5..9].try_into().unwrap()) as usize;
    assert_eq!(half.len(), (9 + length).div_ceil(2));
}

#[tokio::test]
async fn a_delayed_close_comes_after_its_time() {
    let cluster = cluster(1).await;
    let by = std::time::Duration::from_millis(50);
    cluster.on(Match::any()).then(Action::Close.after(by));
    let mut stream = started(&cluster).await;
    let start = tokio::time::Instant::now();
    stream.write_all(&query("x")).await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    assert!(start.elapsed() >= by);
    crate::support::until("nothing is open", || cluster.open_frames().now == 0).await;
}

#[tokio::test]
async fn options_and_startup_follow_rules_too() {
    let cluster = cluster(1).await;
    let error = ErrorFrame::bootstrapping("not yet");
    cluster
        .on(Match::opcode(Opcode::Options).or_opcode(Opcode::Startup))
        .then(error);
    let mut stream = connect(&cluster).await;
    for opcode in [OPTIONS, 0x01] {
        stream.write_all(&frame(4, opcode, &[])).await.unwrap();
        let (opcode, body) = answer(&mut stream).await.unwrap();
        assert_eq!((opcode, &body[..4]), (ERROR, &[0, 0, 0x10, 0x02][..]));
    }
}

#[tokio::test]
async fn rules_take_turns_by_the_number_of_the_frame() {
    let cluster = cluster(1).await;
    let mut rules = Vec::new();
    for before in [0, 2, 4] {
        let error = ErrorFrame::overloaded(before.to_string());
        rules.push(cluster.on(Match::any()).after(before).times(1).then(error));
    }
    let mut stream = started(&cluster).await;
    let mut failed = Vec::new();
    for number in 1..=6 {
        stream.write_all(&query("SELECT * FROM ks.t")).await.unwrap();
        if answer(&mut stream).await.unwrap().0 == ERROR {
            failed.push(number);
        }
    }
    assert_eq!(failed, [1, 3, 5]);
    assert!(
        rules
            .iter()
            .all(|rule| (rule.matched(), rule.applied()) == (6, 1))
    );
}

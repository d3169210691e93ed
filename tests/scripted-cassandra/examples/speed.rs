//! How many answers a second one thread of the server gives.
//!
//! A client of raw frames, on a thread of its own and without a driver, keeps EXECUTE frames under way
//! on each of three connections. Of the answers it looks at the opcode and the stream only. Run it with
//! `cargo run --release -p scripted-cassandra --example speed`.

use std::error::Error;
use std::net::SocketAddr;

use scripted_cassandra::{Opcode, Recording, Rows, ScriptedCluster, Table, Type, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant};

const ROW: &str = "SELECT id, v FROM ks.t WHERE id = ?";
const WRITE: &str = "INSERT INTO ks.t (id, v) VALUES (?, ?)";
const CONNECTIONS: usize = 3;
const TIME: Duration = Duration::from_millis(800);

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        println!(
            "answers a second: by the server thread's own time | by the clock, with the client beside it"
        );
        use Recording::{Counts, Keys, Last};
        for (name, text, recording, window) in [
            ("a fixed row, only counted", ROW, Counts, 256),
            ("a fixed row, only counted, 16 under way", ROW, Counts, 16),
            ("a fixed row, only counted, 1 under way", ROW, Counts, 1),
            ("a write into the store, counted by key", WRITE, Keys, 256),
            (
                "a write into the store, the frame kept",
                WRITE,
                Last(100_000),
                256,
            ),
            ("the same, 1 under way", WRITE, Last(100_000), 1),
        ] {
            let with_store = text == WRITE;
            let cluster = start(recording, with_store).await?;
            let (answers, clock, thread) = measure(&cluster, text, window).await?;
            let rate = |time: Duration| answers as f64 / time.as_secs_f64();
            let own = thread.map_or("unknown here".to_owned(), |time| format!("{:>9.0}", rate(time)));
            println!("{name:<40} {own} | {:>9.0}", rate(clock));
            assert_eq!(cluster.ledger().count(Opcode::Execute, text), answers);
        }
        Ok(())
    })
}

async fn start(recording: Recording, with_store: bool) -> Result<ScriptedCluster, Box<dyn Error>> {
    let table = Table::new("ks", "t");
    let table = table.partition_key("id", Type::Int).column("v", Type::Text);
    let mut builder = ScriptedCluster::builder()
        .nodes(CONNECTIONS)
        .table(table)
        .recording(recording);
    if !with_store {
        builder = builder.without_store();
    }
    let cluster = builder.start().await?;
    if !with_store {
        let rows = Rows::new([("id", Type::Int), ("v", Type::Text)]);
        cluster.answer_rows(ROW, rows.row([Value::from(1), "a value of some length".into()]));
    }
    Ok(cluster)
}

/// Answers, the time by the clock, and that of the server's thread.
async fn measure(
    cluster: &ScriptedCluster,
    text: &str,
    window: usize,
) -> Result<(u64, Duration, Option<Duration>), Box<dyn Error>> {
    let mut clients = Vec::new();
    for node in cluster.nodes() {
        clients.push(Client::connect(node.address(), text, window).await?);
    }
    let before = cluster.thread_time();
    let start = Instant::now();
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|client| tokio::spawn(client.run(start + TIME)))
        .collect();
    let mut answers = 0;
    for task in tasks {
        answers += task.await??;
    }
    let clock = start.elapsed();
    let thread = cluster
        .thread_time()
        .zip(before)
        .map(|(after, before)| after - before);
    Ok((answers, clock, thread))
}

struct Client {
    stream: TcpStream,
    /// A whole EXECUTE frame, whose stream is at bytes 2 and 3.
    execute: Vec<u8>,
    window: usize,
}

impl Client {
    async fn connect(address: SocketAddr, text: &str, window: usize) -> std::io::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        ask(
            &mut stream,
            0x01,
            &[
                0, 1, 0, 11, b'C', b'Q', b'L', b'_', b'V', b'E', b'R', b'S', b'I', b'O', b'N', 0, 5, b'3',
                b'.', b'0', b'.', b'0',
            ],
        )
        .await?;
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let prepare = [&length.to_be_bytes(), text.as_bytes()].concat();
        let prepared = ask(&mut stream, 0x09, &prepare).await?;
        // The kind of the result, then the id with its length.
        let length = usize::from(u16::from_be_bytes([prepared[4], prepared[5]]));
        let mut body = prepared[4..6 + length].to_vec();
        let value = [0, 0, 0, 4, 0, 0, 0, 1];
        let values = if text == ROW { 1 } else { 2 };
        // LOCAL_QUORUM, and the values.
        body.extend_from_slice(&[0, 6, 0x01, 0, values]);
        for _ in 0..values {
            body.extend_from_slice(&value);
        }
        let execute = frame(0x0A, &body);
        Ok(Self {
            stream,
            execute,
            window,
        })
    }

    /// Sends as many frames as it gets answers until the time is over, and then takes what is under way.
    async fn run(mut self, until: Instant) -> std::io::Result<u64> {
        let mut output = Vec::new();
        let mut input = Vec::with_capacity(256 * 1024);
        let mut answers = 0;
        let mut under_way = self.window;
        for stream in 0..self.window {
            self.put(&mut output, i16::try_from(stream).unwrap_or(i16::MAX));
        }
        while under_way > 0 {
            self.stream.write_all(&output).await?;
            output.clear();
            if self.stream.read_buf(&mut input).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let goes_on = Instant::now() < until;
            let mut at = 0;
            while let Some(header) = input.get(at..at + 9) {
                let length = u32::from_be_bytes([header[5], header[6], header[7], header[8]]) as usize;
                if input.len() < at + 9 + length {
                    break;
                }
                assert_eq!(header[4], 0x08, "not a result");
                let stream = i16::from_be_bytes([header[2], header[3]]);
                at += 9 + length;
                answers += 1;
                if goes_on {
                    self.put(&mut output, stream);
                } else {
                    under_way -= 1;
                }
            }
            input.drain(..at);
        }
        Ok(answers)
    }

    fn put(&self, output: &mut Vec<u8>, stream: i16) {
        let start = output.len();
        output.extend_from_slice(&self.execute);
        output[start + 2..start + 4].copy_from_slice(&stream.to_be_bytes());
    }
}

fn frame(opcode: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![4, 0, 0, 0, opcode];
    frame.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend_from_slice(body);
    frame
}

/// Sends one frame, and returns the body of the answer.
async fn ask(stream: &mut TcpStream, opcode: u8, body: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(&frame(opcode, body)).await?;
    let mut header = [0; 9];
    stream.read_exact(&mut header).await?;
    assert_ne!(header[4], 0x00, "an error");
    let length = u32::from_be_bytes([header[5], header[6], header[7], header[8]]);
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

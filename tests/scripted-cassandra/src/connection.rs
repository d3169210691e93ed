//! One connection: reads, lets all frames of a read be answered at once, and writes.

use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::dispatch::{Flow, Peer, Stage};
use crate::shared::{Link, Order, Shared};

/// Room for each read: many small frames.
const READ: usize = 64 * 1024;

/// Answers that nobody takes, until no more is read.
const UNSENT: usize = 4 * 1024 * 1024;

/// Takes the connection out of the state however it ends.
struct Registration {
    shared: Arc<Shared>,
    node: usize,
    connection: u64,
}

impl Registration {
    fn new(shared: &Arc<Shared>, node: usize) -> (Self, mpsc::UnboundedReceiver<Order>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = shared.lock();
        state.next_connection += 1;
        let connection = state.next_connection;
        let link = Link {
            orders: sender,
            events: Vec::new(),
        };
        state.nodes[node].accepted += 1;
        state.nodes[node].connections.insert(connection, link);
        let registration = Self {
            shared: Arc::clone(shared),
            node,
            connection,
        };
        (registration, receiver)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.shared.lock().nodes[self.node]
            .connections
            .remove(&self.connection);
    }
}

/// Makes the connection known at once, so that no order misses it, and returns what serves it.
pub(crate) fn open(
    shared: &Arc<Shared>,
    node: usize,
    mut stream: TcpStream,
) -> impl Future<Output = ()> + use<> {
    let (registration, orders) = Registration::new(shared, node);
    let _ = stream.set_nodelay(true);
    let mut connection = Connection {
        peer: Peer {
            node,
            connection: registration.connection,
            keyspace: None,
            stage: Stage::New,
            delayed: BinaryHeap::new(),
            next_delayed: 0,
            stopped: false,
        },
        shared: Arc::clone(shared),
        orders,
        input: Vec::new(),
        output: Vec::new(),
        sent: 0,
        muted: false,
    };
    async move {
        // However it ends, the client knows.
        let _: io::Result<()> = connection.serve(&mut stream).await;
        let left = connection.peer.delayed.len() as u64;
        connection.shared.lock().open.now -= left;
        drop(registration);
    }
}

struct Connection {
    peer: Peer,
    shared: Arc<Shared>,
    orders: mpsc::UnboundedReceiver<Order>,
    input: Vec<u8>,
    output: Vec<u8>,
    sent: usize,
    /// Whether nothing more is sent once the output is.
    muted: bool,
}

impl Connection {
    async fn serve(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        loop {
            let (flow, frozen) = self.process();
            match flow {
                Flow::Reset => return reset(stream),
                Flow::Close => return self.close(stream).await,
                Flow::Mute => self.muted = true,
                Flow::Continue | Flow::StopReading => {}
            }
            if !frozen {
                self.write_now(stream)?;
            }
            let unsent = self.output.len() - self.sent;
            let reads = !frozen && !self.peer.stopped && unsent < UNSENT;
            if reads && self.input.capacity() - self.input.len() < READ / 2 {
                self.input.reserve(READ);
            }
            let next = self
                .peer
                .delayed
                .peek()
                .map(|delayed| delayed.at)
                .filter(|_| !frozen);
            let (mut reader, mut writer) = stream.split();
            tokio::select! {
                biased;
                order = self.orders.recv() => match order {
                    Some(Order::Send(bytes)) => self.send(&bytes),
                    Some(Order::Close) => return self.close(stream).await,
                    Some(Order::Reset) | None => return reset(stream),
                    Some(Order::Resume) => self.peer.stopped = false,
                    Some(Order::Look) => {}
                },
                () = wait_until(next) => match self.send_delayed() {
                    Flow::Close => return self.close(stream).await,
                    Flow::Reset => return reset(stream),
                    Flow::Mute => self.muted = true,
                    Flow::StopReading => self.peer.stopped = true,
                    Flow::Continue => {}
                },
                written = writer.write(&self.output[self.sent..]), if unsent > 0 && !frozen => {
                    self.sent += written?;
                }
                read = reader.read_buf(&mut self.input), if reads => {
                    if read? == 0 {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Answers all that is there, and tells whether the node is frozen.
    fn process(&mut self) -> (Flow, bool) {
        let mut state = self.shared.lock();
        if state.nodes[self.peer.node].frozen {
            return (Flow::Continue, true);
        }
        if self.input.is_empty() || self.peer.stopped {
            return (Flow::Continue, false);
        }
        let before = self.output.len();
        let flow = state.process(&mut self.peer, &mut self.input, &mut self.output);
        if self.muted {
            self.output.truncate(before);
        }
        (flow, false)
    }

    fn send(&mut self, bytes: &[u8]) {
        if !self.muted {
            self.output.extend_from_slice(bytes);
        }
    }

    /// Sends what is due, up to what ends the connection.
    fn send_delayed(&mut self) -> Flow {
        let now = Instant::now();
        let mut flow = Flow::Continue;
        while flow == Flow::Continue {
            match self.peer.delayed.peek() {
                Some(delayed) if delayed.at <= now => {}
                _ => break,
            }
            if let Some(delayed) = self.peer.delayed.pop() {
                self.send(&delayed.bytes);
                flow = delayed.flow;
                self.shared.lock().open.now -= 1;
            }
        }
        flow
    }

    /// Writes as much as the socket takes without waiting.
    fn write_now(&mut self, stream: &TcpStream) -> io::Result<()> {
        while self.sent < self.output.len() {
            match stream.try_write(&self.output[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.output.clear();
        self.sent = 0;
        Ok(())
    }

    /// Sends what is left, for a moment, and then the end. What was not read is read before, since a
    /// socket with unread bytes would be reset.
    async fn close(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        const PATIENCE: Duration = Duration::from_millis(100);
        let unsent = &self.output[self.sent..];
        let _ = tokio::time::timeout(PATIENCE, stream.write_all(unsent)).await;
        let mut unread = [0; 4096];
        while matches!(stream.try_read(&mut unread), Ok(1..)) {}
        stream.shutdown().await
    }
}

fn reset(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

async fn wait_until(next: Option<Instant>) {
    match next {
        Some(next) => sleep_until(next).await,
        None => std::future::pending().await,
    }
}

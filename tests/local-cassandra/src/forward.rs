//! Another address for a node: to be reached by way of NAT, to be counted, to be looked at.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::{JoinHandle, JoinSet};

/// How much is kept of what went through: enough for how connections begin.
const KEPT: usize = 1 << 20;

/// Passes connections on to one address, until it is dropped; the connections end with it.
#[derive(Debug)]
pub struct Forward {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    to: Mutex<String>,
    accepted: AtomicUsize,
    sent: Mutex<Vec<u8>>,
    received: Mutex<Vec<u8>>,
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Forward {
    /// Another address of a node: with its port, since drivers take that of the contact point for all nodes, and an address
    /// of the loopback network that nobody has.
    pub async fn beside(node: &str) -> io::Result<Self> {
        let port = node.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let port = port.ok_or_else(|| io::Error::other(format!("{node} has no port")))?;
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        // Below the blocks that are given to nodes.
        for (block, host) in (2..10).flat_map(|block| (1..255).map(move |host| (block, host))) {
            match Self::at((Ipv4Addr::new(127, 0, block, host), port), node).await {
                Ok(forward) => return Ok(forward),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Listens there and passes everything on to `to`.
    pub async fn at(address: impl ToSocketAddrs, to: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Seen {
            to: Mutex::new(to.to_owned()),
            ..Seen::default()
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&seen)));
        Ok(Self { address, seen, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes connections that come from now on to another address.
    pub fn redirect(&self, to: &str) {
        *self.seen.to.lock().unwrap_or_else(PoisonError::into_inner) = to.to_owned();
    }

    /// How many connections came.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.seen.accepted.load(Relaxed)
    }

    /// The first MiB that clients sent, all connections one after the other as it came.
    #[must_use]
    pub fn sent(&self) -> Vec<u8> {
        self.seen
            .sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The first MiB that they received.
    #[must_use]
    pub fn received(&self) -> Vec<u8> {
        self.seen
            .received
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn accept(listener: TcpListener, seen: Arc<Seen>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        seen.accepted.fetch_add(1, Relaxed);
        while connections.try_join_next().is_some() {}
        let to = seen.to.lock().unwrap_or_else(PoisonError::into_inner).clone();
        connections.spawn(pass(client, to, Arc::clone(&seen)));
    }
}

async fn pass(client: TcpStream, to: String, seen: Arc<Seen>) {
    // Either end may hang up at any time; there is nobody to tell.
    let Ok(node) = TcpStream::connect(&to).await else {
        return;
    };
    let _ = (client.set_nodelay(true), node.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_node, to_node) = node.into_split();
    // Each way to its own end: closing with something unread would make the other side lose what it was told last.
    let _ = tokio::join!(
        one_way(from_client, to_node, &seen.sent),
        one_way(from_node, to_client, &seen.received),
    );
}

async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    kept: &Mutex<Vec<u8>>,
) -> io::Result<()> {
    let mut buffer = [0; 8192];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        let full = {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&buffer[..read]);
            kept.len() >= KEPT
        };
        to.write_all(&buffer[..read]).await?;
        if full {
            copy(&mut from, &mut to).await?;
            return to.shutdown().await;
        }
    }
}

//! The thread on which all nodes of a cluster run.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::connection;
use crate::error::Error;
use crate::shared::{Control, Shared};

/// What a node listens with, and where it takes its orders.
#[derive(Debug)]
pub(crate) struct Station {
    pub(crate) listener: StdListener,
    pub(crate) control: mpsc::UnboundedReceiver<Control>,
}

/// The running thread. It ends, and all sockets with it, when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Where the kernel tells how long the thread has run.
    pub(crate) statistics: PathBuf,
}

impl Server {
    pub(crate) async fn start(shared: Arc<Shared>, stations: Vec<Station>) -> Result<Self, Error> {
        let (ready, started) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = ready.send(Err(error));
                    return;
                }
            };
            runtime.block_on(async {
                let started = stations.into_iter().enumerate().try_for_each(|(node, station)| {
                    let nodes = Node::new(&shared, node, station)?;
                    tokio::spawn(nodes.serve());
                    Ok(())
                });
                let failed = started.is_err();
                let _ = ready.send(started.map(|()| statistics()));
                if !failed {
                    // The sender is dropped, or says so.
                    let _ = stopped.await;
                }
            });
        };
        let thread = std::thread::Builder::new()
            .name("scripted-cassandra".to_owned())
            .spawn(run);
        let thread = thread.map_err(|error| Error::io("cannot start a thread", error))?;
        let started = started.await;
        let started = started.unwrap_or_else(|_| Err(io::Error::other("the thread of the server ended")));
        Ok(Self {
            statistics: started.map_err(|error| Error::io("cannot start the server", error))?,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // An error would be its panic, which it has printed.
            let _ = thread.join();
        }
    }
}

fn statistics() -> PathBuf {
    let this = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    PathBuf::from("/proc").join(this).join("schedstat")
}

struct Node {
    shared: Arc<Shared>,
    index: usize,
    address: SocketAddr,
    listener: Option<TcpListener>,
    control: mpsc::UnboundedReceiver<Control>,
}

impl Node {
    fn new(shared: &Arc<Shared>, index: usize, station: Station) -> io::Result<Self> {
        station.listener.set_nonblocking(true)?;
        Ok(Self {
            shared: Arc::clone(shared),
            index,
            address: station.listener.local_addr()?,
            listener: Some(TcpListener::from_std(station.listener)?),
            control: station.control,
        })
    }

    async fn serve(mut self) {
        loop {
            let frozen = self.shared.lock().nodes[self.index].frozen;
            let listener = self.listener.as_ref().filter(|_| !frozen);
            tokio::select! {
                biased;
                order = self.control.recv() => match order {
                    Some(Control::Look) => {}
                    Some(Control::Stop(done)) => {
                        self.listener = None;
                        let _ = done.send(Ok(()));
                    }
                    Some(Control::Listen(done)) => {
                        let _ = done.send(self.listen());
                    }
                    None => return,
                },
                stream = accept(listener) => {
                    if let Ok(stream) = stream {
                        tokio::spawn(connection::open(&self.shared, self.index, stream));
                    }
                }
            }
        }
    }

    fn listen(&mut self) -> io::Result<()> {
        if self.listener.is_none() {
            let listener = StdListener::bind(self.address)?;
            listener.set_nonblocking(true)?;
            self.listener = Some(TcpListener::from_std(listener)?);
        }
        Ok(())
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => match listener.accept().await {
            Ok((stream, _)) => Ok(stream),
            Err(error) => {
                // Out of descriptors, most often: whoever asks again at once is told so again.
                tokio::time::sleep(Duration::from_millis(10)).await;
                Err(error)
            }
        },
        None => std::future::pending().await,
    }
}

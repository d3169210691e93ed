use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use tower_cassandra_layers::panic::contain;

use super::{Collector, QueryRecord};
use crate::monitor::HostHealth;

/// How many records may wait for a collector that has a thread of its own: 4,096, half a second of 8,000 requests a second. About 2 MB when it is full.
pub const QUEUE: usize = 4_096;

/// What a collector is told.
#[derive(Clone)]
pub(super) enum Message {
    Query(Arc<QueryRecord>),
    Host(Arc<HostHealth>),
    Left(Arc<HostHealth>),
}

impl Message {
    /// False when the collector panicked.
    pub(super) fn tell(&self, collector: &dyn Collector) -> bool {
        let told = contain(|| match self {
            Self::Query(record) => collector.record_query(record),
            Self::Host(host) => collector.record_host(host),
            Self::Left(host) => collector.host_left(host),
        });
        told.is_ok()
    }
}

/// A collector with a thread of its own, which ends when this is dropped and everything was told.
pub(super) struct Worker {
    sender: SyncSender<Message>,
    pub(super) dropped: AtomicU64,
}

impl Worker {
    pub(super) fn start(collector: Arc<dyn Collector>, failures: Arc<AtomicU64>) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        thread::Builder::new()
            .name("cassandra-collector".to_owned())
            .spawn(move || work(&receiver, &*collector, &failures))?;
        Ok(Self {
            sender,
            dropped: AtomicU64::new(0),
        })
    }

    pub(super) fn tell(&self, message: Message) {
        if self.sender.try_send(message).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }
}

fn work(receiver: &Receiver<Message>, collector: &dyn Collector, failures: &AtomicU64) {
    while let Ok(message) = receiver.recv() {
        if !message.tell(collector) {
            failures.fetch_add(1, Relaxed);
        }
    }
}

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use tower_cassandra_layers::panic::contain;

use super::worker::{Message, Worker};
use super::{Collector, Delivery, QueryRecord, Statistics};
use crate::error::Error;
use crate::monitor::HostHealth;

/// The collectors of a session, and their switch. Clones are the same. From [`Session::collectors`](crate::Session::collectors), or made for an
/// [`ObserveLayer`](super::ObserveLayer) of your own.
///
/// On at first. While it is off nothing is told to any collector. A request is told if it is on when the request begins and when it ends; one that began while it was off only where a
/// [`SlowLog`](super::SlowLog) looks at all of them.
#[derive(Clone, Default)]
pub struct Collectors {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    off: AtomicBool,
    failures: Arc<AtomicU64>,
    each: Vec<One>,
}

struct One {
    collector: Arc<dyn Collector>,
    /// None for one that is told at once.
    worker: Option<Worker>,
}

impl fmt::Debug for Collectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collectors")
            .field("count", &self.shared.each.len())
            .field("enabled", &self.is_enabled())
            .field("failures", &self.failures())
            .field("dropped", &self.dropped())
            .finish()
    }
}

impl Collectors {
    /// Collectors that are told of what an [`ObserveLayer`](super::ObserveLayer) sees. Starts a thread for each that is [queued](Delivery::Queued); the threads end with the last clone
    /// of this.
    ///
    /// # Errors
    /// `Config` when the system gives no thread.
    pub fn new(collectors: impl IntoIterator<Item = Arc<dyn Collector>>) -> Result<Self, Error> {
        let failures = Arc::<AtomicU64>::default();
        let start = |collector: Arc<dyn Collector>| {
            let worker = match collector.delivery() {
                Delivery::Inline => None,
                Delivery::Queued => Some(
                    Worker::start(Arc::clone(&collector), Arc::clone(&failures)).map_err(|error| {
                        Error::config(
                            "collector",
                            error.kind(),
                            "a thread for it, which the system refused",
                        )
                    })?,
                ),
            };
            Ok(One { collector, worker })
        };
        let each = collectors.into_iter().map(start).collect::<Result<_, Error>>()?;
        Ok(Self {
            shared: Arc::new(Shared {
                off: AtomicBool::new(false),
                failures,
                each,
            }),
        })
    }

    /// Switches all of them on or off.
    pub fn set_enabled(&self, enabled: bool) {
        self.shared.off.store(!enabled, Relaxed);
    }

    /// Are they on?
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        !self.shared.off.load(Relaxed)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.each.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.each.is_empty()
    }

    /// How often one of them panicked.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.shared.failures.load(Relaxed)
    }

    /// How many records were dropped because a collector did not keep up.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        let workers = self.shared.each.iter().filter_map(|one| one.worker.as_ref());
        workers.map(|worker| worker.dropped.load(Relaxed)).sum()
    }

    /// What they have collected, of each that says so. One that panics says nothing.
    #[must_use]
    pub fn snapshots(&self) -> Vec<Statistics> {
        let mut all = Vec::new();
        for one in &self.shared.each {
            let asked = contain(|| all.extend(one.collector.snapshot()));
            self.count(asked.is_ok());
        }
        all
    }

    /// Is anybody to be told of requests?
    pub(super) fn listen(&self) -> bool {
        self.is_enabled() && !self.is_empty()
    }

    pub(super) fn query(&self, record: QueryRecord) {
        self.tell(&Message::Query(Arc::new(record)));
    }

    pub(crate) fn hosts(&self, hosts: impl IntoIterator<Item = HostHealth>) {
        self.tell_each(hosts, Message::Host);
    }

    pub(crate) fn left(&self, hosts: impl IntoIterator<Item = HostHealth>) {
        self.tell_each(hosts, Message::Left);
    }

    fn tell_each(
        &self,
        hosts: impl IntoIterator<Item = HostHealth>,
        message: fn(Arc<HostHealth>) -> Message,
    ) {
        for host in hosts {
            self.tell(&message(Arc::new(host)));
        }
    }

    fn tell(&self, message: &Message) {
        if !self.is_enabled() {
            return;
        }
        for one in &self.shared.each {
            match &one.worker {
                Some(worker) => worker.tell(message.clone()),
                None => self.count(message.tell(&*one.collector)),
            }
        }
    }

    fn count(&self, fine: bool) {
        self.shared.failures.fetch_add(u64::from(!fine), Relaxed);
    }
}

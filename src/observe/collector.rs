use super::{QueryRecord, Statistics};
use crate::monitor::HostHealth;

/// Is told of every request that ends, and of the state of the nodes. Given to [`ClusterBuilder::collector`](crate::ClusterBuilder::collector).
///
/// What panics is caught and counted ([`Collectors::failures`](super::Collectors::failures)), and told again next time.
pub trait Collector: Send + Sync + 'static {
    /// A request has ended.
    fn record_query(&self, record: &QueryRecord);

    /// How a node is: told when something about it has changed, and every 5 s. Default: nothing.
    fn record_host(&self, host: &HostHealth) {
        let _ = host;
    }

    /// A node is none any more: it has left the cluster, or the session has ended. How it was when that was last told; what is told of it later means that it is back.
    /// Default: nothing.
    fn host_left(&self, host: &HostHealth) {
        let _ = host;
    }

    /// What it has collected. Default: nothing.
    fn snapshot(&self) -> Option<Statistics> {
        None
    }

    /// Where it is called. Default: [`Delivery::Queued`].
    fn delivery(&self) -> Delivery {
        Delivery::Queued
    }
}

/// Where a [`Collector`] is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// In a thread of its own, which may block, soon after the request has ended. Where it does not keep up with a queue of [`QUEUE`](super::QUEUE) records, further ones are
    /// dropped and counted.
    #[default]
    Queued,
    /// Where the request ends, before its caller has the result. No record is ever lost; each takes from the time of its request, so it must take microseconds and never
    /// block.
    Inline,
}

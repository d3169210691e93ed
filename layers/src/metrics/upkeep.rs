use std::time::Duration;

use super::Metrics;

/// How often the session that has a [`Metrics`] calls [`Metrics::run_upkeep`]: 5 s.
pub const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// How long the series of a node that has left are kept: 10 min. Long enough for everybody who reads them to have seen its gauges at 0, and the last of its counters.
pub const FORGET_AFTER: Duration = Duration::from_secs(10 * 60);

/// What a recorder wants done from time to time. Given to [`MetricsBuilder::upkeep`](super::MetricsBuilder::upkeep). A panic in it is caught and counted like one in the recorder.
pub trait Upkeep: Send + Sync + 'static {
    /// Called every [`UPKEEP_INTERVAL`]. Must not block. Default: nothing.
    fn run(&self) {}

    /// A node left [`FORGET_AFTER`] ago, and there are no handles of its series any more: those with this label `host`, and this label `client` or
    /// none, can go. Should the node come back, its handles are registered anew. Default: nothing.
    fn forget_node(&self, client: Option<&str>, host: &str) {
        let _ = (client, host);
    }
}

impl Metrics {
    /// Lets the recorder do what it [wants done](Upkeep) from time to time, and forgets nodes that have been gone for [`FORGET_AFTER`]. Sessions of a cluster call it every
    /// [`UPKEEP_INTERVAL`]; over a stack of your own call it yourself.
    pub fn run_upkeep(&self) {
        let registry = self.registry();
        let Some(upkeep) = &registry.upkeep else {
            return;
        };
        for host in self.forget_nodes() {
            let client = registry.client.as_deref();
            registry.switch.always(|| upkeep.forget_node(client, &host));
        }
        registry.switch.always(|| upkeep.run());
    }
}

//! The fixed tasks of a session: following the cluster's nodes and connections, and probing them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use scylla::client::session::Session as Driver;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tower_cassandra_layers::InvalidConfig;
use tower_cassandra_layers::health::{HealthCheck, Prober, Table};

use super::directory::ClusterDirectory;
use super::gauges::{CacheSlot, CacheView, Gauges, Shown};
use crate::monitor::{Monitor, Probes};

/// How often the driver's metadata and connections are looked at. Comparing costs next to nothing when nothing has changed.
const FOLLOW: Duration = Duration::from_secs(1);

/// Three tasks at most, and those of a monitor that was started; all end when this is dropped.
#[derive(Debug)]
pub(crate) struct Housekeeping {
    follower: JoinHandle<()>,
    _prober: Option<Prober>,
    monitor: Monitor,
    probes: Probes,
    directory: ClusterDirectory,
    cache: CacheSlot,
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.follower.abort();
        self.monitor.end();
        self.probes.stop();
        // A monitor that somebody holds would hold the nodes by it, and with them their connections.
        self.directory.clear();
    }
}

impl Housekeeping {
    pub(super) fn start(
        driver: &Arc<Driver>,
        table: Table,
        directory: ClusterDirectory,
        check: Option<HealthCheck>,
        gauges: Gauges,
    ) -> Result<Self, InvalidConfig> {
        // Weak: neither task keeps the connections of a session that nobody holds.
        let weak = Arc::downgrade(driver);
        let probes = Probes::new(weak.clone());
        let monitor = Monitor::new(
            probes.clone(),
            table.clone(),
            directory.clone(),
            check.unwrap_or_default(),
        );
        let asking = probes.clone();
        let prober = check.map(|check| {
            Prober::spawn(table.clone(), check, move |endpoint| {
                let probes = asking.clone();
                async move { probes.ask(endpoint).await }
            })
        });
        let prober = prober.transpose()?;
        let cache = CacheSlot::default();
        let shown = Shown::new(gauges, table.clone(), cache.clone());
        let follower = tokio::spawn(follow(
            weak,
            probes.clone(),
            directory.clone(),
            table,
            shown,
            monitor.clone(),
        ));
        Ok(Self {
            follower,
            _prober: prober,
            monitor,
            probes,
            directory,
            cache,
        })
    }

    /// Shows the figures of this cache in the metrics from now on.
    pub(crate) fn show_cache(&self, view: CacheView) {
        self.cache.set(view);
    }

    pub(crate) const fn monitor(&self) -> &Monitor {
        &self.monitor
    }
}

async fn follow(
    driver: Weak<Driver>,
    probes: Probes,
    directory: ClusterDirectory,
    table: Table,
    mut shown: Shown,
    monitor: Monitor,
) {
    let mut ticks = interval(FOLLOW);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(driver) = driver.upgrade() else {
            return;
        };
        directory.follow(driver.get_cluster_state());
        probes.watch_connections(&table).await;
        drop(driver);
        shown.refresh(FOLLOW);
        shown.tell_collectors(FOLLOW, &monitor);
    }
}

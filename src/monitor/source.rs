//! Where a monitor has its figures from.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tower_cassandra_layers::balance::Endpoint;
use tower_cassandra_layers::health::{HealthCheck, ProbeRecord, Prober, Status, Table};
use uuid::Uuid;

use super::figures::{ClusterHealth, HostHealth};
use super::probe::Probes;
use crate::cluster::ClusterDirectory;

/// For the bound of a whole round: the nodes' own limits, which begin a little later, should be heard first.
const GRACE: Duration = Duration::from_millis(100);

pub(super) struct Source {
    probes: Probes,
    pub(super) table: Table,
    directory: ClusterDirectory,
    /// For the time that a probe may take.
    pub(super) check: HealthCheck,
}

impl Source {
    pub(super) const fn new(
        probes: Probes,
        table: Table,
        directory: ClusterDirectory,
        check: HealthCheck,
    ) -> Self {
        Self {
            probes,
            table,
            directory,
            check,
        }
    }

    pub(super) fn pause(&self, interval: Duration) -> Duration {
        Prober::pause(&self.table, interval)
    }

    pub(super) fn find(&self, host: Uuid) -> Option<Arc<Endpoint>> {
        let endpoints = self.table.endpoints();
        endpoints
            .iter()
            .find(|endpoint| endpoint.id().0 == host.as_u128())
            .cloned()
    }

    pub(super) async fn ask(&self, endpoint: &Arc<Endpoint>) -> ProbeRecord {
        Prober::ask(endpoint, self.check.limit(), &self.probe()).await
    }

    pub(super) async fn ask_all(&self, endpoints: &[Arc<Endpoint>]) -> Vec<(Arc<Endpoint>, ProbeRecord)> {
        Prober::ask_all(endpoints, self.check.limit(), &self.probe()).await
    }

    fn probe(&self) -> impl Fn(Arc<Endpoint>) -> Probe + use<> {
        let probes = self.probes.clone();
        move |endpoint| {
            let probes = probes.clone();
            Box::pin(async move { probes.ask(endpoint).await })
        }
    }

    /// The table, after those that nobody has asked lately were asked.
    pub(super) async fn refreshed(&self, check: HealthCheck) -> ClusterHealth {
        let probe = self.probe();
        let round = Prober::refresh(&self.table, check, &probe);
        // Whoever is silent is shown as it was before.
        let _ = timeout(check.limit() + GRACE, round).await;
        self.cluster(None)
    }

    /// The table, after all were asked.
    pub(super) async fn asked(&self) -> ClusterHealth {
        let began = Instant::now();
        let probe = self.probe();
        let round = Prober::round(&self.table, self.check, &probe);
        let _ = timeout(self.check.limit() + GRACE, round).await;
        self.cluster(Some(began))
    }

    /// What the table says. Of a node that was not asked since `since` nothing is known.
    pub(super) fn cluster(&self, since: Option<Instant>) -> ClusterHealth {
        let hosts = self.table.snapshot().into_iter().map(|endpoint| {
            let at = endpoint.probe.as_ref().map(|probe| probe.at);
            let is_late = since.is_some_and(|since| at.is_none_or(|at| at < since));
            let node = self.directory.node(Uuid::from_u128(endpoint.id.0));
            let mut host = HostHealth::new(endpoint, node.as_deref());
            if is_late && host.status != Status::Down {
                host.fail("not asked in time, because too many nodes are silent".to_owned());
            }
            host
        });
        let hosts = hosts.collect();
        let driver = self.probes.driver();
        let name = driver.map(|driver| driver.get_cluster_state().cluster_name().to_owned());
        let metrics = self.table.metrics().filter(|metrics| metrics.is_enabled());
        ClusterHealth::new(hosts, name, metrics.map(|metrics| metrics.totals()))
    }
}

type Probe = std::pin::Pin<Box<dyn Future<Output = Result<Arc<str>, Arc<str>>> + Send>>;

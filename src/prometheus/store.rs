//! Where the exporter keeps its series: those of each node apart, so that they can go with it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tower_cassandra_layers::metrics::{TARGET, Upkeep};

use super::OPERATION_BUCKETS;
use super::merge::Page;

/// The one metric that is not named as Prometheus wants it, with the unit at its end, but as OpenTelemetry does; its own exporters add the unit as well.
const OPERATIONS: &str = "db.client.operation.duration";
const OPERATIONS_SHOWN: &str = "db_client_operation_duration_seconds";

/// A recorder of recorders: the exporter cannot drop single series, but a whole recorder can be dropped.
pub(super) struct Store {
    buckets: Box<[f64]>,
    common: Part,
    nodes: Mutex<BTreeMap<Owner, Arc<Part>>>,
    help: Mutex<BTreeMap<String, String>>,
}

/// Whose series they are: client label and host.
type Owner = (Option<String>, String);

struct Part {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Part {
    fn new(buckets: &[f64]) -> Self {
        let operations = Matcher::Full(OPERATIONS_SHOWN.to_owned());
        // Without bounds is the only thing this refuses.
        let recorder = PrometheusBuilder::new()
            .set_buckets(buckets)
            .and_then(|builder| builder.set_buckets_for_metric(operations, &OPERATION_BUCKETS))
            .unwrap_or_default()
            .build_recorder();
        Self {
            handle: recorder.handle(),
            recorder,
        }
    }
}

impl Store {
    pub(super) fn new(buckets: &[f64]) -> Self {
        Self {
            buckets: buckets.into(),
            common: Part::new(buckets),
            nodes: Mutex::default(),
            help: Mutex::default(),
        }
    }

    fn nodes(&self) -> MutexGuard<'_, BTreeMap<Owner, Arc<Part>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The parts as they are now, without holding the lock while they are read.
    fn parts(&self) -> Vec<Arc<Part>> {
        self.nodes().values().cloned().collect()
    }

    pub(super) fn render(&self) -> String {
        let mut page = Page::default();
        page.add(&self.common.handle.render());
        for part in self.parts() {
            page.add(&part.handle.render());
        }
        let help = self.help.lock().unwrap_or_else(PoisonError::into_inner);
        page.finish(&help)
    }

    fn describe(&self, name: &KeyName, help: &SharedString) {
        let name = match name.as_str() {
            OPERATIONS => OPERATIONS_SHOWN.to_owned(),
            name => name.replace(
                |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'),
                "_",
            ),
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let mut all = self.help.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(name).or_insert(help);
    }

    /// Where a series is kept. What is not ours is never dropped.
    fn with<T>(
        &self,
        key: &Key,
        metadata: &Metadata<'_>,
        register: impl FnOnce(&PrometheusRecorder) -> T,
    ) -> T {
        let label = |name| {
            let found = key.labels().find(|label| label.key() == name);
            found.map(|label| label.value().to_owned())
        };
        match label("host").filter(|_| metadata.target() == TARGET) {
            Some(host) => {
                let owner = (label("client"), host);
                let part = Arc::clone(
                    self.nodes()
                        .entry(owner)
                        .or_insert_with(|| Arc::new(Part::new(&self.buckets))),
                );
                register(&part.recorder)
            }
            None => register(&self.common.recorder),
        }
    }
}

impl Upkeep for Store {
    fn run(&self) {
        self.common.handle.run_upkeep();
        for part in self.parts() {
            part.handle.run_upkeep();
        }
    }

    fn forget_node(&self, client: Option<&str>, host: &str) {
        self.nodes().remove(&(client.map(str::to_owned), host.to_owned()));
    }
}

impl Recorder for Store {
    fn describe_counter(&self, key: KeyName, _unit: Option<Unit>, description: SharedString) {
        self.describe(&key, &description);
    }

    fn describe_gauge(&self, key: KeyName, _unit: Option<Unit>, description: SharedString) {
        self.describe(&key, &description);
    }

    fn describe_histogram(&self, key: KeyName, _unit: Option<Unit>, description: SharedString) {
        self.describe(&key, &description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.with(key, metadata, |recorder| recorder.register_counter(key, metadata))
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.with(key, metadata, |recorder| recorder.register_gauge(key, metadata))
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let key = match key.name() {
            OPERATIONS => Cow::Owned(Key::from_parts(
                OPERATIONS_SHOWN,
                key.labels().cloned().collect::<Vec<_>>(),
            )),
            _ => Cow::Borrowed(key),
        };
        self.with(&key, metadata, |recorder| {
            recorder.register_histogram(&key, metadata)
        })
    }
}

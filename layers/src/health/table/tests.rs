use std::collections::HashMap;

use ::metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use std::sync::atomic::AtomicU64;
use tokio::time::{Instant, advance};

use super::*;
use crate::health::ProbeRecord;

/// Keeps gauges of one label.
#[derive(Default)]
struct Gauges(Mutex<HashMap<String, Arc<AtomicU64>>>);

impl Gauges {
    fn read(&self, series: &str) -> f64 {
        f64::from_bits(self.0.lock().unwrap()[series].load(Relaxed))
    }
}

impl Recorder for Gauges {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let labels: Vec<_> = key.labels().map(|label| format!(" {}", label.value())).collect();
        let mut gauges = self.0.lock().unwrap();
        let gauge = gauges.entry(format!("{}{}", key.name(), labels.concat()));
        Gauge::from_arc(Arc::clone(gauge.or_default()))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

fn table() -> (Arc<Gauges>, Table) {
    let gauges = Arc::new(Gauges::default());
    let metrics = Metrics::on(Arc::clone(&gauges) as Arc<dyn Recorder + Send + Sync>);
    let table = Table::new(HealthSettings::default()).unwrap();
    (gauges, table.with_metrics(metrics))
}

const HEALTHY: &str = "cassandra_connection_healthy a";

#[tokio::test(start_paused = true)]
async fn what_comes_late_does_not_make_a_node_well_that_has_left() {
    let (gauges, table) = table();
    let node = table.endpoint(NodeId(1), "a", ());
    table.replace([Arc::clone(&node)]);
    assert_eq!(gauges.read(HEALTHY), 1.0);
    table.replace([]);
    assert_eq!(gauges.read(HEALTHY), 0.0);
    node.probed(ProbeRecord::answered(Instant::now(), "5.0".into()));
    node.set_connected(false, "gone");
    node.set_connected(true, "back");
    assert_eq!(gauges.read(HEALTHY), 0.0);
    // It is back, and was without a connection before it was one of the table's.
    let again = table.endpoint(NodeId(1), "a", ());
    again.set_connected(false, "no connection yet");
    table.replace([Arc::clone(&again)]);
    assert_eq!(gauges.read(HEALTHY), 0.0);
    // What is said of the one before says nothing of this one.
    node.probed(ProbeRecord::answered(Instant::now(), "5.0".into()));
    assert_eq!(gauges.read(HEALTHY), 0.0);
    again.set_connected(true, "");
    assert_eq!(gauges.read(HEALTHY), 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_succeeds_after_a_probe_failed_is_shown_without_a_prober() {
    let (gauges, table) = table();
    let node = table.endpoint(NodeId(1), "a", ());
    table.replace([Arc::clone(&node)]);
    let mut changes = table.changes();
    node.probed(ProbeRecord::failed(Instant::now(), "no answer"));
    table.refresh_metrics();
    assert_eq!(
        (
            gauges.read(HEALTHY),
            gauges.read("cassandra_node_state a unknown")
        ),
        (0.0, 1.0)
    );
    advance(Duration::from_millis(1)).await;
    node.succeed();
    table.refresh_metrics();
    assert_eq!(
        (
            gauges.read(HEALTHY),
            gauges.read("cassandra_node_state a healthy")
        ),
        (1.0, 1.0)
    );
    for _ in 0..2 {
        changes.next().await.unwrap();
    }
}

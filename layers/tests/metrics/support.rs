//! A recorder that can be read without being emptied, unlike `metrics_util::debugging`, whose snapshot sets gauges to 0.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ::metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use tower_cassandra_layers::classify::{ClassifyFn, classify_fn};
use tower_cassandra_layers::metrics::Metrics;
use tower_cassandra_layers::{Advice, Applied, Failure, Fault, Outcome};

#[derive(Default)]
pub(crate) struct Samples(Mutex<Vec<f64>>);

impl HistogramFn for Samples {
    fn record(&self, value: f64) {
        self.0.lock().unwrap().push(value);
    }
}

/// Series are named as in Prometheus: `name{label="value"}`.
#[derive(Default)]
pub(crate) struct Ledger {
    counters: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    gauges: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    histograms: Mutex<BTreeMap<String, Arc<Samples>>>,
    pub(crate) descriptions: Mutex<BTreeMap<String, (Option<Unit>, String)>>,
    pub(crate) registered: AtomicUsize,
}

fn series(key: &Key) -> String {
    let labels: Vec<_> = key
        .labels()
        .map(|label| format!("{}=\"{}\"", label.key(), label.value()))
        .collect();
    match labels.is_empty() {
        true => key.name().to_owned(),
        false => format!("{}{{{}}}", key.name(), labels.join(",")),
    }
}

impl Ledger {
    pub(crate) fn metrics() -> (Arc<Self>, Metrics) {
        let ledger = Arc::new(Self::default());
        let metrics = Metrics::on(ledger.clone());
        (ledger, metrics)
    }

    /// A counter; 0 if there is none.
    pub(crate) fn count(&self, series: &str) -> u64 {
        let counters = self.counters.lock().unwrap();
        counters.get(series).map_or(0, |c| c.load(Ordering::SeqCst))
    }

    pub(crate) fn gauge(&self, series: &str) -> Option<f64> {
        let gauges = self.gauges.lock().unwrap();
        gauges
            .get(series)
            .map(|g| f64::from_bits(g.load(Ordering::SeqCst)))
    }

    pub(crate) fn in_flight(&self) -> f64 {
        self.gauge("cassandra_requests_in_flight").unwrap()
    }

    pub(crate) fn samples(&self, series: &str) -> Vec<f64> {
        let histograms = self.histograms.lock().unwrap();
        histograms
            .get(series)
            .map_or_else(Vec::new, |s| s.0.lock().unwrap().clone())
    }

    /// All counters of a name that are not 0, without the name, in order.
    pub(crate) fn counted(&self, name: &str) -> Vec<(String, u64)> {
        let counters = self.counters.lock().unwrap();
        counters
            .iter()
            .filter_map(|(series, value)| {
                Some((
                    series.strip_prefix(name)?.to_owned(),
                    value.load(Ordering::SeqCst),
                ))
            })
            .filter(|(_, value)| *value > 0)
            .collect()
    }

    /// Every series and every sample, as one number that moves when anything is recorded.
    pub(crate) fn everything(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (name, value) in self
            .counters
            .lock()
            .unwrap()
            .iter()
            .chain(self.gauges.lock().unwrap().iter())
        {
            all.push(format!("{name} {}", value.load(Ordering::SeqCst)));
        }
        for (name, samples) in self.histograms.lock().unwrap().iter() {
            all.push(format!("{name} {:?}", samples.0.lock().unwrap()));
        }
        all
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.everything()
            .iter()
            .map(|line| line.split(['{', ' ']).next().unwrap().to_owned())
            .collect()
    }

    fn describe(&self, name: &KeyName, unit: Option<Unit>, text: &SharedString) {
        let mut descriptions = self.descriptions.lock().unwrap();
        descriptions.insert(name.as_str().to_owned(), (unit, text.to_string()));
    }
}

impl Recorder for Ledger {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe(&key, unit, &text);
    }
    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe(&key, unit, &text);
    }
    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.describe(&key, unit, &text);
    }
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.registered.fetch_add(1, Ordering::SeqCst);
        let mut counters = self.counters.lock().unwrap();
        Counter::from_arc(counters.entry(series(key)).or_default().clone())
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.registered.fetch_add(1, Ordering::SeqCst);
        let mut gauges = self.gauges.lock().unwrap();
        Gauge::from_arc(gauges.entry(series(key)).or_default().clone())
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.registered.fetch_add(1, Ordering::SeqCst);
        let mut histograms = self.histograms.lock().unwrap();
        Histogram::from_arc(histograms.entry(series(key)).or_default().clone())
    }
}

/// The error is its own label.
pub(crate) type Label = &'static str;
pub(crate) type Judge = ClassifyFn<fn(Result<&(), &Label>) -> Outcome>;

pub(crate) fn by_label() -> Judge {
    classify_fn(|result: Result<&(), &Label>| match result {
        Ok(()) => Outcome::Success,
        Err(label) => Outcome::Failure(Failure {
            applied: Applied::No,
            advice: Advice::Never,
            fault: Fault::Request,
            label,
        }),
    })
}

use std::fmt;
use std::sync::Arc;

use ::metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};

use super::catalogue::MetricName;
use super::names::ALL;
use super::switch::Switch;
use super::upkeep::Upkeep;

/// Labels of one series, beside the client label.
pub(super) type Labels<'a> = &'a [(&'static str, &'a str)];

/// The target of the metadata with which all handles are registered, by which a recorder knows them.
pub const TARGET: &str = "tower_cassandra_layers";

const METADATA: Metadata<'static> = Metadata::new(TARGET, Level::INFO, Some(module_path!()));

/// Where the handles come from.
#[derive(Clone)]
pub(super) enum Source {
    Nowhere,
    Global,
    Given(Arc<dyn Recorder + Send + Sync>),
}

/// Makes handles: the recorder, and what all series have in common. Asked only when a label set is seen for the first
/// time. A recorder that panics gives handles that do nothing.
pub(super) struct Registry {
    pub(super) source: Source,
    pub(super) prefix: String,
    pub(super) client: Option<String>,
    pub(super) switch: Arc<Switch>,
    pub(super) upkeep: Option<Arc<dyn Upkeep>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("prefix", &self.prefix)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl Registry {
    pub(super) const fn is_nowhere(&self) -> bool {
        matches!(self.source, Source::Nowhere)
    }

    pub(super) fn describe(&self) {
        self.with(|recorder| {
            for name in ALL {
                name.describe(name.with(&self.prefix), recorder);
            }
        });
    }

    pub(super) fn counter(&self, name: &MetricName, labels: Labels<'_>) -> Counter {
        self.with(|recorder| recorder.register_counter(&self.key(name, labels), &METADATA))
            .unwrap_or(Counter::noop())
    }

    pub(super) fn gauge(&self, name: &MetricName, labels: Labels<'_>) -> Gauge {
        self.with(|recorder| recorder.register_gauge(&self.key(name, labels), &METADATA))
            .unwrap_or(Gauge::noop())
    }

    pub(super) fn histogram(&self, name: &MetricName, labels: Labels<'_>) -> Histogram {
        self.with(|recorder| recorder.register_histogram(&self.key(name, labels), &METADATA))
            .unwrap_or(Histogram::noop())
    }

    fn with<T>(&self, work: impl FnOnce(&dyn Recorder) -> T) -> Option<T> {
        match &self.source {
            Source::Nowhere => None,
            Source::Global => self.switch.always(|| ::metrics::with_recorder(work)),
            Source::Given(recorder) => self.switch.always(|| work(recorder)),
        }
    }

    /// A histogram whose name has no prefix.
    pub(super) fn histogram_alone(&self, name: &MetricName, labels: Labels<'_>) -> Histogram {
        let key = Key::from_parts(name.alone(), self.labels(labels));
        self.with(|recorder| {
            name.describe(name.alone(), recorder);
            recorder.register_histogram(&key, &METADATA)
        })
        .unwrap_or(Histogram::noop())
    }

    fn key(&self, name: &MetricName, labels: Labels<'_>) -> Key {
        Key::from_parts(name.with(&self.prefix), self.labels(labels))
    }

    fn labels(&self, labels: Labels<'_>) -> Vec<Label> {
        let own = labels
            .iter()
            .map(|(label, value)| Label::new(*label, printable(value)));
        let client = self
            .client
            .iter()
            .map(|client| Label::new("client", printable(client)));
        own.chain(client).collect()
    }
}

/// The longest value of a label, in bytes. What is longer is cut off.
const MAX_VALUE: usize = 128;

/// The value of a label as it is shown: not longer than [`MAX_VALUE`], without control characters, which some readers of metrics choke on.
fn printable(value: &str) -> String {
    let mut end = value.len().min(MAX_VALUE);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value[..end].replace(char::is_control, "_")
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn labels_are_printable_and_short() {
        assert_eq!(printable("nightly job"), "nightly job");
        assert_eq!(printable("a\nb\u{0}c\u{85}"), "a_b_c_");
        assert_eq!(printable(&"x".repeat(1_000)).len(), 128);
        assert_eq!(printable(&"ä".repeat(100)), "ä".repeat(64));
        assert_eq!(printable(&format!("x{}", "ä".repeat(100))).len(), 127);
    }
}

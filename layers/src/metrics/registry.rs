use std::fmt;
use std::sync::Arc;

use ::metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};

use super::names::{ALL, Name};
use super::switch::Switch;

/// Labels of one series, beside the client label.
pub(super) type Labels<'a> = &'a [(&'static str, &'a str)];

const METADATA: Metadata<'static> =
    Metadata::new("tower_cassandra_layers", Level::INFO, Some(module_path!()));

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
                name.describe(&self.prefix, recorder);
            }
        });
    }

    pub(super) fn counter(&self, name: &Name, labels: Labels<'_>) -> Counter {
        self.with(|recorder| recorder.register_counter(&self.key(name, labels), &METADATA))
            .unwrap_or(Counter::noop())
    }

    pub(super) fn gauge(&self, name: &Name, labels: Labels<'_>) -> Gauge {
        self.with(|recorder| recorder.register_gauge(&self.key(name, labels), &METADATA))
            .unwrap_or(Gauge::noop())
    }

    pub(super) fn histogram(&self, name: &Name, labels: Labels<'_>) -> Histogram {
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

    fn key(&self, name: &Name, labels: Labels<'_>) -> Key {
        let own = labels
            .iter()
            .map(|(label, value)| Label::new(*label, (*value).to_owned()));
        let client = self
            .client
            .iter()
            .map(|client| Label::new("client", client.clone()));
        Key::from_parts(name.with(&self.prefix), own.chain(client).collect::<Vec<_>>())
    }
}

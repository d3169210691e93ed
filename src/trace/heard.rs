//! What a subscriber is told, for tests.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// A line for each span that is made, each record of fields, and each event.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<String>>>);

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Heard {
    /// Hears this thread until the guard is dropped.
    pub(crate) fn listen() -> (Self, DefaultGuard) {
        // As long as there is only one subscriber, a line that another thread comes to first is switched off for all: that thread has none. With two of
        // them both are asked.
        static SECOND: OnceLock<Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| Dispatch::new(Self::default()));
        let heard = Self::default();
        let guard = tracing::subscriber::set_default(heard.clone());
        (heard, guard)
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn add(&self, kind: &str, record: impl FnOnce(&mut Words)) {
        let mut words = Words(kind.to_owned());
        record(&mut words);
        self.0.lock().unwrap().push(words.0);
    }
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("tower_cassandra")
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.add(span.metadata().name(), |words| span.record(words));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        self.add("record", |words| values.record(words));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let level = event.metadata().level().as_str();
        self.add(level, |words| event.record(words));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

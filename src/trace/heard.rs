//! A subscriber that keeps what it is told, for a test on one thread. Also that of the tests in `tests`.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Metadata, Subscriber};

type Wanted = fn(&Metadata<'_>) -> bool;

/// A line for each event that is wanted, with its level and its fields; where they are asked for, for each span and each record of its fields, too.
#[derive(Clone)]
pub(crate) struct Heard {
    wanted: Wanted,
    with_spans: bool,
    lines: Arc<Mutex<Vec<String>>>,
}

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Heard {
    fn new(wanted: Wanted, with_spans: bool) -> Self {
        Self {
            wanted,
            with_spans,
            lines: Arc::default(),
        }
    }

    /// Hears the events of this thread until the guard is dropped.
    pub(crate) fn listen(wanted: Wanted) -> (Self, DefaultGuard) {
        Self::new(wanted, false).begin()
    }

    /// Hears all that is ours, spans as well.
    pub(crate) fn with_spans() -> (Self, DefaultGuard) {
        Self::new(|metadata| metadata.target().starts_with("tower_cassandra"), true).begin()
    }

    fn begin(self) -> (Self, DefaultGuard) {
        // As long as there is only one subscriber, a line that another thread comes to first is switched off for all: that thread has none. With two of
        // them both are asked.
        static SECOND: OnceLock<Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| Dispatch::new(Self::new(|_| false, false)));
        let guard = tracing::subscriber::set_default(self.clone());
        (self, guard)
    }

    /// What was heard until now.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// The same, from now on without it.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }

    fn add(&self, kind: &str, record: impl FnOnce(&mut Words)) {
        let mut words = Words(kind.to_owned());
        record(&mut words);
        self.lines.lock().unwrap().push(words.0);
    }
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        (self.wanted)(metadata)
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        if self.with_spans {
            self.add(span.metadata().name(), |words| span.record(words));
        }
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        if self.with_spans {
            self.add("record", |words| values.record(words));
        }
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let level = event.metadata().level().as_str();
        self.add(level, |words| event.record(words));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

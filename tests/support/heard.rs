//! A subscriber that keeps what is logged, for a test on one thread.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// Keeps the events that are wanted, each as its fields in one line.
#[derive(Clone)]
pub(crate) struct Heard {
    wanted: fn(&Metadata<'_>) -> bool,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Heard {
    /// Listens on this thread until the guard is dropped.
    pub(crate) fn listen(wanted: fn(&Metadata<'_>) -> bool) -> (Self, DefaultGuard) {
        // As long as there is only one subscriber, a line that another thread comes to first is switched off for all: that thread has none. With two of
        // them both are asked.
        static SECOND: OnceLock<Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| {
            Dispatch::new(Self {
                wanted: |_| false,
                lines: Arc::default(),
            })
        });
        let heard = Self {
            wanted,
            lines: Arc::default(),
        };
        let guard = tracing::subscriber::set_default(heard.clone());
        (heard, guard)
    }

    /// What was heard until now.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0 += &format!("{}={value:?} ", field.name());
    }
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        (self.wanted)(metadata)
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        self.lines.lock().unwrap().push(words.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

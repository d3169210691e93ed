//! Keeps the trace of the slowest request, to be printed as a tree.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// A span with those inside of it.
struct Node {
    began: Instant,
    name: &'static str,
    fields: String,
    took: Duration,
    /// From the beginning of the span around it.
    after: Duration,
    children: Vec<Node>,
}

impl Visit for Node {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // What stands in the name already, and what only an exporter needs.
        if !field.name().starts_with("otel.") && field.name() != "db.query.summary" {
            let _ = write!(self.fields, " {}={value:?}", field.name());
        } else if field.name() == "otel.name" {
            let _ = write!(self.fields, " `{value:?}`");
        }
    }
}

/// A layer for `tracing_subscriber` that remembers one request.
#[derive(Clone, Default)]
pub(crate) struct Slowest(Arc<Mutex<Option<Node>>>);

impl Slowest {
    /// The slowest request so far, as a tree.
    pub(crate) fn show(&self) -> String {
        let slowest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slowest.as_ref().map_or_else(String::new, |root| {
            let mut text = String::new();
            root.write(&mut text, "", "");
            text
        })
    }
}

impl Node {
    fn write(&self, text: &mut String, first: &str, others: &str) {
        let (after, took) = (self.after.as_secs_f64() * 1e3, self.took.as_secs_f64() * 1e3);
        let _ = writeln!(
            text,
            "{first}{} +{after:.1} ms, {took:.1} ms:{}",
            self.name, self.fields
        );
        for (n, child) in self.children.iter().enumerate() {
            let (branch, below) = match n + 1 == self.children.len() {
                true => ("└─ ", "   "),
                false => ("├─ ", "│  "),
            };
            child.write(text, &format!("{others}{branch}"), &format!("{others}{below}"));
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Slowest {
    // The driver's own spans show keys at the level TRACE: nothing of it below our own target.
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.is_span() && metadata.target() == "tower_cassandra::trace"
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut node = Node {
            began: Instant::now(),
            name: span.name(),
            fields: String::new(),
            took: Duration::ZERO,
            after: Duration::ZERO,
            children: Vec::new(),
        };
        attributes.record(&mut node);
        span.extensions_mut().insert(node);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(node) = span.extensions_mut().get_mut::<Node>()
        {
            values.record(node);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(mut node) = span.extensions_mut().remove::<Node>() else {
            return;
        };
        node.took = node.began.elapsed();
        if let Some(parent) = span.parent() {
            if let Some(around) = parent.extensions_mut().get_mut::<Node>() {
                node.after = node.began.saturating_duration_since(around.began);
                around.children.push(node);
            }
            return;
        }
        // The tables of the example come and go with it; what waits for the schema is no part of the load.
        if node.fields.contains("db.operation.name=\"SCHEMA\"") {
            return;
        }
        let mut slowest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slowest.as_ref().is_none_or(|known| known.took < node.took) {
            *slowest = Some(node);
        }
    }
}

use std::fmt;
use std::sync::Arc;

use ::metrics::Recorder;

use super::Metrics;
use super::registry::{Registry, Source};
use super::switch::Switch;
use super::upkeep::Upkeep;
use crate::InvalidConfig;

/// The classes that are counted apart unless [`MetricsBuilder::classes`] names others.
pub const DEFAULT_CLASSES: [&str; 6] = ["simple", "prepared", "batch", "page", "prepare", "request"];

/// The most classes that can be counted apart.
pub const MAX_CLASSES: usize = 32;

/// How many labels of requests are told apart unless [`MetricsBuilder::statement_labels`] says otherwise: 32. Each has two histograms.
pub const DEFAULT_STATEMENT_LABELS: usize = 32;

/// The most labels of requests that can be told apart.
pub const MAX_STATEMENT_LABELS: usize = 1_024;

const DEFAULT_PREFIX: &str = "cassandra";
const MAX_CLIENT_BYTES: usize = 64;

/// Builds [`Metrics`]. Made by [`Metrics::builder`].
#[must_use]
pub struct MetricsBuilder {
    source: Source,
    prefix: String,
    client: Option<String>,
    choice: Choice,
    upkeep: Option<Arc<dyn Upkeep>>,
}

/// What is counted apart.
pub(super) struct Choice {
    pub(super) classes: Vec<&'static str>,
    pub(super) statement_labels: usize,
    pub(super) operation_durations: bool,
}

impl fmt::Debug for MetricsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsBuilder")
            .field("prefix", &self.prefix)
            .field("client", &self.client)
            .field("classes", &self.choice.classes)
            .field("statement_labels", &self.choice.statement_labels)
            .field("operation_durations", &self.choice.operation_durations)
            .finish_non_exhaustive()
    }
}

impl MetricsBuilder {
    pub(super) fn new() -> Self {
        Self {
            source: Source::Global,
            prefix: DEFAULT_PREFIX.to_owned(),
            client: None,
            choice: Choice {
                classes: DEFAULT_CLASSES.to_vec(),
                statement_labels: DEFAULT_STATEMENT_LABELS,
                operation_durations: false,
            },
            upkeep: None,
        }
    }

    /// Records here. Default: the recorder that is the global one when this is built.
    pub fn recorder(mut self, recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        self.source = Source::Given(recorder);
        self
    }

    pub(super) fn nowhere(mut self) -> Self {
        self.source = Source::Nowhere;
        self
    }

    /// What every name begins with, before a `_`. Default: `cassandra`. Letters, digits and `_`, no digit first.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Puts a label `client` on every series, so that two sessions of one process stay apart on one recorder. Default:
    /// no such label. 1 to 64 bytes. Give each session a constant of the program and never something a user has chosen:
    /// every other value is a whole set of series more.
    pub fn client(mut self, client: impl Into<String>) -> Self {
        self.client = Some(client.into());
        self
    }

    /// The classes of requests that are counted apart, as [`Request::class`](crate::Request::class) names them; all
    /// others are counted as `other`. Default: [`DEFAULT_CLASSES`]. At most [`MAX_CLASSES`].
    pub fn classes(mut self, classes: impl IntoIterator<Item = &'static str>) -> Self {
        self.choice.classes = classes.into_iter().collect();
        self
    }

    /// How many labels of requests ([`Request::label`](crate::Request::label)) have series of their own in `statement_duration_seconds`; those that come later share
    /// `other`, and are counted in `statement_labels_folded_total`. Requests without a label are in none. Default: [`DEFAULT_STATEMENT_LABELS`]. 0 turns
    /// it off; at most [`MAX_STATEMENT_LABELS`].
    pub fn statement_labels(mut self, labels: usize) -> Self {
        self.choice.statement_labels = labels;
        self
    }

    /// Records `db.client.operation.duration` as well, under that name and with the labels of OpenTelemetry's conventions for databases (v1.44):
    /// `db.system.name`, `db.operation.name` and, of failures, `error.type`. Default: off, as it costs a histogram more per request.
    pub fn operation_durations(mut self, on: bool) -> Self {
        self.choice.operation_durations = on;
        self
    }

    /// What the recorder wants done from time to time. Default: nothing. With it the places of nodes that have left are given to others after
    /// [`FORGET_AFTER`](super::FORGET_AFTER).
    pub fn upkeep(mut self, upkeep: Arc<dyn Upkeep>) -> Self {
        self.upkeep = Some(upkeep);
        self
    }

    /// Resolves all handles.
    ///
    /// # Errors
    ///
    /// The prefix is no beginning of a name, the client label is empty or too long, or there are too many classes or labels.
    pub fn build(self) -> Result<Metrics, InvalidConfig> {
        if !is_name(&self.prefix) {
            return Err(InvalidConfig::new(
                "metrics.prefix",
                &self.prefix,
                "letters, digits and `_`, beginning with no digit",
            ));
        }
        if let Some(client) = self
            .client
            .as_ref()
            .filter(|client| client.is_empty() || client.len() > MAX_CLIENT_BYTES)
        {
            return Err(InvalidConfig::new("metrics.client", client, "1 to 64 bytes"));
        }
        if self.choice.classes.len() > MAX_CLASSES {
            return Err(InvalidConfig::new(
                "metrics.classes",
                self.choice.classes.len(),
                "at most 32 classes",
            ));
        }
        if self.choice.statement_labels > MAX_STATEMENT_LABELS {
            return Err(InvalidConfig::new(
                "metrics.statement_labels",
                self.choice.statement_labels,
                "at most 1,024 labels",
            ));
        }
        Ok(self.resolve())
    }

    /// As [`build`](Self::build), for settings that are known to be right.
    pub(super) fn resolve(self) -> Metrics {
        let on = !matches!(self.source, Source::Nowhere);
        let registry = Registry {
            source: self.source,
            prefix: self.prefix,
            client: self.client,
            switch: Arc::new(Switch::new(on)),
            upkeep: self.upkeep,
        };
        Metrics::resolve(registry, &self.choice)
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

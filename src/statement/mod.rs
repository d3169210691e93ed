//! A query is a value: [`Statement`], [`Prepared`] and [`Batch`].

mod batch;
mod form;
mod handle;
mod options;
mod prepared;
mod query;
mod request;
mod setters;
mod streaming;
mod subject;
mod text;
mod values;
mod what;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scylla::response::PagingState;
use scylla::serialize::row::SerializeRow;
use scylla::statement::Consistency;
use tower_cassandra_layers::request::{Context, OwnLimit};

pub(crate) use batch::BatchParts;
pub use batch::{Batch, BatchKind};
pub(crate) use form::Form;
pub(crate) use options::{Cap, Micros, Options, Timestamp};
pub use prepared::Prepared;
pub(crate) use prepared::is_list;
pub use query::{Definition, Query};
pub(crate) use subject::Subject;
pub(crate) use text::{TextFacts, Verb};
pub(crate) use values::Bound;
pub(crate) use what::{Text, What};

use crate::nature::Nature;

/// A query as a value: what to run, with which values and options.
///
/// Made from text (`"SELECT …"`, [`Statement::new`], [`Statement::with_values`]), by [`Prepared::bind`], or from a [`Batch`]. It is immutable and cheap to
/// clone: every setter gives a new value, and using it never changes what others see. Values are serialised once; every attempt sends the same bytes.
///
/// | option | default |
/// |---|---|
/// | consistency, serial consistency | those of the session |
/// | idempotent | SELECT yes, everything else no, or what its text says ([`ClusterBuilder::infer_idempotence`](crate::ClusterBuilder::infer_idempotence)) |
/// | timestamp | stamped by the session, once per call |
/// | page size | 5,000 rows |
/// | call limit, attempt limit | those of the session; DDL and TRUNCATE 60 s for both |
/// | deadline, `max_rows`, `max_bytes`, host | none |
/// | tracing | off |
/// | priority, label, profile | normal, none, none |
#[derive(Clone)]
pub struct Statement {
    pub(crate) what: What,
    pub(crate) options: Options,
    pub(crate) paging: Option<PagingState>,
    pub(crate) context: Context,
}

impl Statement {
    fn of(what: What) -> Self {
        let mut statement = Self {
            what,
            options: Options::default(),
            paging: None,
            context: Context::default(),
        };
        // The server itself may take long for these; a cut-off would leave the schema half agreed.
        if matches!(statement.nature(), Nature::Schema | Nature::Truncate) {
            statement
                .context
                .set_call_limit(OwnLimit::Of(Duration::from_secs(60)));
            statement
                .context
                .set_attempt_limit(OwnLimit::Of(Duration::from_secs(60)));
        }
        statement
    }

    /// A statement without values, sent as text.
    #[must_use]
    pub fn new(text: impl AsRef<str>) -> Self {
        Self::of(What::Text(Text::new(text.as_ref())))
    }

    /// A statement with values for its `?` or `:name` markers. The session prepares it through its cache and binds the values there; a
    /// value of a wrong type is an error of kind `Serialization` before anything is sent.
    #[must_use]
    pub fn with_values(text: impl AsRef<str>, values: impl SerializeRow + Send + Sync + 'static) -> Self {
        let text = Text::new(text.as_ref());
        if values.is_empty() {
            return Self::of(What::Text(text));
        }
        Self::of(What::Unbound(text, Arc::new(values)))
    }

    pub(crate) fn bound(bound: Bound, token: Option<i64>) -> Self {
        Self::of(What::Bound { bound, token })
    }

    pub(crate) fn prepare(text: Arc<Text>, limit: Duration) -> Self {
        let mut statement = Self::of(What::Prepare(text));
        statement.context.set_call_limit(OwnLimit::Of(limit));
        statement.context.set_attempt_limit(OwnLimit::Of(limit));
        statement
    }

    /// What kind of request it is.
    #[must_use]
    pub fn nature(&self) -> Nature {
        let nature = match &self.what {
            What::Text(text) | What::Unbound(text, _) => text.facts.nature(),
            What::Bound { bound, .. } => bound.prepared().nature(),
            What::Batch(batch) => batch.nature,
            What::Prepare(_) => Nature::Prepare,
        };
        match (nature, self.options.consistency) {
            (Nature::Read, Some(Consistency::Serial | Consistency::LocalSerial)) => Nature::SerialRead,
            (Nature::Write, _) if self.options.counter => Nature::Counter,
            (Nature::UnloggedBatch, _) if self.options.counter => Nature::CounterBatch,
            _ => nature,
        }
    }

    /// How many values are bound, of all members of a batch. Those that wait for a PREPARE are not known yet.
    pub(crate) fn parameters(&self) -> usize {
        match &self.what {
            What::Bound { bound, .. } => bound.count(),
            What::Batch(batch) => batch.members.iter().map(Self::parameters).sum(),
            What::Text(_) | What::Unbound(..) | What::Prepare(_) => 0,
        }
    }

    /// What it does.
    pub(crate) fn verb(&self) -> Verb {
        match &self.what {
            What::Text(text) | What::Unbound(text, _) => text.facts.verb,
            What::Bound { bound, .. } => bound.prepared().verb(),
            What::Batch(_) => Verb::Batch,
            What::Prepare(_) => Verb::Prepare,
        }
    }

    /// Keyspace, where it is named, and table, where one is known. Of a batch those of its first member, by which it is sent.
    pub(crate) fn table(&self) -> Option<(Option<&str>, &str)> {
        match &self.what {
            What::Text(text) | What::Unbound(text, _) => text
                .facts
                .table
                .as_ref()
                .map(|(keyspace, table)| (keyspace.as_deref(), table.as_str())),
            What::Bound { bound, .. } => bound
                .prepared()
                .table()
                .map(|(keyspace, table)| (Some(keyspace), table)),
            What::Batch(batch) => batch.first().and_then(Self::table),
            What::Prepare(_) => None,
        }
    }

    /// The token its partition key has, where that is known.
    pub(crate) fn token(&self) -> Option<i64> {
        match &self.what {
            What::Bound { token, .. } => *token,
            What::Batch(batch) => batch.first().and_then(Self::token),
            What::Text(_) | What::Unbound(..) | What::Prepare(_) => None,
        }
    }

    /// Does its text say that it is idempotent? A batch has no text; its members have.
    pub(crate) fn reads_idempotent(&self) -> bool {
        match &self.what {
            What::Text(text) | What::Unbound(text, _) => text.is_idempotent(),
            What::Bound { bound, .. } => bound.prepared().reads_idempotent(),
            What::Batch(_) | What::Prepare(_) => false,
        }
    }

    /// Its text; a batch has none.
    #[cfg(feature = "test-util")]
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.what {
            What::Text(text) | What::Unbound(text, _) | What::Prepare(text) => Some(&text.text),
            What::Bound { bound, .. } => Some(bound.prepared().text()),
            What::Batch(_) => None,
        }
    }

    /// Is it a `USE`?
    pub(crate) fn is_use(&self) -> bool {
        match &self.what {
            What::Text(text) | What::Unbound(text, _) | What::Prepare(text) => text.is_use(),
            What::Bound { .. } | What::Batch(_) => false,
        }
    }
}

impl fmt::Debug for Statement {
    // Neither the text nor the values: both may hold what must not be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.what {
            What::Text(_) => "text",
            What::Unbound(..) => "text with values",
            What::Bound { .. } => "bound",
            What::Batch(_) => "batch",
            What::Prepare(_) => "prepare",
        };
        f.debug_struct("Statement")
            .field("what", &what)
            .field("nature", &self.nature())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl From<&str> for Statement {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Statement {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&String> for Statement {
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}

impl From<&Self> for Statement {
    fn from(statement: &Self) -> Self {
        statement.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setter_gives_a_new_value_and_leaves_the_old_one() {
        let one = Statement::new("SELECT a FROM t");
        let two = one.clone().consistency(Consistency::Serial).idempotent(false);
        assert_eq!((one.nature(), two.nature()), (Nature::Read, Nature::SerialRead));
        assert_eq!(
            (one.options.idempotent, two.options.idempotent),
            (None, Some(false))
        );
    }

    #[test]
    fn neither_text_nor_values_are_shown() {
        let secret = Statement::with_values("INSERT INTO t (a) VALUES (?) -- hidden", ("s3cret",));
        let shown = format!("{secret:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("hidden"), "{shown}");
    }

    #[test]
    fn ddl_and_truncate_have_a_minute() {
        for text in ["CREATE TABLE t (a int PRIMARY KEY)", "TRUNCATE t"] {
            assert_eq!(
                Statement::new(text).context.call_limit(),
                OwnLimit::Of(Duration::from_secs(60))
            );
        }
        assert_eq!(
            Statement::new("SELECT a FROM t").context.call_limit(),
            OwnLimit::Default
        );
    }
}

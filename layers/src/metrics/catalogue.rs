//! The list of all metrics, for people and for tests of dashboards.

use ::metrics::{KeyName, Recorder, Unit};

use super::names;

/// One metric of [`catalogue`]: what it is called and what it tells.
#[derive(Debug)]
pub struct MetricName {
    kind: Kind,
    base: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Counter,
    Gauge,
    /// A histogram.
    Seconds,
}

/// All metrics there are, in the order in which the [module](crate::metrics) lists them. `db.client.operation.duration` is not among them: it is an option and
/// has no prefix.
pub fn catalogue() -> impl Iterator<Item = &'static MetricName> {
    names::ALL.iter().copied()
}

impl MetricName {
    pub(super) const fn new(
        kind: Kind,
        base: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self {
            kind,
            base,
            labels,
            help,
        }
    }

    /// Its name behind the prefix and a `_`.
    #[must_use]
    pub const fn base(&self) -> &'static str {
        self.base
    }

    /// `counter`, `gauge` or `histogram`, as Prometheus calls them. Histograms are in seconds.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Seconds => "histogram",
        }
    }

    /// Its labels, beside that of the client.
    #[must_use]
    pub const fn labels(&self) -> &'static [&'static str] {
        self.labels
    }

    /// What it tells.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        self.help
    }

    /// The name as it is recorded.
    pub(super) fn with(&self, prefix: &str) -> KeyName {
        KeyName::from(format!("{prefix}_{}", self.base))
    }

    /// The name without a prefix.
    pub(super) fn alone(&self) -> KeyName {
        KeyName::from_const_str(self.base)
    }

    /// Tells the recorder unit and help.
    pub(super) fn describe(&self, name: KeyName, recorder: &dyn Recorder) {
        let help = self.help.into();
        match self.kind {
            Kind::Counter => recorder.describe_counter(name, Some(Unit::Count), help),
            Kind::Gauge => recorder.describe_gauge(name, Some(Unit::Count), help),
            Kind::Seconds => recorder.describe_histogram(name, Some(Unit::Seconds), help),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &MetricName) -> String {
        let labels: Vec<_> = name.labels.iter().map(|label| format!("`{label}`")).collect();
        format!(
            "| `cassandra_{}` | {} | {} | {} |\n",
            name.base,
            labels.join(", "),
            name.kind(),
            name.help
        )
    }

    /// With `UPDATE=1` it writes the page anew.
    #[test]
    fn the_page_lists_every_metric_as_it_is() {
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/src/metrics/names.md");
        let head = "| name | labels | kind | what |\n|---|---|---|---|\n".to_owned();
        let table = catalogue().map(row).fold(head, |table, row| table + &row);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(place, &table).unwrap();
        }
        assert_eq!(table, include_str!("names.md"), "run this test with UPDATE=1");
    }

    #[test]
    fn names_end_with_their_unit_and_are_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for name in catalogue() {
            assert!(seen.insert(name.base), "{} is there twice", name.base);
            let end = match name.kind {
                Kind::Counter => "_total",
                Kind::Gauge => "",
                Kind::Seconds => "_seconds",
            };
            assert!(name.base.ends_with(end), "{}", name.base);
            assert!(!name.labels.contains(&"client"));
        }
    }
}

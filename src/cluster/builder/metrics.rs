//! Where the metrics of the sessions go.

use tower_cassandra_layers::metrics::Metrics;

use crate::error::Error;

/// What can be written down of metrics on the global recorder.
#[cfg(feature = "config")]
#[derive(Clone, Debug)]
pub(crate) struct GlobalMetrics {
    pub(crate) prefix: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) statement_labels: Option<usize>,
    pub(crate) operation_durations: Option<bool>,
}

/// Where metrics go.
#[derive(Clone, Debug)]
pub(in crate::cluster) enum MetricsChoice {
    /// The global recorder, resolved at `connect`: one that is installed after `new` still counts.
    Global,
    Given(Metrics),
    /// The global recorder, with options.
    #[cfg(feature = "config")]
    With(GlobalMetrics),
    Off,
}

impl MetricsChoice {
    pub(in crate::cluster) fn resolve(&self) -> Result<Option<Metrics>, Error> {
        Ok(match self {
            Self::Global => Some(Metrics::default()),
            Self::Given(metrics) => Some(metrics.clone()),
            #[cfg(feature = "config")]
            Self::With(GlobalMetrics {
                prefix,
                client,
                statement_labels,
                operation_durations,
            }) => {
                let mut builder = Metrics::builder();
                if let Some(prefix) = prefix {
                    builder = builder.prefix(prefix);
                }
                if let Some(client) = client {
                    builder = builder.client(client);
                }
                if let Some(labels) = statement_labels {
                    builder = builder.statement_labels(*labels);
                }
                if let Some(on) = operation_durations {
                    builder = builder.operation_durations(*on);
                }
                Some(builder.build()?)
            }
            Self::Off => None,
        })
    }
}

//! What a session is told when it is built.

use std::time::Duration;

use scylla::statement::Consistency;
use tower_cassandra_layers::metrics::{Metrics, StreamMetrics};

use super::Limits;
use crate::cluster::{Profiles, defaults};
use crate::observe::{Collectors, ObserveLayer};
use crate::trace::SessionFields;

/// By default those of a session over a service of the user's.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) strict_prepared: bool,
    pub(crate) server_timestamps: bool,
    pub(crate) infer_idempotence: bool,
    /// Can unmarked writes be sent again by more than the table allows?
    pub(crate) may_resend: bool,
    pub(crate) prepared_cache: usize,
    pub(crate) prepare_timeout: Duration,
    pub(crate) timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) metadata_timeout: Duration,
    pub(crate) schema_agreement_timeout: Duration,
    pub(crate) profiles: Profiles,
    pub(crate) limits: Limits,
    /// What spans tell beside the statement.
    pub(crate) trace: SessionFields,
    pub(crate) collectors: Collectors,
    /// Who is told of requests, for what its log remembers.
    pub(crate) observe: ObserveLayer,
    pub(crate) metrics: Option<Metrics>,
    /// Where streams count what they read.
    pub(crate) streams: Option<StreamMetrics>,
    /// Does the stack have a retry layer of ours, or one of the user's? It notes what became of each attempt.
    pub(crate) notes_attempts: bool,
    /// The default consistency, if it is a serial one.
    pub(crate) serial_default: Option<Consistency>,
    /// The names of the stack's layers, outermost first.
    pub(crate) layers: Vec<&'static str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strict_prepared: false,
            server_timestamps: false,
            infer_idempotence: false,
            // Nobody knows how the user's own stack judges.
            may_resend: true,
            prepared_cache: defaults::PREPARED_CACHE,
            prepare_timeout: defaults::PREPARE_TIMEOUT,
            // A service of the user's has limits of its own, or none.
            timeout: None,
            attempt_timeout: None,
            metadata_timeout: defaults::METADATA_TIMEOUT,
            schema_agreement_timeout: defaults::SCHEMA_AGREEMENT_TIMEOUT,
            profiles: Profiles::default(),
            limits: Limits::default(),
            trace: SessionFields::default(),
            collectors: Collectors::default(),
            observe: ObserveLayer::default(),
            metrics: None,
            streams: None,
            notes_attempts: true,
            serial_default: None,
            layers: vec!["a service of the user's"],
        }
    }
}

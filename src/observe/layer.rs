use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::service::Observed;
use super::slow_log::Log;
use super::{Collectors, SlowLog, SlowRequests};
use crate::error::Error;

/// Tells [`Collectors`] and a [`SlowLog`] of the requests that pass. See the [module](super). Its place is outermost.
///
/// All services of one value and of its clones share the collectors, and the rate of the log.
#[derive(Clone, Default)]
pub struct ObserveLayer {
    observers: Observers,
}

#[derive(Clone, Default)]
pub(super) struct Observers {
    pub(super) collectors: Collectors,
    pub(super) log: Option<Arc<Log>>,
}

impl fmt::Debug for ObserveLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserveLayer")
            .field("collectors", &self.observers.collectors)
            .field("slow_log", &self.observers.log.is_some())
            .finish()
    }
}

impl ObserveLayer {
    /// A layer that tells nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells these collectors.
    #[must_use]
    pub fn collectors(mut self, collectors: Collectors) -> Self {
        self.observers.collectors = collectors;
        self
    }

    /// Logs slow and failed requests.
    ///
    /// # Errors
    /// `Config` when a number makes no sense.
    pub fn slow_log(mut self, log: SlowLog) -> Result<Self, Error> {
        self.observers.log = Some(Arc::new(Log::new(log)?));
        Ok(self)
    }

    /// The last requests that its log has logged. None without a log.
    #[must_use]
    pub fn slow_requests(&self) -> Option<SlowRequests> {
        self.observers.log.as_ref().map(|log| log.requests())
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.observers.collectors.is_empty() && self.observers.log.is_none()
    }

    pub(crate) const fn told(&self) -> &Collectors {
        &self.observers.collectors
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Observed::new(inner, self.observers.clone())
    }
}

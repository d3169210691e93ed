use std::time::Duration;

use tower_layer::Layer;

use super::service::Timeout;
use crate::config::InvalidConfig;
use crate::request::{Limit, Packed};

/// Bounds a call or an attempt in time. See the [module](crate::timeout).
#[derive(Clone, Copy, Debug)]
pub struct TimeoutLayer {
    pub(super) scope: Scope,
    pub(super) limit: Packed,
    pub(super) timer: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Call,
    Attempt,
}

impl Scope {
    pub(super) const fn limit(self) -> Limit {
        match self {
            Self::Call => Limit::Call,
            Self::Attempt => Limit::Attempt,
        }
    }
}

impl TimeoutLayer {
    /// The longest limit: thirty years, about as far as tokio's timer goes.
    pub const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

    /// Bounds one call: everything below this layer.
    ///
    /// # Errors
    /// [`InvalidConfig`] when the limit is zero, since every call would fail, or longer than [`LONGEST`](Self::LONGEST); no limit at all is `None`.
    pub fn call(limit: impl Into<Option<Duration>>) -> Result<Self, InvalidConfig> {
        Self::new(Scope::Call, limit.into(), "timeout")
    }

    /// Bounds one attempt.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn attempt(limit: impl Into<Option<Duration>>) -> Result<Self, InvalidConfig> {
        Self::new(Scope::Attempt, limit.into(), "attempt_timeout")
    }

    fn new(scope: Scope, limit: Option<Duration>, option: &'static str) -> Result<Self, InvalidConfig> {
        if let Some(limit) = limit
            && (limit.is_zero() || limit > Self::LONGEST)
        {
            let expected = "a duration above zero and of at most thirty years, or none at all";
            return Err(InvalidConfig::new(option, limit, expected));
        }
        Ok(Self {
            scope,
            limit: Packed::of(limit.into()),
            timer: true,
        })
    }

    /// Only writes the deadline; for stacks in which every layer that waits watches it.
    #[must_use]
    pub const fn without_timer(mut self) -> Self {
        self.timer = false;
        self
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Timeout { inner, layer: *self }
    }
}

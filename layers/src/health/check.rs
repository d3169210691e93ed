use std::time::Duration;

use crate::config::InvalidConfig;

/// How often the nodes are asked, and how long they may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    interval: Duration,
    timeout: Option<Duration>,
}

impl Default for HealthCheck {
    /// Every 5 s, 2 s for an answer.
    fn default() -> Self {
        Self::every(Self::INTERVAL)
    }
}

impl HealthCheck {
    /// The default interval, 5 s: with nodes gone for longer than that nobody should have to wait for a request to find out.
    pub const INTERVAL: Duration = Duration::from_secs(5);
    /// The default time for an answer, 2 s: a node that takes longer for one row of memory is not well.
    pub const TIMEOUT: Duration = Duration::from_secs(2);
    /// The shortest interval, 100 ms.
    pub const SHORTEST: Duration = Duration::from_millis(100);
    /// The longest interval, one day.
    pub const LONGEST: Duration = Duration::from_secs(86_400);

    /// Asks every node in this interval, ± 10 % jitter. The time for an answer is [`TIMEOUT`](Self::TIMEOUT), or the interval if
    /// that is shorter.
    #[must_use]
    pub const fn every(interval: Duration) -> Self {
        Self {
            interval,
            timeout: None,
        }
    }

    /// How long a probe may take. Default: 2 s, or the interval if that is shorter. One that is given and above the interval is refused.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The same time for an answer in another interval.
    #[must_use]
    pub const fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The interval.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// How long a probe may take.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.timeout.unwrap_or(Self::TIMEOUT).min(self.interval)
    }

    /// # Errors
    /// [`InvalidConfig`] when the interval is below 100 ms or above one day, or the time for an answer is zero or longer than
    /// the interval.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        if self.interval < Self::SHORTEST || self.interval > Self::LONGEST {
            return Err(InvalidConfig::new(
                "health.every",
                self.interval,
                "an interval from 100 ms to one day",
            ));
        }
        match self.timeout {
            Some(timeout) if timeout.is_zero() => Err(InvalidConfig::new(
                "health.timeout",
                timeout,
                "a duration above zero",
            )),
            Some(timeout) if timeout > self.interval => Err(InvalidConfig::new(
                "health.timeout",
                timeout,
                "at most the interval: a probe ends before the next one begins",
            )),
            Some(_) | None => Ok(()),
        }
    }
}
